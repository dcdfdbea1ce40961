// What the doubles of flash filesystems refuse or lose, as measured on the real ones in QEMU (Linux 6.12).

export interface FlashLimits {
  /** Bytes. */
  readonly nameMax: number;
  readonly symlinkMax: number;
  readonly xattrMax: number;
  readonly acl: boolean;
  readonly sharedMmap: boolean;
  readonly holes: boolean;
  /** RENAME_* that work. */
  readonly renameFlags: number;
  readonly wholeSeconds: boolean;
  readonly timeMin: number;
  readonly timeMax: number;
  /** Bits of a uid or gid that are kept. */
  readonly idMask: number;
}

export const NOTHING_LOST: FlashLimits = {
  nameMax: 255,
  symlinkMax: 4095,
  xattrMax: 65_536,
  acl: true,
  sharedMmap: true,
  holes: true,
  renameFlags: 1,
  wholeSeconds: false,
  timeMin: -(2 ** 31),
  timeMax: 2 ** 34 - 1,
  idMask: 0xffffffff,
};

const SECONDS = { wholeSeconds: true, timeMin: 0, timeMax: 2 ** 32 - 1 };

/** None of them has O_TMPFILE, fallocate or RENAME_EXCHANGE: the double has no handler for these. */
export const TYPES: Readonly<Record<string, FlashLimits>> = {
  plain: NOTHING_LOST,
  jffs2: {
    ...NOTHING_LOST,
    ...SECONDS,
    nameMax: 254,
    symlinkMax: 1000,
    sharedMmap: false,
    holes: false,
    idMask: 0xffff,
  },
  ubifs: { ...NOTHING_LOST, ...SECONDS, xattrMax: 4096, acl: false, holes: false },
};
