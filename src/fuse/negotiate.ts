// INIT: what the kernel offers and what we want become what both keep. Pure; decides by flags, never by version numbers,
// but for the oldest frame layouts that the wire layer speaks.

import { FUSE_KERNEL_MINOR_VERSION, FUSE_KERNEL_VERSION, FUSE_MIN_MINOR_VERSION } from '../wire/constants.ts';
import { hasInitFlag, initFlagNames, initFlagWords } from '../wire/init.ts';
import type { InitFlag, InitIn, InitOut } from '../wire/init.ts';

/** Largest READ or WRITE, in bytes. */
export const MAX_IO = 1 << 20;
const PAGE = 4096;
const MAX_PAGES = MAX_IO / PAGE;
const PAGES_WITHOUT_FLAG = 32;

/** Background requests (readahead, asynchronous direct I/O) that the kernel may have under way; its own default is 12. */
const MAX_BACKGROUND = 64;
/** From here on it calls the device congested. */
const CONGESTION_THRESHOLD = 48;
/** One level: passthrough to plain filesystems, and our mount may itself be a layer of an overlay. */
const MAX_STACK_DEPTH = 1;

// Not wanted, with reasons. READDIRPLUS_AUTO: sends a LOOKUP per name for listings that stat everything. WRITEBACK_CACHE: the
// kernel then owns size and times, and passthrough is off. NO_OPEN_SUPPORT, NO_OPENDIR_SUPPORT: opens must be seen.
// AUTO_INVAL_DATA: our own served writes move mtime, each would drop the page cache. EXPLICIT_INVAL_DATA: a size that changed
// without the kernel's doing is the one sign that cached pages are wrong. POSIX_LOCKS, FLOCK_LOCKS: one machine, the kernel's
// own locks are right. EXPORT_SUPPORT: lookups of `.` by number of what was forgotten. ALLOW_IDMAP: uid and gid would be
// invalid in most headers. SECURITY_CTX: no SELinux labels for new files. CREATE_SUPP_GROUP: the VFS has decided about setgid
// before it asks us. SPLICE_*: Node cannot. REQUEST_TIMEOUT: would abort a root filesystem. OVER_IO_URING: not spoken.
const WANTED: readonly InitFlag[] = [
  'FUSE_ASYNC_READ', // readahead does not wait for one READ before it sends the next
  'FUSE_ATOMIC_O_TRUNC', // O_TRUNC comes with OPEN, so that a copy-up for it copies no data
  'FUSE_BIG_WRITES', // implied by newer kernels: writes beyond one page
  'FUSE_DONT_MASK', // umask must not be applied where a default ACL decides; the handler gets both
  'FUSE_DO_READDIRPLUS', // listings bring attributes: `find` sends no LOOKUPs
  'FUSE_ASYNC_DIO', // O_DIRECT requests of one call under way together
  'FUSE_PARALLEL_DIROPS', // the kernel holds no lock of a directory over LOOKUP and READDIR
  'FUSE_POSIX_ACL', // access is checked against ACLs by the kernel, which caches them
  'FUSE_ABORT_ERROR', // an abort is told from an unmount: read(2) says ECONNABORTED
  'FUSE_MAX_PAGES', // requests of 1 MiB instead of 128 KiB
  'FUSE_CACHE_SYMLINKS', // a symlink is read once, until INVAL_INODE
  'FUSE_HANDLE_KILLPRIV_V2', // no GETXATTR of security.capability before each write; KILL_SUIDGID bits are ours to honour
  'FUSE_SETXATTR_EXT', // says when setting an ACL must drop setgid
  'FUSE_INIT_EXT', // flags beyond bit 31
  'FUSE_HAS_EXPIRE_ONLY', // an offer: names can be expired without detaching what is mounted below
  'FUSE_DIRECT_IO_ALLOW_MMAP', // shared mmap of a file that is open FOPEN_DIRECT_IO
  'FUSE_PASSTHROUGH', // data straight from the backing file
  'FUSE_HAS_RESEND', // an offer: unanswered requests can be had again after a take-over
];

/** What a caller may change. */
export interface Wants {
  /** Flags to do without, e.g. FUSE_PASSTHROUGH. */
  readonly without?: readonly InitFlag[];
  /** Flags to ask for beyond the usual ones, where the kernel offers them. */
  readonly also?: readonly InitFlag[];
}

