// Attributes of a copy: owner, mode, xattrs, times, in an order in which each survives the next. What the target's filesystem
// cannot hold is listed, never an error; nothing lost may give anybody more rights than the source did.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EBADF, EDQUOT, EIO, ENODATA, ENOSPC, EOPNOTSUPP, EROFS, errnoName } from '../errno.ts';
import { KEEP_ID, chmodAt, chownAt, fchmod, futimens, utimensAt } from '../sys/attr.ts';
import { fstatfs } from '../sys/mount.ts';
import type { Stat } from '../sys/stat.ts';
import { fgetxattr, flistxattr, fsetxattr, getxattr, listxattr, setxattr } from '../sys/xattr.ts';
import { ACL_ACCESS, ACL_DEFAULT, modeWithoutAcl } from './acl.ts';
import type { Features } from './features.ts';

/** Something that the target's filesystem cannot hold, or this process may not set. */
export interface Degradation {
  /** `owner`, `group`, `mode`, `time`, `acl`, `default-acl`, or `xattr:NAME`. */
  what: string;
  /** An errno's name; or, for a loss that the kernel does not report: `16 bit`, `seconds`, `range`, `fixed`, `follows owner`. */
  reason: string;
}

/** Where attributes are set: a descriptor open for I/O, or a name that may be a symlink's or a device's (`fd` -1). */
export interface Target {
  fd: number;
  dirFd: number;
  name: ByteString;
}

const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;
const S_IFDIR = 0o040000;
const S_ISUID = 0o4000;
const S_ISGID = 0o2000;
const SELF = asBytes('');
const VALUE_MAX = 65536;
/** What the kernel shows where an id does not fit (/proc/sys/kernel/overflowuid). */
const OVERFLOW_ID = 65_534;
/** Under such names xfs shows ACLs a second time, in its own form, which is nothing but bytes elsewhere. */
const XFS_ACL = 'trusted.SGI_ACL_';

const value = Buffer.allocUnsafeSlow(VALUE_MAX);

/**
 * Gives `target` the attributes in `stat` and the xattrs of `sourceFd` (O_PATH will do); adds to `degraded` what it could not hold.
 * Returns 0, or ENOSPC, EDQUOT, EIO, EROFS when the target's device, not its format, is the reason.
 */
export function applyMetadata(
  target: Target,
  stat: Stat,
  sourceFd: number,
  features: Features,
  degraded: Degradation[],
): number {
  const symlink = (stat.mode & S_IFMT) === S_IFLNK;
  // chown clears suid, sgid and security.capability, so it goes first.
  let err = applyOwner(target, stat, features, degraded);
  if (err < 0) return err;
  const mode = modeFor(stat, degraded);
  if (!symlink) {
    err = applyMode(target, mode, features, degraded);
    if (err < 0) return err;
  }
  err = applyXattrs(target, mode, sourceFd, degraded);
  if (err < 0) return err;
  // Everything before may count as a change; setting times is the last.
  return applyTimes(target, stat, features, degraded);
}

// Whether an error says that the device is full or broken, rather than that it has no room for such a thing. ext4 says ENOSPC for an
// xattr too big for its one block.
function isDevices(err: number, target: Target): boolean {
  if (err === EIO || err === EROFS || err === EDQUOT) return true;
  if (err !== ENOSPC) return false;
  const fs = fstatfs(target.fd >= 0 ? target.fd : target.dirFd);
  return typeof fs === 'number' || (fs.blocks > 0 && fs.bavail < 16) || (fs.files > 0 && fs.ffree === 0);
}

function lose(degraded: Degradation[], what: string, reason: string): void {
  degraded.push({ what, reason });
}

function chown(target: Target, uid: number, gid: number): number {
  return target.fd >= 0 ? chownAt(target.fd, SELF, uid, gid) : chownAt(target.dirFd, target.name, uid, gid);
}

function applyOwner(target: Target, stat: Stat, features: Features, degraded: Degradation[]): number {
  const [uid, gid] = [heldId(stat.uid, features), heldId(stat.gid, features)];
  if (uid !== stat.uid) lose(degraded, 'owner', '16 bit');
  if (gid !== stat.gid) lose(degraded, 'group', '16 bit');
  const err = chown(target, uid, gid);
  if (err === 0) return 0;
  if (isDevices(err, target)) return err;
  const uidErr = chown(target, uid, KEEP_ID);
  if (uidErr < 0) lose(degraded, 'owner', errnoName(uidErr));
  const gidErr = chown(target, KEEP_ID, gid);
  if (gidErr < 0) lose(degraded, 'group', errnoName(gidErr));
  return 0;
}

