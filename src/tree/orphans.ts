// Descriptors of objects that have no name any more but are still open: the one way to reach them. Owned here, closed when the node goes or
// gets a name. Disk's object of which one of them shows the inode number is kept as well, though removed, so that nothing else gets the number.

import type { Node } from './node.ts';

export class Orphans {
  readonly #fds = new Map<Node, number>();
  readonly #keepers = new Map<Node, number>();
  readonly #close: (fd: number) => void;

  /** `close` closes a descriptor of either branch. */
  constructor(close: (fd: number) => void) {
    this.#close = close;
  }

  get(node: Node): number | undefined {
    return this.#fds.get(node);
  }

  /** `fd` (O_PATH will do) is the table's from now on. */
  set(node: Node, fd: number): void {
    this.drop(node);
    this.#fds.set(node, fd);
  }

  drop(node: Node): void {
    for (const fds of [this.#fds, this.#keepers]) {
      const fd = fds.get(node);
      if (fd === undefined) continue;
      this.#close(fd);
      fds.delete(node);
    }
  }

  /** Closes what is on disk: what keeps a number, and the object itself where `onDisk`. */
  dropOfDisk(node: Node, onDisk: boolean): void {
    if (onDisk) {
      this.drop(node);
      return;
    }
    const keeper = this.#keepers.get(node);
    if (keeper !== undefined) this.#close(keeper);
    this.#keepers.delete(node);
  }

  /** The one that shows this number. */
  showing(inoLo: number, inoHi: number): Node | undefined {
    for (const node of this.#fds.keys()) if (node.inoLo === inoLo && node.inoHi === inoHi) return node;
    return undefined;
  }

  /** `fd`, of disk's object whose number `node` shows, is kept as long as `node`. */
  keepNumber(node: Node, fd: number): void {
    const before = this.#keepers.get(node);
    if (before !== undefined) this.#close(before);
    this.#keepers.set(node, fd);
  }
}
