// Where objects of flash come from, as rows of int32: lists of origins, each of one node of a trie, the newest last. A list is known by its first
// row, NO_ORIGIN where it is empty. Rows are used again, so only marks.ts and the trie's values refer to them.

import type { ByteString } from '../bytes.ts';

/** Where an object on flash comes from. */
export interface Origin {
  /** Inode number as shown, int32 halves. */
  readonly inoLo: number;
  readonly inoHi: number;
  /** For a directory: the path on disk whose content shows through; null: none does. */
  readonly diskPath: ByteString | null;
  /** Which object on flash it is about: inode number there, int32 halves; 0, 0 is whatever has the path. */
  readonly flashLo: number;
  readonly flashHi: number;
}

/** No row: the end of a list. */
export const NO_ORIGIN = 0;

const NODE = 0;
const NEXT = 1;
const INO_LO = 2;
const INO_HI = 3;
const FLASH_LO = 4;
const FLASH_HI = 5;
const SHIFT = 3;
/** In the place of a node: nobody has the row. */
const FREE = -1;

export class Origins {
  #cells = new Int32Array(16 << SHIFT);
  #rows = 1;
  #free = NO_ORIGIN;
  #live = 0;
  readonly #diskPaths = new Map<number, ByteString>();

  /** Origins in all lists. */
  get count(): number {
    return this.#live;
  }

  /** Adds an origin to the list `first` of `node`, as its newest, in the place of one of the same object of flash. Gives the list. */
  put(
    first: number,
    node: number,
    inoLo: number,
    inoHi: number,
    flashLo: number,
    flashHi: number,
    diskPath: ByteString | null,
  ): number {
    const rest = first === NO_ORIGIN ? first : this.drop(first, this.exact(first, flashLo, flashHi));
    const row = this.#take();
    const cells = this.#cells;
    const at = row << SHIFT;
    cells[at | NODE] = node;
    cells[at | NEXT] = NO_ORIGIN;
    cells[at | INO_LO] = inoLo;
    cells[at | INO_HI] = inoHi;
    cells[at | FLASH_LO] = flashLo;
    cells[at | FLASH_HI] = flashHi;
    if (diskPath !== null) this.#diskPaths.set(row, diskPath);
    this.#live++;
    if (rest === NO_ORIGIN) return row;
    cells[(this.newest(rest) << SHIFT) | NEXT] = row;
    return rest;
  }

  /** Takes a row (NO_ORIGIN: none) out of the list `first`. Gives the list. */
  drop(first: number, row: number): number {
    if (row === NO_ORIGIN) return first;
    const cells = this.#cells;
    const next = this.next(row);
    if (first !== row) {
      let before = first;
      while (this.next(before) !== row) before = this.next(before);
      cells[(before << SHIFT) | NEXT] = next;
    }
    cells[(row << SHIFT) | NODE] = FREE;
    cells[(row << SHIFT) | NEXT] = this.#free;
    this.#free = row;
    this.#live--;
    this.#diskPaths.delete(row);
    return first === row ? next : first;
  }

  next(row: number): number {
    return this.#cells[(row << SHIFT) | NEXT]!;
  }

  newest(first: number): number {
    let row = first;
    while (row !== NO_ORIGIN && this.next(row) !== NO_ORIGIN) row = this.next(row);
    return row;
  }

  /** The row of the list that is about this object of flash: of the very one, else of whatever has the path. */
  find(first: number, flashLo: number, flashHi: number): number {
    return this.exact(first, flashLo, flashHi) || this.exact(first, 0, 0);
  }

  get(row: number): Origin {
    const cells = this.#cells;
    const at = row << SHIFT;
    return {
      inoLo: cells[at | INO_LO]!,
      inoHi: cells[at | INO_HI]!,
      diskPath: this.#diskPaths.get(row) ?? null,
      flashLo: cells[at | FLASH_LO]!,
      flashHi: cells[at | FLASH_HI]!,
    };
  }

  /** Nodes that have an origin with this number, one of them more than once where it has several. Looks at all rows. */
  *withNumber(inoLo: number, inoHi: number): Generator<number> {
    for (let row = 1; row < this.#rows; row++) {
      const at = row << SHIFT;
      if (this.#cells[at | INO_LO] === inoLo && this.#cells[at | INO_HI] === inoHi && this.#cells[at | NODE] !== FREE)
        yield this.#cells[at | NODE]!;
    }
  }

  /** The row of the list that is about this very object of flash. */
  exact(first: number, flashLo: number, flashHi: number): number {
    const cells = this.#cells;
    let row = first;
    for (; row !== NO_ORIGIN; row = cells[(row << SHIFT) | NEXT]!)
      if (cells[(row << SHIFT) | FLASH_LO] === flashLo && cells[(row << SHIFT) | FLASH_HI] === flashHi) break;
    return row;
  }

  #take(): number {
    const row = this.#free;
    if (row !== NO_ORIGIN) {
      this.#free = this.next(row);
      return row;
    }
    if (this.#cells.length === this.#rows << SHIFT) {
      const more = new Int32Array(this.#cells.length * 2);
      more.set(this.#cells);
      this.#cells = more;
    }
    return this.#rows++;
  }
}
