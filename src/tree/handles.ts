// File handles: small numbers that the kernel sends back with each request on an open file or directory.

import type { Node } from './node.ts';

/** An open file. */
export interface FileHandle {
  readonly node: Node;
  readonly writable: boolean;
}

export class HandleTable<H> {
  readonly #slots: (H | undefined)[] = [undefined];
  readonly #free: number[] = [];

  /** The new handle's number, never 0. */
  add(handle: H): number {
    const slot = this.#free.pop();
    if (slot === undefined) return this.#slots.push(handle) - 1;
    this.#slots[slot] = handle;
    return slot;
  }

  get(fh: number): H | undefined {
    return this.#slots[fh];
  }

  remove(fh: number): H | undefined {
    const handle = this.#slots[fh];
    if (handle !== undefined) {
      this.#slots[fh] = undefined;
      this.#free.push(fh);
    }
    return handle;
  }

  get size(): number {
    return this.#slots.length - 1 - this.#free.length;
  }
}
