// Objects with several names: found by the inode number that they show, so that all names lead to one node; and how many names they have,
// since flash may hold only some of those that disk has.

import { inoKey } from './ino.ts';
import { MULTI_LINK } from './node.ts';
import type { Node } from './node.ts';

interface LinkCount {
  /** Names that disk has; 0 for an object born on flash, whose count flash knows. */
  readonly diskLinks: number;
  /** Names added less names removed since. */
  delta: number;
}

export class HardLinks {
  readonly #nodes = new Map<number | string, Node>();
  readonly #counts = new Map<Node, LinkCount>();

  /** The node that shows this number. */
  find(inoLo: number, inoHi: number): Node | undefined {
    return this.#nodes.get(inoKey(inoLo, inoHi));
  }

  /** `node` has, or is about to have, more than one name; `diskLinks` as LinkCount's. */
  register(node: Node, diskLinks = 0): void {
    if (node.has(MULTI_LINK)) return;
    node.flags |= MULTI_LINK;
    this.#nodes.set(inoKey(node.inoLo, node.inoHi), node);
    this.#counts.set(node, { diskLinks, delta: 0 });
  }

  /** Names were added or, negative, removed. */
  count(node: Node, by: number): void {
    this.register(node);
    const count = this.#counts.get(node);
    if (count !== undefined) count.delta += by;
  }

  /** The count to show; undefined: what the branch says is right. */
  shown(node: Node): number | undefined {
    const count = this.#counts.get(node);
    return count === undefined || count.diskLinks === 0 ? undefined : count.diskLinks + count.delta;
  }

  drop(node: Node): void {
    if (!node.has(MULTI_LINK)) return;
    const key = inoKey(node.inoLo, node.inoHi);
    if (this.#nodes.get(key) === node) this.#nodes.delete(key);
    this.#counts.delete(node);
  }
}
