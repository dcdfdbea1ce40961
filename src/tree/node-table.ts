// Nodes by the number that the kernel knows them by. Slot numbers are used again, each time with the next generation.

import type { ByteString } from '../bytes.ts';
import { Node } from './node.ts';

/** The root's nodeid, fixed by the protocol; its generation is 0. */
export const ROOT_ID = 1;

const WORTH_TRIMMING = 16384;

export class NodeTable {
  readonly #slots: (Node | undefined)[] = [undefined];
  readonly #generations: number[] = [0];
  readonly #free: number[] = [];
  #count = 0;
  /** Since the last trim. */
  #dropped = 0;

  make(kind: number, parent: Node | null, name: ByteString, inoLo: number, inoHi: number): Node {
    let id = this.#free.pop();
    if (id === undefined) {
      id = this.#slots.length;
      this.#slots.push(undefined);
      this.#generations.push(0);
    }
    const node = new Node(id, this.#generations[id] ?? 0, kind, parent, name, inoLo, inoHi);
    this.#slots[id] = node;
    this.#count++;
    return node;
  }

  get(id: number): Node | undefined {
    return this.#slots[id];
  }

  drop(node: Node): void {
    this.#slots[node.id] = undefined;
    this.#generations[node.id] = (node.generation + 1) | 0;
    this.#free.push(node.id);
    this.#count--;
    // After a walk over a large tree the kernel forgets nearly all of it: give the memory back, at a cost that the drops have paid for.
    if (++this.#dropped >= WORTH_TRIMMING && this.#dropped * 2 > this.#slots.length) this.#trim();
  }

  get size(): number {
    return this.#count;
  }

  /** Above all numbers in use. */
  get end(): number {
    return this.#slots.length;
  }

  *[Symbol.iterator](): Generator<Node> {
    for (const node of this.#slots) if (node !== undefined) yield node;
  }

  #trim(): void {
    this.#dropped = 0;
    let last = this.#slots.length - 1;
    while (last > 0 && this.#slots[last] === undefined) last--;
    // Generations of dropped slots go with them: the kernel holds none of those numbers.
    this.#slots.length = last + 1;
    this.#generations.length = last + 1;
    const kept = this.#free.filter((id) => id <= last);
    this.#free.length = 0;
    for (const id of kept) this.#free.push(id);
  }
}
