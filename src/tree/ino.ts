// Inode numbers as the merged root shows them. Disk's own device keeps its numbers; flash and disk's further devices are moved
// apart by a device index in bits 54..62, so that no two objects ever share a number. Stable over remounts: flash is always
// index 1, a further device gets an index from its device number.

const FLASH_INDEX = 1;
const SHIFT_HI = 22; // bit 54 is bit 22 of the high half
const LOW_MASK = (1 << SHIFT_HI) - 1;

export class InodeNumbers {
  #mainMajor: number;
  #mainMinor: number;
  readonly #index = new Map<number, number>();
  readonly #taken = new Set<number>([0, FLASH_INDEX]);
  /** Result of the last call, as int32 halves. */
  lo = 0;
  hi = 0;

  /** The device of disk's root. */
  constructor(major: number, minor: number) {
    this.#mainMajor = major;
    this.#mainMinor = minor;
  }

  /** The same disk has another device number now. */
  moveMain(major: number, minor: number): void {
    this.#mainMajor = major;
    this.#mainMinor = minor;
  }

  /** The number of an object born on flash; result in `lo` and `hi`. */
  ofFlash(lo: number, hi: number): void {
    this.#move(lo, hi, FLASH_INDEX);
  }

  /** The number of an object of disk; result in `lo` and `hi`. */
  ofDisk(major: number, minor: number, lo: number, hi: number): void {
    if (major === this.#mainMajor && minor === this.#mainMinor) {
      this.lo = lo | 0;
      this.hi = hi | 0;
    } else {
      this.#move(lo, hi, this.#indexOf(major, minor));
    }
  }

  #move(lo: number, hi: number, index: number): void {
    this.lo = lo | 0;
    // Numbers of 2^54 and more (overlay with xino) are folded: still stable, and apart from other devices.
    const low = hi >>> SHIFT_HI === 0 ? hi : (Math.imul(hi, 0x9e3779b1) >>> (32 - SHIFT_HI)) ^ (hi & LOW_MASK);
    this.hi = low | (index << SHIFT_HI) | 0;
  }

  #indexOf(major: number, minor: number): number {
    const key = major * 2 ** 20 + minor;
    let index = this.#index.get(key);
    if (index === undefined) {
      index = 2 + ((Math.imul(key, 0x9e3779b1) >>> 0) % 509);
      while (this.#taken.has(index)) index = index >= 510 ? 2 : index + 1;
      this.#taken.add(index);
      this.#index.set(key, index);
    }
    return index;
  }
}

/** One key for a shown inode number: a number where it is a safe integer, else text. */
export function inoKey(lo: number, hi: number): number | string {
  return hi >= 0 && hi < 0x200000 ? hi * 0x100000000 + (lo >>> 0) : `${String(hi)}:${String(lo)}`;
}
