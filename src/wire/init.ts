// INIT: the first request, and the flags by which the two sides agree. Flags are bits 0..63; on the wire `flags` has the low
// half and `flags2` the high one, which counts only together with FUSE_INIT_EXT.

import { FUSE_KERNEL_VERSION, SIZE } from './constants.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** Bit number of each INIT flag. */
export const INIT_FLAGS = {
  FUSE_ASYNC_READ: 0,
  FUSE_POSIX_LOCKS: 1,
  FUSE_FILE_OPS: 2,
  FUSE_ATOMIC_O_TRUNC: 3,
  FUSE_EXPORT_SUPPORT: 4,
  FUSE_BIG_WRITES: 5,
  FUSE_DONT_MASK: 6,
  FUSE_SPLICE_WRITE: 7,
  FUSE_SPLICE_MOVE: 8,
  FUSE_SPLICE_READ: 9,
  FUSE_FLOCK_LOCKS: 10,
  FUSE_HAS_IOCTL_DIR: 11,
  FUSE_AUTO_INVAL_DATA: 12,
  FUSE_DO_READDIRPLUS: 13,
  FUSE_READDIRPLUS_AUTO: 14,
  FUSE_ASYNC_DIO: 15,
  FUSE_WRITEBACK_CACHE: 16,
  FUSE_NO_OPEN_SUPPORT: 17,
  FUSE_PARALLEL_DIROPS: 18,
  FUSE_HANDLE_KILLPRIV: 19,
  FUSE_POSIX_ACL: 20,
  FUSE_ABORT_ERROR: 21,
  FUSE_MAX_PAGES: 22,
  FUSE_CACHE_SYMLINKS: 23,
  FUSE_NO_OPENDIR_SUPPORT: 24,
  FUSE_EXPLICIT_INVAL_DATA: 25,
  FUSE_MAP_ALIGNMENT: 26,
  FUSE_SUBMOUNTS: 27,
  FUSE_HANDLE_KILLPRIV_V2: 28,
  FUSE_SETXATTR_EXT: 29,
  FUSE_INIT_EXT: 30,
  FUSE_INIT_RESERVED: 31,
  FUSE_SECURITY_CTX: 32,
  FUSE_HAS_INODE_DAX: 33,
  FUSE_CREATE_SUPP_GROUP: 34,
  FUSE_HAS_EXPIRE_ONLY: 35,
  FUSE_DIRECT_IO_ALLOW_MMAP: 36,
  FUSE_PASSTHROUGH: 37,
  FUSE_NO_EXPORT_SUPPORT: 38,
  FUSE_HAS_RESEND: 39,
  FUSE_ALLOW_IDMAP: 40,
  FUSE_OVER_IO_URING: 41,
  FUSE_REQUEST_TIMEOUT: 42,
} as const;

export type InitFlag = keyof typeof INIT_FLAGS;

/** The two halves of the 64 flag bits, as they are on the wire (unsigned). */
export interface InitFlagWords {
  flags: number;
  flags2: number;
}

/** fuse_init_in; of a kernel with another major version, only the versions are read and the rest is 0. */
export interface InitIn extends InitFlagWords {
  major: number;
  minor: number;
  maxReadahead: number;
}

/** fuse_init_out. Sizes in bytes, `maxPages` of 4 KiB, `timeGran` in ns, `requestTimeout` in seconds (0 = none). */
export interface InitOut extends InitFlagWords {
  major: number;
  minor: number;
  maxReadahead: number;
  maxBackground: number;
  congestionThreshold: number;
  maxWrite: number;
  timeGran: number;
  maxPages: number;
  mapAlignment: number;
  maxStackDepth: number;
  requestTimeout: number;
}

const names = Object.keys(INIT_FLAGS) as InitFlag[];

/** Is the flag in the words? */
export function hasInitFlag(words: InitFlagWords, flag: InitFlag): boolean {
  const bit = INIT_FLAGS[flag];
  if (bit < 32) return ((words.flags >>> bit) & 1) === 1;
  return hasExt(words.flags) && ((words.flags2 >>> (bit - 32)) & 1) === 1;
}

/** The words for a set of flags; FUSE_INIT_EXT is added when one of them lives in `flags2`. */
export function initFlagWords(flags: Iterable<InitFlag>): InitFlagWords {
  let lo = 0;
  let hi = 0;
  for (const flag of flags) {
    const bit = INIT_FLAGS[flag];
    if (bit < 32) lo |= 1 << bit;
    else hi |= 1 << (bit - 32);
  }
  if (hi !== 0) lo |= 1 << INIT_FLAGS.FUSE_INIT_EXT;
  return { flags: lo >>> 0, flags2: hi >>> 0 };
}

/** Names of the flags in the words, in the order of their bits; bits without a name are left out. */
export function initFlagNames(words: InitFlagWords): InitFlag[] {
  return names.filter((flag) => hasInitFlag(words, flag));
}

export function decodeInit(r: Reader): InitIn {
  r.expect(8, 'fuse_init_in versions');
  const major = r.u32();
  const minor = r.u32();
  if (major !== FUSE_KERNEL_VERSION) return { major, minor, maxReadahead: 0, flags: 0, flags2: 0 };
  r.expect(SIZE.fuse_init_in_before_7_36 - 8, 'fuse_init_in');
  const maxReadahead = r.u32();
  const flags = r.u32();
  if (!hasExt(flags)) return { major, minor, maxReadahead, flags, flags2: 0 };
  r.expect(SIZE.fuse_init_in - SIZE.fuse_init_in_before_7_36, 'fuse_init_in with FUSE_INIT_EXT');
  const flags2 = r.u32();
  r.skip(44);
  return { major, minor, maxReadahead, flags, flags2 };
}

/** Reply to INIT. */
export function initOut(w: Writer, o: InitOut): void {
  w.u32(o.major);
  w.u32(o.minor);
  w.u32(o.maxReadahead);
  w.u32(o.flags);
  w.u16(o.maxBackground);
  w.u16(o.congestionThreshold);
  w.u32(o.maxWrite);
  w.u32(o.timeGran);
  w.u16(o.maxPages);
  w.u16(o.mapAlignment);
  w.u32(o.flags2);
  w.u32(o.maxStackDepth);
  w.u16(o.requestTimeout);
  w.zeros(22);
}

function hasExt(flags: number): boolean {
  return ((flags >>> INIT_FLAGS.FUSE_INIT_EXT) & 1) === 1;
}
