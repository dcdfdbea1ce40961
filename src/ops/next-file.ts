// The file that will be opened next, got ready in the moments when no request is waiting: who reads a tree opens its files in the order in
// which they were listed, so a descriptor is opened and the content given to the kernel before it is asked for. Nothing is decided
// here: what is got ready and not used is closed, and nobody has seen it.
// Invariant: at most one file is kept ready, which only disk has and which nobody has open.

import { ON_THE_SPOT } from '../branch/calls.ts';
import { close, O_NOATIME, O_RDONLY } from '../sys/open.ts';
import { PAGES_STALE, S_IFREG } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { openNode } from '../tree/place.ts';
import type { Tree } from '../tree/tree.ts';
import type { Prefill } from './prefill.ts';

/** Opens in listed order before the next one is believed to follow. */
const PROOF = 2;
/** How far to look for the place of a file in its directory, when the first of it is opened. */
const FAR = 64;
/** For how long it counts, in ms: disk may be another's, too. */
const FRESH_MS = 1000;

export class NextFile {
  readonly #tree: Tree;
  readonly #prefill: Prefill;
  /** The directory being read, what follows in it, and how many were opened in this order. */
  #directory: Node | null = null;
  #following: Iterator<Node> | null = null;
  #next: Node | null = null;
  #inOrder = 0;
  /** What is ready: a file and its descriptor. */
  #ready: Node | null = null;
  #fd = -1;
  #since = 0;

  constructor(tree: Tree, prefill: Prefill) {
    this.#tree = tree;
    this.#prefill = prefill;
  }

  /** The descriptor of disk's file that is ready for `node`, which the caller owns from now on; -1: there is none. */
  take(node: Node): number {
    if (this.#ready !== node) return -1;
    if (performance.now() - this.#since > FRESH_MS) this.clear();
    const fd = this.#fd;
    this.#ready = null;
    this.#fd = -1;
    return fd;
  }

  /** `node` was opened to be read. */
  opened(node: Node): void {
    if (node === this.#next) {
      this.#inOrder++;
    } else {
      if (node.parent === this.#directory) this.#inOrder = 0;
      this.#enter(node);
    }
    this.#next = this.#following === null ? null : this.#step(this.#following);
  }

  /** One piece of work; false: there is none. */
  work(): boolean {
    const node = this.#next;
    if (this.#inOrder < PROOF || node === null || node === this.#ready) return false;
    // Nothing is asked in vain of a disk that may wait.
    if (this.#tree.disk.calls !== ON_THE_SPOT) return false;
    this.clear();
    if (node.onFlash || node.open !== null || node.lookups === 0 || node.has(PAGES_STALE)) return false;
    const fd = openNode(this.#tree, node, O_RDONLY | O_NOATIME);
    if (fd < 0) return false;
    this.#ready = node;
    this.#fd = fd;
    this.#since = performance.now();
    this.#prefill.give(node, fd);
    return true;
  }

  /** Keeps nothing ready. */
  clear(): void {
    if (this.#fd >= 0) close(this.#fd);
    this.#ready = null;
    this.#fd = -1;
  }

  #enter(node: Node): void {
    this.#directory = node.parent;
    this.#following = null;
    const siblings = node.parent?.dir?.children.values();
    for (let i = 0; siblings !== undefined && i < FAR; i++) {
      const { value, done } = siblings.next();
      if (done === true) return;
      if (value === node) {
        this.#following = siblings;
        return;
      }
    }
  }

  #step(following: Iterator<Node>): Node | null {
    for (let i = 0; i < FAR; i++) {
      const { value, done } = following.next() as IteratorResult<Node, undefined>;
      if (done === true) break;
      if (value.kind === S_IFREG) return value;
    }
    return null;
  }
}