// What does not fit would come back with its upper bits gone, as the object of somebody who may never have seen it: it is given to nobody.
function heldId(id: number, { idMax }: Features): number {
  return id > idMax && idMax >= OVERFLOW_ID ? OVERFLOW_ID : id;
}

// A program that would run with the rights of whoever owns the copy instead of its owner's must not be set-id at all.
function modeFor(stat: Stat, degraded: Degradation[]): number {
  let mode = stat.mode & 0o7777;
  if ((stat.mode & S_IFMT) === S_IFDIR) return mode;
  const lost = (what: string): boolean => degraded.some((d) => d.what === what);
  if (lost('owner')) mode &= ~S_ISUID;
  if (lost('group')) mode &= ~S_ISGID;
  if (mode !== (stat.mode & 0o7777)) lose(degraded, 'mode', 'follows owner');
  return mode;
}

function chmod(target: Target, mode: number): number {
  return target.fd >= 0 ? fchmod(target.fd, mode) : chmodAt(target.dirFd, target.name, mode);
}

function applyMode(target: Target, mode: number, features: Features, degraded: Degradation[]): number {
  const err = chmod(target, mode);
  if (err < 0 && isDevices(err, target)) return err;
  if (err < 0) lose(degraded, 'mode', errnoName(err));
  else if (features.modeMask !== 0o7777) lose(degraded, 'mode', 'fixed');
  return 0;
}

function whatIs(attribute: ByteString): string {
  if (attribute === ACL_ACCESS) return 'acl';
  return attribute === ACL_DEFAULT ? 'default-acl' : `xattr:${attribute}`;
}

function applyXattrs(target: Target, mode: number, sourceFd: number, degraded: Degradation[]): number {
  let names = flistxattr(sourceFd);
  const viaProc = names === EBADF;
  if (viaProc) names = listxattr(sourceFd, SELF);
  if (typeof names === 'number') {
    if (names !== EOPNOTSUPP) lose(degraded, 'xattr:', errnoName(names));
    return 0;
  }
  for (const attribute of names) {
    if (attribute.startsWith(XFS_ACL)) continue;
    const length = viaProc ? getxattr(sourceFd, SELF, attribute, value) : fgetxattr(sourceFd, attribute, value);
    // Removed since it was listed, or one that is listed and has no value to read.
    if (length === ENODATA) continue;
    const held = length < 0 ? length : setOne(target, attribute, value.subarray(0, length));
    if (held >= 0) continue;
    if (length >= 0 && isDevices(held, target)) return held;
    lose(degraded, whatIs(attribute), errnoName(held));
    if (attribute === ACL_ACCESS) chmod(target, modeWithoutAcl(mode, value.subarray(0, Math.max(0, length))));
  }
  return 0;
}

function setOne(target: Target, attribute: ByteString, bytes: Buffer): number {
  return target.fd >= 0
    ? fsetxattr(target.fd, attribute, bytes)
    : setxattr(target.dirFd, target.name, attribute, bytes);
}

function applyTimes(target: Target, stat: Stat, features: Features, degraded: Degradation[]): number {
  const { atime, atimeNsec, mtime, mtimeNsec } = stat;
  const err =
    target.fd >= 0
      ? futimens(target.fd, atime, atimeNsec, mtime, mtimeNsec)
      : utimensAt(target.dirFd, target.name, atime, atimeNsec, mtime, mtimeNsec);
  if (err < 0 && isDevices(err, target)) return err;
  const reason = err < 0 ? errnoName(err) : timeLoss(stat, features);
  if (reason !== undefined) lose(degraded, 'time', reason);
  return 0;
}

function timeLoss(stat: Stat, features: Features): string | undefined {
  const { timeMin, timeMax, timeGranularity } = features;
  if (Math.min(stat.atime, stat.mtime) < timeMin || Math.max(stat.atime, stat.mtime) > timeMax) return 'range';
  const fine = (seconds: number, nsec: number): boolean =>
    nsec % timeGranularity !== 0 || (timeGranularity > 1e9 && seconds % 2 !== 0);
  return fine(stat.atime, stat.atimeNsec) || fine(stat.mtime, stat.mtimeNsec) ? 'seconds' : undefined;
}

/** Whether the filesystem loses this on nearly every object, so that it is worth saying once and not with each. */
export function isOfEveryObject(degradation: Degradation): boolean {
  return degradation.reason === 'seconds' || degradation.reason === 'fixed';
}
