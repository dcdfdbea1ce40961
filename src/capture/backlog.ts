// Captures that flash had no room for: kept, with who asked, and tried again once it has. By themselves they would not come again: the kernel
// keeps a symlink's target and a directory's or device's name, and asks once.

import { S_IFREG } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';
import type { Cause } from './journal.ts';
import type { Room, Space } from './space.ts';

/** Bounds what they hold of memory: each keeps its node. */
const MOST = 16_384;
/** Regular files leave the rest to what the kernel will not ask for again: they are at least opened anew. */
const MOST_FILES = MOST / 2;

export class Backlog {
  readonly #tree: Tree;
  readonly #space: Space;
  readonly #waiting = new Map<Node, Cause>();
  #lastRoom: Room = { free: 0, files: 0 };

  constructor(tree: Tree, space: Space) {
    this.#tree = tree;
    this.#space = space;
  }

  get size(): number {
    return this.#waiting.size;
  }

  add(node: Node, cause: Cause): void {
    if (this.#waiting.has(node) || this.#waiting.size >= (node.kind === S_IFREG ? MOST_FILES : MOST)) return;
    this.#tree.pin(node);
    this.#waiting.set(node, cause);
    if (this.#waiting.size === 1) this.#lastRoom = this.#space.room;
  }

  /** Hands all of them to `queue`, if flash has more room than when this was last asked. To be asked only while nothing is being copied. */
  retry(queue: (node: Node, cause: Cause) => void): void {
    if (this.#waiting.size === 0) return;
    const now = this.#space.room;
    const more = now.free > this.#lastRoom.free || now.files > this.#lastRoom.files;
    this.#lastRoom = now;
    if (!more) return;
    const again = [...this.#waiting];
    this.#waiting.clear();
    for (const [node, cause] of again) {
      queue(node, cause);
      this.#tree.unpin(node);
    }
  }
}
