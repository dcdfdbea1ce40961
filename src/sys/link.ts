// Names: making, linking, renaming, removing and reading them. No call here follows a final symlink.

import type { ByteString } from '../bytes.ts';
import { ENOENT } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { AT_EMPTY_PATH, AT_FDCWD, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, fdPath } from './at.ts';
import { PTR, declare, failure, result, syscall } from './koffi.ts';
import { emptyPath, path, secondPath, target, targetBytes, targetSize } from './scratch.ts';

export const RENAME_NOREPLACE = 1;
export const RENAME_EXCHANGE = 2;
export const RENAME_WHITEOUT = 4;

// glibc before 2.33 has mknodat only as an inline; one number on x86-64, another on all later architectures.
const SYS_MKNODAT = process.arch === 'x64' ? 259 : 33;

const cLinkat = declare('linkat', 'int', ['int', PTR, 'int', PTR, 'int']);
const cUnlinkat = declare('unlinkat', 'int', ['int', PTR, 'int']);
const cRenameat2 = declare('renameat2', 'int', ['int', PTR, 'int', PTR, 'uint32_t']);
const cSymlinkat = declare('symlinkat', 'int', [PTR, 'int', PTR]);
const cReadlinkat = declare('readlinkat', 'int64_t', ['int', PTR, PTR, 'size_t']);
const cMkdirat = declare('mkdirat', 'int', ['int', PTR, 'uint32_t']);

/** Hard link; with an empty `oldName` of the descriptor `oldDirfd` itself (O_TMPFILE and O_PATH too; ENOENT when it has no name left). */
export function linkat(oldDirfd: number, oldName: ByteString, newDirfd: number, newName: ByteString): number {
  if (oldName !== '') return result(cLinkat(oldDirfd, path(oldName), newDirfd, secondPath(newName), 0));
  if (cLinkat(oldDirfd, emptyPath, newDirfd, secondPath(newName), AT_EMPTY_PATH) === 0) return 0;
  const err = failure();
  // AT_EMPTY_PATH is ENOENT without CAP_DAC_READ_SEARCH; the way through proc needs no capability.
  if (err !== ENOENT) return err;
  return result(cLinkat(AT_FDCWD, path(fdPath(oldDirfd)), newDirfd, secondPath(newName), AT_SYMLINK_FOLLOW));
}

/** Removes a name that is not a directory's (EISDIR). */
export function unlinkat(dirfd: number, name: ByteString): number {
  return result(cUnlinkat(dirfd, path(name), 0));
}

/** Removes an empty directory (ENOTEMPTY, ENOTDIR). */
export function rmdirat(dirfd: number, name: ByteString): number {
  return result(cUnlinkat(dirfd, path(name), AT_REMOVEDIR));
}

/** Renames, with RENAME_* flags; EINVAL where the filesystem lacks one. */
export function renameat2(
  oldDirfd: number,
  oldName: ByteString,
  newDirfd: number,
  newName: ByteString,
  flags = 0,
): number {
  return result(cRenameat2(oldDirfd, path(oldName), newDirfd, secondPath(newName), flags));
}

/** Makes a symlink `name` that says `content`. */
export function symlinkat(content: ByteString, dirfd: number, name: ByteString): number {
  return result(cSymlinkat(path(content), dirfd, secondPath(name)));
}

/** What a symlink says; with an empty name, the one that an O_PATH descriptor refers to. EINVAL when it is none. */
export function readlinkat(dirfd: number, name: ByteString): ByteString | Errno {
  const n = cReadlinkat(dirfd, path(name), target, targetSize);
  return n < 0 ? failure() : targetBytes(n);
}

/** Makes a directory; the thread's umask applies. */
export function mkdirat(dirfd: number, name: ByteString, mode: number): number {
  return result(cMkdirat(dirfd, path(name), mode));
}

/** Makes a file, fifo, socket or device node (type in `mode`); the thread's umask applies. */
export function mknodat(dirfd: number, name: ByteString, mode: number, major = 0, minor = 0): number {
  const dev = ((minor & 0xff) | ((major & 0xfff) << 8) | ((minor & 0xfff00) << 12)) >>> 0;
  return result(syscall(SYS_MKNODAT, dirfd, path(name), mode, dev, 0));
}
