// Descriptors: opening, reopening, duplicating, closing. Every descriptor made here is close-on-exec.

import { constants } from 'node:fs';
import type { ByteString } from '../bytes.ts';
import { fdPath } from './at.ts';
import { BUF, PTR, declare, result, syscall } from './koffi.ts';
import { AT_FDCWD } from './at.ts';
import { cString, path, putI64, struct } from './scratch.ts';

// Those that differ between architectures are taken from Node; the others have one value on all of them.
export const {
  O_RDONLY,
  O_WRONLY,
  O_RDWR,
  O_CREAT,
  O_EXCL,
  O_TRUNC,
  O_APPEND,
  O_NONBLOCK,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NOATIME,
} = constants;
const { O_NOCTTY } = constants;
export const O_ACCMODE = 3;
export const O_PATH = 0o10000000;
export const O_TMPFILE = 0o20000000 | O_DIRECTORY;
export const O_CLOEXEC = 0o2000000;

export const RESOLVE_NO_XDEV = 0x01;
export const RESOLVE_NO_MAGICLINKS = 0x02;
export const RESOLVE_NO_SYMLINKS = 0x04;
export const RESOLVE_BENEATH = 0x08;
export const RESOLVE_IN_ROOT = 0x10;

const SYS_OPENAT2 = 437;
const SIZEOF_OPEN_HOW = 24;
const F_DUPFD_CLOEXEC = 1030;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const F_GETFL = 3;
const F_SETFL = 4;
const MFD_CLOEXEC = 1;

const cOpenat = declare('openat', 'int', ['int', PTR, 'int', 'uint32_t']);
const cClose = declare('close', 'int', ['int']);
const cFcntl = declare('fcntl', 'int', ['int', 'int', 'int64_t']);
const cDup3 = declare('dup3', 'int', ['int', 'int', 'int']);
const cMemfd = declare('memfd_create', 'int', [BUF, 'uint32_t']);

const ALWAYS = O_CLOEXEC | O_NOCTTY;

/** Opens `name` below `dirfd`; a final symlink is ELOOP, or itself with O_PATH. */
export function openat(dirfd: number, name: ByteString, flags: number, mode = 0): number {
  return result(cOpenat(dirfd, path(name), flags | ALWAYS | O_NOFOLLOW, mode));
}

/** Opens what a path leads to, a final symlink followed. */
export function openFollow(dirfd: number, name: ByteString, flags: number, mode = 0): number {
  return result(cOpenat(dirfd, path(name), flags | ALWAYS, mode));
}

/** openat2(2): resolution confined by RESOLVE_* bits. ENOSYS before Linux 5.6; EAGAIN when a rename races with RESOLVE_BENEATH. */
export function openat2(dirfd: number, name: ByteString, flags: number, mode: number, resolve: number): number {
  putI64(0, (flags | O_CLOEXEC) >>> 0);
  putI64(1, mode);
  putI64(2, resolve);
  return result(syscall(SYS_OPENAT2, dirfd, path(name), struct, SIZEOF_OPEN_HOW, 0));
}

/** A new open file of what `fd` (O_PATH too) refers to, with other flags. Needs proc; ELOOP for a symlink. */
export function reopen(fd: number, flags: number): number {
  return result(cOpenat(AT_FDCWD, path(fdPath(fd)), flags | ALWAYS, 0));
}

/** Closes a descriptor; it is gone whatever is returned. */
export function close(fd: number): number {
  return result(cClose(fd));
}

/** A second descriptor of the same open file, numbered 3 or more. */
export function dup(fd: number): number {
  return result(cFcntl(fd, F_DUPFD_CLOEXEC, 3));
}

/** Makes `onto` a descriptor of `fd`'s open file, closing what it was; it is inherited by exec when `inherit`. */
export function dupOnto(fd: number, onto: number, inherit = false): number {
  return result(cDup3(fd, onto, inherit ? 0 : O_CLOEXEC));
}

/** Whether a descriptor is closed by exec. Node marks every descriptor that it was started with, 0 to 2 too. */
export function setCloseOnExec(fd: number, on: boolean): number {
  return result(cFcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0));
}

/** The access mode and status flags of an open file. */
export function getStatusFlags(fd: number): number {
  return result(cFcntl(fd, F_GETFL, 0));
}

/** Sets the status flags (O_APPEND, O_NONBLOCK, O_DIRECT, O_NOATIME) of an open file, shared by all its descriptors. */
export function setStatusFlags(fd: number, flags: number): number {
  return result(cFcntl(fd, F_SETFL, flags));
}

/** An anonymous file in memory. */
export function memfd(name: ByteString): number {
  return result(cMemfd(cString(name), MFD_CLOEXEC));
}
