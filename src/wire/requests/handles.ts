// Requests that make, use and end an open handle: the header's nodeid is the file or directory (CREATE, TMPFILE: the parent).
// Lock owners are opaque 64-bit hashes, kept as halves.

import type { ByteString } from '../../bytes.ts';
import { SIZE } from '../constants.ts';
import type { Reader } from '../reader.ts';

/** OPEN and OPENDIR. */
export interface OpenIn {
  /** The caller's O_* flags, without O_CREAT, O_EXCL and O_NOCTTY. */
  flags: number;
  /** FUSE_OPEN_KILL_SUIDGID. */
  openFlags: number;
}

/** CREATE and TMPFILE (where `name` means nothing). */
export interface CreateIn {
  flags: number;
  mode: number;
  umask: number;
  openFlags: number;
  name: ByteString;
}

/** READ, READDIR and READDIRPLUS; any offset that a program can seek to is legal, beyond 2^53 - 1 it is that. */
export interface ReadIn {
  fh: number;
  offset: number;
  size: number;
  readFlags: number;
  lockOwnerLo: number;
  lockOwnerHi: number;
  /** The file's current O_* flags. */
  flags: number;
}

export interface WriteIn {
  fh: number;
  offset: number;
  size: number;
  /** FUSE_WRITE_*. */
  writeFlags: number;
  lockOwnerLo: number;
  lockOwnerHi: number;
  flags: number;
  /** View of `size` bytes. */
  data: Buffer;
}

/** RELEASE and RELEASEDIR. */
export interface ReleaseIn {
  fh: number;
  flags: number;
  /** FUSE_RELEASE_*. */
  releaseFlags: number;
  lockOwnerLo: number;
  lockOwnerHi: number;
}

export interface FlushIn {
  fh: number;
  lockOwnerLo: number;
  lockOwnerHi: number;
}

/** FSYNC and FSYNCDIR. */
export interface FsyncIn {
  fh: number;
  /** FUSE_FSYNC_FDATASYNC. */
  fsyncFlags: number;
}

export function decodeOpen(r: Reader): OpenIn {
  r.expect(SIZE.fuse_open_in, 'fuse_open_in');
  const flags = r.u32();
  return { flags, openFlags: r.u32() };
}

export function decodeCreate(r: Reader): CreateIn {
  r.expect(SIZE.fuse_create_in, 'fuse_create_in');
  const flags = r.u32();
  const mode = r.u32();
  const umask = r.u32();
  const openFlags = r.u32();
  return { flags, mode, umask, openFlags, name: r.name() };
}

export function decodeRead(r: Reader): ReadIn {
  r.expect(SIZE.fuse_read_in, 'fuse_read_in');
  const fh = r.u64();
  const offset = r.u64sat();
  const size = r.u32();
  const readFlags = r.u32();
  const lockOwnerLo = r.i32();
  const lockOwnerHi = r.i32();
  const flags = r.u32();
  r.skip(4);
  return { fh, offset, size, readFlags, lockOwnerLo, lockOwnerHi, flags };
}

export function decodeWrite(r: Reader): WriteIn {
  r.expect(SIZE.fuse_write_in, 'fuse_write_in');
  const fh = r.u64();
  const offset = r.position();
  const size = r.u32();
  const writeFlags = r.u32();
  const lockOwnerLo = r.i32();
  const lockOwnerHi = r.i32();
  const flags = r.u32();
  r.skip(4);
  return { fh, offset, size, writeFlags, lockOwnerLo, lockOwnerHi, flags, data: r.bytes(size, 'data to write') };
}

export function decodeRelease(r: Reader): ReleaseIn {
  r.expect(SIZE.fuse_release_in, 'fuse_release_in');
  const fh = r.u64();
  const flags = r.u32();
  const releaseFlags = r.u32();
  const lockOwnerLo = r.i32();
  return { fh, flags, releaseFlags, lockOwnerLo, lockOwnerHi: r.i32() };
}

export function decodeFlush(r: Reader): FlushIn {
  r.expect(SIZE.fuse_flush_in, 'fuse_flush_in');
  const fh = r.u64();
  r.skip(8);
  const lockOwnerLo = r.i32();
  return { fh, lockOwnerLo, lockOwnerHi: r.i32() };
}

export function decodeFsync(r: Reader): FsyncIn {
  r.expect(SIZE.fuse_fsync_in, 'fuse_fsync_in');
  const fh = r.u64();
  const fsyncFlags = r.u32();
  r.skip(4);
  return { fh, fsyncFlags };
}
