// What a branch's filesystem can hold. Knows no branch, and tries nothing itself (probe.ts does).

import type { Errno } from '../errno.ts';
import { filesystemType } from './filesystem-type.ts';

/** What a filesystem can hold for this process. */
export interface Features {
  fsType: string;
  magic: number;
  /** 0 when all was tried; else why nothing could be (a full or read-only flash), and the rest is what the type is known for. */
  untried: Errno | 0;
  xattrUser: boolean;
  xattrTrusted: boolean;
  xattrSecurity: boolean;
  acl: boolean;
  /** Times are kept in multiples of this many nanoseconds: 1, or 1e9 for whole seconds. */
  timeGranularity: number;
  /** Earliest and latest second that is kept; others are moved to these. */
  timeMin: number;
  timeMax: number;
  /** Greatest uid and gid that is kept; a greater one is lost without an error. */
  idMax: number;
  /** Permission bits that can be both set and cleared: 0o7777. */
  modeMask: number;
  /** Bytes of the longest name and of the longest symlink target; 0: no symlinks. */
  nameMax: number;
  symlinkMax: number;
  /** Names come back as the bytes they were, invalid UTF-8 too. */
  byteNames: boolean;
  caseSensitive: boolean;
  hardLinks: boolean;
  /** Fifos; device nodes. */
  fifos: boolean;
  devices: boolean;
  /** mmap with MAP_SHARED and PROT_WRITE works. */
  sharedWritableMmap: boolean;
  renameNoreplace: boolean;
  renameExchange: boolean;
  renameWhiteout: boolean;
  tmpfile: boolean;
  fallocate: boolean;
  punchHole: boolean;
  /** A hole costs no space and is shown by SEEK_DATA and SEEK_HOLE. */
  holes: boolean;
  /** FICLONE between two files of this filesystem. */
  reflink: boolean;
  syncfs: boolean;
  /**
   * After a power cut, a change of names or a synced file is there only with all changes of names made before it; judged by the type, and no more
   * than a guess for ext4's number, which ext2 has too.
   */
  ordered: boolean;
}

const FAT: Partial<Features> = {
  xattrUser: false,
  xattrTrusted: false,
  xattrSecurity: false,
  acl: false,
  timeGranularity: 2e9,
  timeMin: Date.UTC(1980) / 1000,
  timeMax: Date.UTC(2108) / 1000 - 2,
  idMax: 0,
  modeMask: 0,
  symlinkMax: 0,
  byteNames: false,
  caseSensitive: false,
  hardLinks: false,
  fifos: false,
  devices: false,
  renameWhiteout: false,
  tmpfile: false,
  punchHole: false,
  holes: false,
};

// What types are known for that differ from a filesystem which can hold everything; the starting point of the probes.
const known: Record<string, Partial<Features>> = {
  vfat: FAT,
  exfat: FAT,
  jffs2: {
    ordered: true,
    timeGranularity: 1e9,
    timeMin: 0,
    timeMax: 2 ** 32 - 1,
    idMax: 0xffff,
    nameMax: 254,
    symlinkMax: 1000,
    sharedWritableMmap: false,
    renameExchange: false,
    renameWhiteout: false,
    tmpfile: false,
    fallocate: false,
    punchHole: false,
    holes: false,
  },
  ubifs: { acl: false, timeGranularity: 1e9, fallocate: false, punchHole: false, holes: false },
  '9p': { sharedWritableMmap: false },
  vboxsf: { sharedWritableMmap: false },
  btrfs: { reflink: true },
  ext4: { ordered: true },
  xfs: { reflink: true, ordered: true },
  // Nothing of them survives.
  tmpfs: { ordered: true },
  ramfs: { ordered: true },
};

/** What a type is known for, where nothing was tried. */
export function presumedFeatures(magic: number, namelen: number): Features {
  const fsType = filesystemType(magic);
  return {
    fsType,
    magic,
    untried: 0,
    xattrUser: true,
    xattrTrusted: true,
    xattrSecurity: true,
    acl: true,
    timeGranularity: 1,
    timeMin: -(2 ** 31),
    timeMax: 2 ** 34 - 1,
    idMax: 0xfffffffe,
    modeMask: 0o7777,
    nameMax: namelen > 0 ? namelen : 255,
    symlinkMax: 4095,
    byteNames: true,
    caseSensitive: true,
    hardLinks: true,
    fifos: true,
    devices: true,
    sharedWritableMmap: true,
    renameNoreplace: true,
    renameExchange: true,
    renameWhiteout: true,
    tmpfile: true,
    fallocate: true,
    punchHole: true,
    holes: true,
    reflink: false,
    syncfs: true,
    ordered: false,
    ...known[fsType],
  };
}