/** What kernel and server agreed on; plain, so that it can be sent to another thread or kept for a take-over. */
export interface Negotiated {
  readonly major: number;
  readonly minor: number;
  /** Flags in force, by their kernel names. */
  readonly flags: readonly InitFlag[];
  /** Largest WRITE in bytes. */
  readonly maxWrite: number;
  /** Largest request in the kernel's pages; READ and WRITE stay within MAX_IO where pages are larger than 4 KiB, too. */
  readonly maxPages: number;
  readonly maxReadahead: number;
  readonly maxBackground: number;
  /** OPEN may answer FOPEN_PASSTHROUGH, where BACKING_OPEN is permitted too. */
  readonly passthrough: boolean;
  /** Names can be expired. */
  readonly expireOnly: boolean;
  /** SETXATTR has its long form. */
  readonly setxattrExt: boolean;
  readonly resend: boolean;
}

/** The answer to INIT. `agreed` is undefined when the kernel speaks a newer major version and will send INIT again. */
export interface Agreement {
  readonly out: InitOut;
  readonly agreed: Negotiated | undefined;
}

/** The reason why there can be no session, for people. */
export interface Refusal {
  readonly refused: string;
}

/** Decides the answer to INIT. */
export function negotiate(offer: InitIn, wants: Wants = {}): Agreement | Refusal {
  if (
    offer.major < FUSE_KERNEL_VERSION ||
    (offer.major === FUSE_KERNEL_VERSION && offer.minor < FUSE_MIN_MINOR_VERSION)
  ) {
    const version = `${String(offer.major)}.${String(offer.minor)}`;
    return { refused: `the kernel speaks FUSE ${version}; at least 7.${String(FUSE_MIN_MINOR_VERSION)} is needed` };
  }
  if (offer.major > FUSE_KERNEL_VERSION) return { out: reply(offer, [], 0), agreed: undefined };
  const flags = agreedFlags(offer, wants);
  const words = initFlagWords(flags);
  const has = (flag: InitFlag): boolean => hasInitFlag(words, flag);
  const maxPages = has('FUSE_MAX_PAGES') ? MAX_PAGES : PAGES_WITHOUT_FLAG;
  const out = reply(offer, flags, maxPages);
  const agreed: Negotiated = {
    major: out.major,
    minor: out.minor,
    flags: initFlagNames(words),
    maxWrite: out.maxWrite,
    maxPages,
    maxReadahead: out.maxReadahead,
    maxBackground: out.maxBackground,
    passthrough: has('FUSE_PASSTHROUGH'),
    expireOnly: has('FUSE_HAS_EXPIRE_ONLY'),
    setxattrExt: has('FUSE_SETXATTR_EXT'),
    resend: has('FUSE_HAS_RESEND'),
  };
  return { out, agreed };
}

function agreedFlags(offer: InitIn, wants: Wants): InitFlag[] {
  const { without = [], also = [] } = wants;
  const flags = new Set<InitFlag>([...WANTED, ...also]);
  for (const flag of without) flags.delete(flag);
  // The kernel turns passthrough off by itself, silently, when it owns the data; say so.
  if (flags.has('FUSE_WRITEBACK_CACHE')) flags.delete('FUSE_PASSTHROUGH');
  return [...flags].filter((flag) => hasInitFlag(offer, flag));
}

function reply(offer: InitIn, flags: readonly InitFlag[], maxPages: number): InitOut {
  const words = initFlagWords(flags);
  return {
    major: FUSE_KERNEL_VERSION,
    minor: Math.min(offer.minor, FUSE_KERNEL_MINOR_VERSION),
    maxReadahead: offer.maxReadahead,
    ...words,
    maxBackground: MAX_BACKGROUND,
    congestionThreshold: CONGESTION_THRESHOLD,
    maxWrite: maxPages * PAGE,
    timeGran: 1,
    maxPages: flags.includes('FUSE_MAX_PAGES') ? maxPages : 0,
    mapAlignment: 0,
    maxStackDepth: flags.includes('FUSE_PASSTHROUGH') ? MAX_STACK_DEPTH : 0,
    requestTimeout: 0,
  };
}
