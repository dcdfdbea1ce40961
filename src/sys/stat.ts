// statx(2) into a caller's Stat. Never follows a final symlink, never triggers an automount.

import type { ByteString } from '../bytes.ts';
import { AT_EMPTY_PATH, AT_NO_AUTOMOUNT, AT_SYMLINK_NOFOLLOW } from './at.ts';
import { PTR, declare, failure } from './koffi.ts';
import { emptyPath, getI64, getU64, path, struct, structI32, structU16, structU32 } from './scratch.ts';

/** Attributes of an object. Sizes in bytes, `blocks` of 512; times in seconds (may be negative) and nanoseconds. */
export interface Stat {
  /** Inode number, low and high 32 bits, both as signed integers. */
  inoLo: number;
  inoHi: number;
  devMajor: number;
  devMinor: number;
  /** Type and permission bits. */
  mode: number;
  nlink: number;
  uid: number;
  gid: number;
  size: number;
  blocks: number;
  blksize: number;
  rdevMajor: number;
  rdevMinor: number;
  atime: number;
  atimeNsec: number;
  mtime: number;
  mtimeNsec: number;
  ctime: number;
  ctimeNsec: number;
  /** Birth; 0 where the filesystem keeps none. */
  btime: number;
  btimeNsec: number;
  /** The object is the root of a mount (false before Linux 5.8). */
  mountRoot: boolean;
}

const [S_IFMT, S_IFDIR] = [0o170000, 0o040000];

/** Whether these are attributes of a directory. */
export function isDirectory({ mode }: Stat): boolean {
  return (mode & S_IFMT) === S_IFDIR;
}

/** Whether an object had the same content and attributes at both times: writing and changing move these. */
export function isUnchanged(a: Stat, b: Stat): boolean {
  return (
    a.size === b.size &&
    a.mtime === b.mtime &&
    a.mtimeNsec === b.mtimeNsec &&
    a.ctime === b.ctime &&
    a.ctimeNsec === b.ctimeNsec
  );
}

/** A Stat of zeros, to be filled by the calls below. */
export function newStat(): Stat {
  return {
    inoLo: 0,
    inoHi: 0,
    devMajor: 0,
    devMinor: 0,
    mode: 0,
    nlink: 0,
    uid: 0,
    gid: 0,
    size: 0,
    blocks: 0,
    blksize: 0,
    rdevMajor: 0,
    rdevMinor: 0,
    atime: 0,
    atimeNsec: 0,
    mtime: 0,
    mtimeNsec: 0,
    ctime: 0,
    ctimeNsec: 0,
    btime: 0,
    btimeNsec: 0,
    mountRoot: false,
  };
}

export const STATX_TYPE = 0x1;
export const STATX_INO = 0x100;
export const STATX_SIZE = 0x200;
export const STATX_BASIC_STATS = 0x7ff;
export const STATX_BTIME = 0x800;
const STATX_ALL = STATX_BASIC_STATS | STATX_BTIME;
const STATX_ATTR_MOUNT_ROOT = 0x2000;

const statx = declare('statx', 'int', ['int', PTR, 'int', 'uint32_t', PTR]);

const AT_STATX_FORCE_SYNC = 0x2000;
const NOFOLLOW = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH;

// Offsets of struct statx, which is the same on every architecture, in 4-byte words (8-byte slots for getI64 and getU64).
function fill(out: Stat): void {
  const u32 = structU32;
  out.blksize = u32[1]!;
  out.mountRoot = (u32[2]! & u32[14]! & STATX_ATTR_MOUNT_ROOT) !== 0;
  out.nlink = u32[4]!;
  out.uid = u32[5]!;
  out.gid = u32[6]!;
  out.mode = structU16[14]!;
  out.inoLo = structI32[8]!;
  out.inoHi = structI32[9]!;
  out.size = getU64(5);
  out.blocks = getU64(6);
  out.atime = getI64(8);
  out.atimeNsec = u32[18]!;
  out.ctime = getI64(12);
  out.ctimeNsec = u32[26]!;
  out.mtime = getI64(14);
  out.mtimeNsec = u32[30]!;
  if ((u32[0]! & STATX_BTIME) !== 0) {
    out.btime = getI64(10);
    out.btimeNsec = u32[22]!;
  } else {
    out.btime = 0;
    out.btimeNsec = 0;
  }
  out.rdevMajor = u32[32]!;
  out.rdevMinor = u32[33]!;
  out.devMajor = u32[34]!;
  out.devMinor = u32[35]!;
}

/** Attributes of `name` below `dirfd` (of `dirfd` itself when empty), a symlink's own. `mask` (STATX_*) may ask for less. */
export function statxAt(dirfd: number, name: ByteString, out: Stat, mask: number = STATX_ALL): number {
  if (statx(dirfd, path(name), NOFOLLOW, mask, struct) < 0) return failure();
  fill(out);
  return 0;
}

/** Attributes of what a path leads to, symlinks followed. */
export function statxFollow(dirfd: number, name: ByteString, out: Stat, mask: number = STATX_ALL): number {
  if (statx(dirfd, path(name), AT_NO_AUTOMOUNT, mask, struct) < 0) return failure();
  fill(out);
  return 0;
}

/** As `statxFd`, asked of the server where there is one, whatever is known here. */
export function statxNow(fd: number, out: Stat): number {
  if (statx(fd, emptyPath, AT_EMPTY_PATH | AT_STATX_FORCE_SYNC, STATX_ALL, struct) < 0) return failure();
  fill(out);
  return 0;
}

/** Attributes of an open descriptor, O_PATH included. */
export function statxFd(fd: number, out: Stat, mask: number = STATX_ALL): number {
  if (statx(fd, emptyPath, AT_EMPTY_PATH, mask, struct) < 0) return failure();
  fill(out);
  return 0;
}
