// Objects with several names, found by the inode number that they show, so that all names lead to one node; and how many names to show,
// since flash may hold only some of those that disk has.

import type { ByteString } from '../bytes.ts';
import { asBytes } from '../bytes.ts';
import { inoKey } from './ino.ts';
import type { Marks } from './marks.ts';
import { MULTI_LINK } from './node.ts';
import type { Node } from './node.ts';

/** The name under which flash keeps an object that shows this number while none of its names is on flash. */
export function keptName(inoLo: number, inoHi: number): ByteString {
  return asBytes(`${(inoHi >>> 0).toString(16)}-${(inoLo >>> 0).toString(16)}`);
}

export class HardLinks {
  readonly #nodes = new Map<number | string, Node>();
  readonly #marks: Marks;
  /** Objects (by `keptName`) that flash keeps under no name of the merged root: names that only disk has lead to them. */
  readonly kept = new Set<ByteString>();

  constructor(marks: Marks) {
    this.#marks = marks;
  }

  /** The node that shows this number. */
  find(inoLo: number, inoHi: number): Node | undefined {
    return this.#nodes.get(inoKey(inoLo, inoHi));
  }

  /** `node` has, or is about to have, more than one name. */
  register(node: Node): void {
    if (node.has(MULTI_LINK)) return;
    node.flags |= MULTI_LINK;
    this.#nodes.set(inoKey(node.inoLo, node.inoHi), node);
  }

  /** Whether disk has further names of the object that shows this number, some of them spent. */
  onBoth(inoLo: number, inoHi: number): boolean {
    return this.#marks.links.has(inoKey(inoLo, inoHi));
  }

  /** Names of `node` that only disk has; 0 also where none was ever copied or removed. */
  onDisk(node: Node): number {
    const all = this.#marks.links.get(inoKey(node.inoLo, node.inoHi));
    return all === undefined ? 0 : all.links - all.spent;
  }

  /** The count to show, where the branch that `node` lies on counts `nlink`. */
  shown(node: Node, nlink: number): number {
    const all = this.#marks.links.get(inoKey(node.inoLo, node.inoHi));
    if (all === undefined) return nlink;
    const onFlash = node.onFlash ? nlink - (this.kept.has(keptName(node.inoLo, node.inoHi)) ? 1 : 0) : 0;
    return onFlash + all.links - all.spent;
  }

  drop(node: Node): void {
    if (!node.has(MULTI_LINK)) return;
    const key = inoKey(node.inoLo, node.inoHi);
    if (this.#nodes.get(key) === node) this.#nodes.delete(key);
  }
}
