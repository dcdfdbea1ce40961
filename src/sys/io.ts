// Data: reading, writing, allocating, copying and syncing open files. (buffer, offset, length) are bytes of the caller's buffer,
// `position` a byte of the file. Counts may be short, as the kernel's are; a count of 0 from a read is the end.

import { EAGAIN, EOPNOTSUPP } from '../errno.ts';
import { PTR, declare, failure, result } from './koffi.ts';
import { putI64, span, struct } from './scratch.ts';

export const SEEK_SET = 0;
export const SEEK_CUR = 1;
export const SEEK_END = 2;
export const SEEK_DATA = 3;
export const SEEK_HOLE = 4;

export const FALLOC_FL_KEEP_SIZE = 1;
export const FALLOC_FL_PUNCH_HOLE = 2;
export const FALLOC_FL_COLLAPSE_RANGE = 8;
export const FALLOC_FL_ZERO_RANGE = 16;
export const FALLOC_FL_INSERT_RANGE = 32;

export const POSIX_FADV_SEQUENTIAL = 2;
export const POSIX_FADV_WILLNEED = 3;
export const POSIX_FADV_DONTNEED = 4;

export const SYNC_FILE_RANGE_WAIT_BEFORE = 1;
export const SYNC_FILE_RANGE_WRITE = 2;
export const SYNC_FILE_RANGE_WAIT_AFTER = 4;

const RWF_NOWAIT = 8;
const FICLONE = 0x40049409;

// The kernel moves at most 0x7ffff000 bytes per call, so an int holds every count.
const cRead = declare('read', 'int', ['int', PTR, 'size_t']);
const cWrite = declare('write', 'int', ['int', PTR, 'size_t']);
const cPread = declare('pread', 'int', ['int', PTR, 'size_t', 'int64_t']);
const cPwrite = declare('pwrite', 'int', ['int', PTR, 'size_t', 'int64_t']);
const cPreadv2 = declare('preadv2', 'int', ['int', PTR, 'int', 'int64_t', 'int']);
const cFallocate = declare('fallocate', 'int', ['int', 'int', 'int64_t', 'int64_t']);
const cLseek = declare('lseek', 'int64_t', ['int', 'int64_t', 'int']);
const cCopyFileRange = declare('copy_file_range', 'int64_t', ['int', PTR, 'int', PTR, 'size_t', 'uint32_t']);
const cSendfile = declare('sendfile', 'int64_t', ['int', 'int', PTR, 'size_t']);
const cIoctl = declare('ioctl', 'int', ['int', 'uint64_t', 'int64_t']);
const cFsync = declare('fsync', 'int', ['int']);
const cFdatasync = declare('fdatasync', 'int', ['int']);
const cSyncfs = declare('syncfs', 'int', ['int']);
const cSyncFileRange = declare('sync_file_range', 'int', ['int', 'int64_t', 'int64_t', 'uint32_t']);
const cFadvise = declare('posix_fadvise', 'int', ['int', 'int64_t', 'int64_t', 'int']);

export function read(fd: number, bytes: Uint8Array, offset: number, length: number): number {
  return result(cRead(fd, span(bytes, offset, length), length));
}

export function write(fd: number, bytes: Uint8Array, offset: number, length: number): number {
  return result(cWrite(fd, span(bytes, offset, length), length));
}

export function pread(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number {
  return result(cPread(fd, span(bytes, offset, length), length, position));
}

/** On a descriptor opened O_APPEND Linux appends, whatever `position` says. */
export function pwrite(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number {
  return result(cPwrite(fd, span(bytes, offset, length), length, position));
}

/**
 * As `pread`, but only what is in the page cache: EAGAIN when the first byte is not, or the filesystem cannot tell. A short count may
 * mean that the rest is not cached, as well as the end of the file.
 */
export function preadNowait(fd: number, bytes: Uint8Array, offset: number, length: number, position: number): number {
  putI64(0, span(bytes, offset, length));
  putI64(1, length);
  const n = cPreadv2(fd, struct, 1, position, RWF_NOWAIT);
  if (n >= 0) return n;
  const err = failure();
  return err === EOPNOTSUPP ? EAGAIN : err;
}

/** Allocates, punches, zeroes ... by FALLOC_FL_* mode; EOPNOTSUPP where the filesystem cannot. */
export function fallocate(fd: number, mode: number, position: number, length: number): number {
  return result(cFallocate(fd, mode, position, length));
}

/** The new position; with SEEK_DATA and SEEK_HOLE, ENXIO beyond the last. */
export function lseek(fd: number, position: number, whence: number): number {
  return result(cLseek(fd, position, whence));
}

/** Copies within the kernel, neither descriptor's own position moves: bytes copied. EXDEV between most pairs of filesystems. */
export function copyFileRange(
  fdIn: number,
  positionIn: number,
  fdOut: number,
  positionOut: number,
  length: number,
): number {
  putI64(0, positionIn);
  putI64(1, positionOut);
  return result(cCopyFileRange(fdIn, struct, fdOut, struct + 8, length, 0));
}

/** Copies between any two filesystems within the kernel, from `positionIn` to the descriptor `fdOut`'s own position: bytes copied. */
export function sendfile(fdOut: number, fdIn: number, positionIn: number, length: number): number {
  putI64(0, positionIn);
  return result(cSendfile(fdOut, fdIn, struct, length));
}

/** Makes `fdOut` share all of `fdIn`'s blocks. EOPNOTSUPP, EXDEV, EINVAL or ENOTTY where that cannot be. */
export function ficlone(fdOut: number, fdIn: number): number {
  return result(cIoctl(fdOut, FICLONE, fdIn));
}

/** Data and metadata of a file, or a directory's entries, are on the device. */
export function fsync(fd: number): number {
  return result(cFsync(fd));
}

/** Data, and the metadata needed to read them back, are on the device. */
export function fdatasync(fd: number): number {
  return result(cFdatasync(fd));
}

/** Everything of the filesystem that a descriptor (not O_PATH) is on. */
export function syncfs(fd: number): number {
  return result(cSyncfs(fd));
}

/** Starts, or waits for, writing out a range by SYNC_FILE_RANGE_* flags. Makes nothing durable by itself. */
export function syncFileRange(fd: number, position: number, length: number, flags: number): number {
  return result(cSyncFileRange(fd, position, length, flags));
}

/** Tells the kernel what a range will be needed for (POSIX_FADV_*). */
export function fadvise(fd: number, position: number, length: number, advice: number): number {
  // It returns the errno instead of setting it.
  const err = cFadvise(fd, position, length, advice);
  return err === 0 ? 0 : -err;
}
