// Tries attributes on a throwaway file: owners, modes, times, xattrs, ACLs. Silent loss is what it looks for: every value is read back.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { chownAt, fchmod, futimens } from '../sys/attr.ts';
import { O_CREAT, O_EXCL, O_RDWR, close, openat } from '../sys/open.ts';
import { getgid, getuid } from '../sys/process.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import { fremovexattr, fsetxattr } from '../sys/xattr.ts';
import type { Features } from './features.ts';
import { ACL_ACCESS, encodeAcl } from './acl.ts';

const SELF = asBytes('');
const ONE = Buffer.from('1');
// vfs_cap_data, revision 2, with no capability in it: the one security xattr that a user namespace may set.
const EMPTY_CAPABILITY = Buffer.concat([Buffer.from([0, 0, 0, 2]), Buffer.alloc(16)]);

const stat = newStat();

/** Fills in owner, mode, time and xattr features; an Errno when no file could be made. */
export function probeAttributes(dirFd: number, features: Features): number {
  const fd = openat(dirFd, asBytes('attributes'), O_RDWR | O_CREAT | O_EXCL, 0o600);
  if (fd < 0) return fd;
  probeXattrs(fd, features);
  probeTimes(fd, features);
  features.modeMask = modeMask(fd, features.modeMask);
  features.idMax = idMax(fd, features.idMax);
  close(fd);
  return 0;
}

function holdsXattr(fd: number, name: string, value: Buffer): boolean {
  const attribute: ByteString = asBytes(name);
  if (fsetxattr(fd, attribute, value) < 0) return false;
  fremovexattr(fd, attribute);
  return true;
}

function probeXattrs(fd: number, features: Features): void {
  features.xattrUser = holdsXattr(fd, 'user.rootsync', ONE);
  features.xattrTrusted = holdsXattr(fd, 'trusted.rootsync', ONE);
  features.xattrSecurity =
    holdsXattr(fd, 'security.rootsync', ONE) || holdsXattr(fd, 'security.capability', EMPTY_CAPABILITY);
  const acl = encodeAcl([
    { tag: 'user', perm: 6 },
    { tag: 'namedUser', perm: 4, id: getuid() },
    { tag: 'group', perm: 4 },
    { tag: 'namedGroup', perm: 4, id: getgid() },
    { tag: 'mask', perm: 4 },
    { tag: 'other', perm: 0 },
  ]);
  features.acl = holdsXattr(fd, ACL_ACCESS, acl);
}

// The second that is read back after `seconds` was set; NaN when it could not be set.
function timeKept(fd: number, seconds: number, nsec: number): number {
  if (futimens(fd, seconds, nsec, seconds, nsec) < 0 || statxFd(fd, stat) < 0) return NaN;
  return stat.mtime;
}

// A filesystem with a declared range moves a time beyond it to its end, so the end can be read; others are asked for the usual ends.
function timeLimit(fd: number, beyond: number, usual: readonly number[]): number {
  const kept = timeKept(fd, beyond, 0);
  if (Math.sign(kept) === Math.sign(beyond) || kept === 0) {
    if (timeKept(fd, kept, 0) === kept) return kept;
  }
  return usual.find((seconds) => timeKept(fd, seconds, 0) === seconds) ?? 0;
}

function probeTimes(fd: number, features: Features): void {
  features.timeMin = timeLimit(fd, -(2 ** 50), [-(2 ** 31), -1, 0, 315532800]);
  features.timeMax = timeLimit(fd, 2 ** 50, [2 ** 34 - 1, 2 ** 32 - 1, 2 ** 31 - 1]);
  const even = timeKept(fd, 1234567890, 123456789);
  if (Number.isNaN(even)) return;
  const { mtimeNsec } = stat;
  const granularity = [1, 100, 1000, 1e6, 1e7, 1e9].findLast((unit) => 123456789 - (123456789 % unit) === mtimeNsec);
  if (granularity !== undefined) features.timeGranularity = granularity;
  if (granularity === 1e9 && timeKept(fd, 1234567891, 0) !== 1234567891) features.timeGranularity = 2e9;
}

function modeMask(fd: number, otherwise: number): number {
  if (fchmod(fd, 0o7777) < 0 || statxFd(fd, stat) < 0) return otherwise;
  const set = stat.mode & 0o7777;
  if (fchmod(fd, 0) < 0 || statxFd(fd, stat) < 0) return otherwise;
  const cleared = ~stat.mode & 0o7777;
  return set & cleared;
}

// An error here is the kernel's refusal for this process (EPERM, EINVAL), which will be seen again when it matters.
function idMax(fd: number, otherwise: number): number {
  const kept = (id: number): boolean | undefined => {
    if (chownAt(fd, SELF, id, id) < 0 || statxFd(fd, stat) < 0) return undefined;
    return stat.uid === id && stat.gid === id;
  };
  const big = kept(0x12345678);
  if (big === undefined) return otherwise;
  if (big) return 0xfffffffe;
  return kept(0x1234) === true ? 0xffff : 0;
}
