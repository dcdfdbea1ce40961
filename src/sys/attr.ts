// Changing attributes: mode, owner, times, size. No call follows a final symlink; an empty name means the descriptor itself, O_PATH
// included. The f* forms take a descriptor open for I/O.

import type { ByteString } from '../bytes.ts';
import { EINVAL, ENOSYS, EOPNOTSUPP } from '../errno.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, fdPath } from './at.ts';
import { PTR, declare, failure, result, syscall } from './koffi.ts';
import { O_PATH, close, openat } from './open.ts';
import { path, putI64, struct } from './scratch.ts';
import { STATX_TYPE, newStat, statxFd } from './stat.ts';

/** As nanoseconds: set to the present time. */
export const UTIME_NOW = 0x3fffffff;
/** As nanoseconds: leave alone. */
export const UTIME_OMIT = 0x3ffffffe;
/** As an owner or group: leave alone. */
export const KEEP_ID = 0xffffffff;

const SYS_FCHMODAT2 = 452;
const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;

const cFchmod = declare('fchmod', 'int', ['int', 'uint32_t']);
const cFchmodat = declare('fchmodat', 'int', ['int', PTR, 'uint32_t', 'int']);
const cFchownat = declare('fchownat', 'int', ['int', PTR, 'uint32_t', 'uint32_t', 'int']);
const cUtimensat = declare('utimensat', 'int', ['int', PTR, PTR, 'int']);
const cFutimens = declare('futimens', 'int', ['int', PTR]);
const cFtruncate = declare('ftruncate', 'int', ['int', 'int64_t']);
const cTruncate = declare('truncate', 'int', [PTR, 'int64_t']);

const scratchStat = newStat();

// For kernels without fchmodat2. A symlink has no permission bits that count, which Linux before 6.6 does not say itself.
function chmodDescriptor(fd: number, mode: number): number {
  const err = statxFd(fd, scratchStat, STATX_TYPE);
  if (err < 0) return err;
  if ((scratchStat.mode & S_IFMT) === S_IFLNK) return EOPNOTSUPP;
  return result(cFchmodat(AT_FDCWD, path(fdPath(fd)), mode, 0));
}

let fchmodat2Missing = false;

/** Sets permission bits; EOPNOTSUPP for a symlink. */
export function chmodAt(dirfd: number, name: ByteString, mode: number): number {
  if (!fchmodat2Missing) {
    if (syscall(SYS_FCHMODAT2, dirfd, path(name), mode, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, 0) === 0) return 0;
    const err = failure();
    if (err !== ENOSYS) return err;
    fchmodat2Missing = true;
  }
  if (name === '') return chmodDescriptor(dirfd, mode);
  const fd = openat(dirfd, name, O_PATH);
  if (fd < 0) return fd;
  const done = chmodDescriptor(fd, mode);
  close(fd);
  return done;
}

/** Sets permission bits of an open file. */
export function fchmod(fd: number, mode: number): number {
  return result(cFchmod(fd, mode));
}

/** Sets owner and group (KEEP_ID: as it is), a symlink's own too. The kernel clears suid and sgid of regular files. */
export function chownAt(dirfd: number, name: ByteString, uid: number, gid: number): number {
  return result(cFchownat(dirfd, path(name), uid >>> 0, gid >>> 0, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH));
}

function putTimes(atime: number, atimeNsec: number, mtime: number, mtimeNsec: number): void {
  putI64(0, atime);
  putI64(1, atimeNsec);
  putI64(2, mtime);
  putI64(3, mtimeNsec);
}

/** Sets access and modification times: seconds (may be negative) and nanoseconds, or UTIME_NOW or UTIME_OMIT as nanoseconds. */
export function utimensAt(
  dirfd: number,
  name: ByteString,
  atime: number,
  atimeNsec: number,
  mtime: number,
  mtimeNsec: number,
): number {
  putTimes(atime, atimeNsec, mtime, mtimeNsec);
  if (cUtimensat(dirfd, path(name), struct, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH) === 0) return 0;
  const err = failure();
  // Linux before 5.8 has no AT_EMPTY_PATH here.
  if (err !== EINVAL) return err;
  if (name === '') return result(cUtimensat(AT_FDCWD, path(fdPath(dirfd)), struct, 0));
  return result(cUtimensat(dirfd, path(name), struct, AT_SYMLINK_NOFOLLOW));
}

/** Sets the times of an open file, as `utimensAt`. */
export function futimens(fd: number, atime: number, atimeNsec: number, mtime: number, mtimeNsec: number): number {
  putTimes(atime, atimeNsec, mtime, mtimeNsec);
  return result(cFutimens(fd, struct));
}

/** Sets the size of a file open for writing. */
export function ftruncate(fd: number, size: number): number {
  return result(cFtruncate(fd, size));
}

/** Sets the size of what a descriptor, O_PATH included, refers to. ETXTBSY while it is being executed. */
export function truncateFd(fd: number, size: number): number {
  return result(cTruncate(path(fdPath(fd)), size));
}
