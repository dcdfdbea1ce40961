// Requests about parts of an open file: allocation, seeking for data and holes, copying, locks, block mapping, ioctl, poll, DAX.

import { SIZE } from '../constants.ts';
import type { FileLock } from '../replies.ts';
import type { Reader } from '../reader.ts';

export interface FallocateIn {
  fh: number;
  offset: number;
  /** Number.MAX_SAFE_INTEGER stands for all beyond it. */
  length: number;
  /** FALLOC_FL_*. */
  mode: number;
}

export interface LseekIn {
  fh: number;
  /** Number.MAX_SAFE_INTEGER stands for all beyond it, negative ones included. */
  offset: number;
  /** SEEK_DATA or SEEK_HOLE. */
  whence: number;
}

/** COPY_FILE_RANGE (reply: writeOut) and COPY_FILE_RANGE_64 (reply: copyFileRangeOut); the header's nodeid is the source. */
export interface CopyFileRangeIn {
  fhIn: number;
  offIn: number;
  nodeidOut: number;
  fhOut: number;
  offOut: number;
  /** Number.MAX_SAFE_INTEGER stands for all beyond it. */
  len: number;
  flags: number;
}

/** GETLK, SETLK and SETLKW; `end` Number.MAX_SAFE_INTEGER means to the end of the file. */
export interface LkIn extends FileLock {
  fh: number;
  ownerLo: number;
  ownerHi: number;
  /** FUSE_LK_FLOCK. */
  lkFlags: number;
}

export interface BmapIn {
  block: number;
  blocksize: number;
}

export interface IoctlIn {
  fh: number;
  /** FUSE_IOCTL_*. */
  flags: number;
  cmd: number;
  /** The caller's third argument, as halves. */
  argLo: number;
  argHi: number;
  inSize: number;
  outSize: number;
  /** View of `inSize` bytes. */
  data: Buffer;
}

export interface PollIn {
  fh: number;
  /** The kernel's handle, for notifyPoll. */
  kh: number;
  /** FUSE_POLL_SCHEDULE_NOTIFY. */
  flags: number;
  events: number;
}

export interface SetupmappingIn {
  fh: number;
  foffset: number;
  len: number;
  /** FUSE_SETUPMAPPING_FLAG_*. */
  flags: number;
  moffset: number;
}

export interface RemovemappingIn {
  mappings: { moffset: number; len: number }[];
}

export function decodeFallocate(r: Reader): FallocateIn {
  r.expect(SIZE.fuse_fallocate_in, 'fuse_fallocate_in');
  const fh = r.u64();
  const offset = r.position();
  const length = r.u64sat();
  const mode = r.u32();
  r.skip(4);
  return { fh, offset, length, mode };
}

export function decodeLseek(r: Reader): LseekIn {
  r.expect(SIZE.fuse_lseek_in, 'fuse_lseek_in');
  const fh = r.u64();
  const offset = r.u64sat();
  const whence = r.u32();
  r.skip(4);
  return { fh, offset, whence };
}

export function decodeCopyFileRange(r: Reader): CopyFileRangeIn {
  r.expect(SIZE.fuse_copy_file_range_in, 'fuse_copy_file_range_in');
  const fhIn = r.u64();
  const offIn = r.u64sat();
  const nodeidOut = r.u64();
  const fhOut = r.u64();
  const offOut = r.position();
  const len = r.u64sat();
  return { fhIn, offIn, nodeidOut, fhOut, offOut, len, flags: r.u64sat() };
}

export function decodeLk(r: Reader): LkIn {
  r.expect(SIZE.fuse_lk_in, 'fuse_lk_in');
  const fh = r.u64();
  const ownerLo = r.i32();
  const ownerHi = r.i32();
  const start = r.u64sat();
  const end = r.u64sat();
  const type = r.u32();
  const pid = r.u32();
  const lkFlags = r.u32();
  r.skip(4);
  return { fh, ownerLo, ownerHi, start, end, type, pid, lkFlags };
}

export function decodeBmap(r: Reader): BmapIn {
  r.expect(SIZE.fuse_bmap_in, 'fuse_bmap_in');
  const block = r.u64sat();
  const blocksize = r.u32();
  r.skip(4);
  return { block, blocksize };
}

export function decodeIoctl(r: Reader): IoctlIn {
  r.expect(SIZE.fuse_ioctl_in, 'fuse_ioctl_in');
  const fh = r.u64();
  const flags = r.u32();
  const cmd = r.u32();
  const argLo = r.i32();
  const argHi = r.i32();
  const inSize = r.u32();
  const outSize = r.u32();
  return { fh, flags, cmd, argLo, argHi, inSize, outSize, data: r.bytes(inSize, 'ioctl data') };
}

export function decodePoll(r: Reader): PollIn {
  r.expect(SIZE.fuse_poll_in, 'fuse_poll_in');
  const fh = r.u64();
  const kh = r.u64();
  const flags = r.u32();
  return { fh, kh, flags, events: r.u32() };
}

export function decodeSetupmapping(r: Reader): SetupmappingIn {
  r.expect(SIZE.fuse_setupmapping_in, 'fuse_setupmapping_in');
  const fh = r.u64();
  const foffset = r.position();
  const len = r.u64sat();
  const flags = r.u64sat();
  return { fh, foffset, len, flags, moffset: r.position() };
}

export function decodeRemovemapping(r: Reader): RemovemappingIn {
  r.expect(SIZE.fuse_removemapping_in, 'fuse_removemapping_in');
  const count = r.u32();
  r.expect(count * SIZE.fuse_removemapping_one, 'fuse_removemapping_one');
  const mappings = [];
  for (let i = 0; i < count; i++) {
    const moffset = r.position();
    mappings.push({ moffset, len: r.u64sat() });
  }
  return { mappings };
}
