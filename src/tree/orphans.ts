// Descriptors of objects that have no name any more but are still open: the one way to reach them. Owned here, closed when the node goes or
// gets a name.

import { close } from '../sys/open.ts';
import type { Node } from './node.ts';

export class Orphans {
  readonly #fds = new Map<Node, number>();

  get(node: Node): number | undefined {
    return this.#fds.get(node);
  }

  /** `fd` (O_PATH will do) is the table's from now on. */
  set(node: Node, fd: number): void {
    this.drop(node);
    this.#fds.set(node, fd);
  }

  drop(node: Node): void {
    const fd = this.#fds.get(node);
    if (fd === undefined) return;
    close(fd);
    this.#fds.delete(node);
  }
}
