// The directory that will be listed next, its answer made in the moments when no request is waiting: who reads a tree goes from
// directory to directory in the order in which they were listed, depth first. The answer is made in small steps, so that a request that
// comes meanwhile hardly waits; what is not asked for after all is taken back.
// Invariant: what is ready is what READDIRPLUS would answer now. So it is given up before anything changes, and none is made while some
// file is open to be written, which may change without our seeing it.

import { ON_THE_SPOT } from '../branch/calls.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';
import { Writer } from '../wire/writer.ts';
import type { DataPath } from './data-path.ts';
import type { Listings, Reading } from './listings.ts';

/** Directories in listed order before the next one is believed to follow. */
const PROOF = 2;
/** How many entries to look at for the next directory. */
const FAR = 4096;
/** Levels that are remembered. */
const DEEP = 128;
/** Bytes of an answer; what a bigger directory has beyond is added when it is asked for. */
const ROOM = 8192;
/** For how long it counts, in ms: the user may take something from flash behind our back. */
const FRESH_MS = 1000;

export interface NextListingOptions {
  readonly tree: Tree;
  readonly listings: Listings;
  readonly data: DataPath;
  /** Adds the entry that comes next, as READDIRPLUS does; false: there is none, or it does not fit. */
  readonly put: (parent: DirNode, reading: Reading, out: Writer) => boolean;
}

export class NextListing {
  readonly #parts: NextListingOptions;
  /** What has not been visited yet, of each directory on the way down. */
  readonly #unvisited: Iterator<Node>[] = [];
  #next: DirNode | null = null;
  #inOrder = 0;
  /** What is ready, or being made. */
  #ready: DirNode | null = null;
  #reading: Reading | null = null;
  #since = 0;
  readonly #out = new Writer(Buffer.allocUnsafeSlow(ROOM));

  constructor(parts: NextListingOptions) {
    this.#parts = parts;
  }

  /** A directory was listed to its end. */
  ended(node: DirNode): void {
    if (node === this.#next) {
      this.#inOrder++;
    } else {
      this.#inOrder = 0;
      this.#unvisited.length = 0;
      this.#resume(node);
    }
    if (this.#unvisited.length < DEEP) this.#unvisited.push(node.dir.children.values());
    this.#next = this.#step();
  }

  /** Does one step; false: there is nothing to do. */
  work(): boolean {
    const { tree, listings, data, put } = this.#parts;
    const node = this.#next;
    if (this.#inOrder < PROOF || node === null || data.writers > 0) return false;
    // Nothing is asked in vain of a disk that may wait.
    if (tree.disk.calls !== ON_THE_SPOT) return false;
    if (node !== this.#ready) {
      this.clear();
      if (tree.get(node.id) !== node) return false;
      const reading = listings.at(node, 0);
      if (typeof reading === 'number') return false;
      this.#ready = node;
      this.#reading = reading;
      this.#since = performance.now();
      reading.given = [];
      this.#out.reset(0);
      return true;
    }
    const reading = this.#reading;
    return reading !== null && put(node, reading, this.#out);
  }

  /** Writes what is ready for `node` to `out`, from its beginning, and hands over where it ends; null: nothing is. */
  take(node: DirNode, out: Writer): Reading | null {
    const reading = this.#reading;
    if (node !== this.#ready || reading === null) return null;
    const stale = performance.now() - this.#since > FRESH_MS;
    if (stale || this.#parts.data.writers > 0 || this.#out.pos > out.room) {
      this.clear();
      return null;
    }
    out.bytes(this.#out.buf.subarray(0, this.#out.pos));
    this.#ready = null;
    this.#reading = null;
    reading.given = null;
    return reading;
  }

  /** Takes back what is ready: something is about to change. */
  clear(): void {
    const reading = this.#reading;
    if (reading === null) return;
    this.#ready = null;
    this.#reading = null;
    const { tree, listings } = this.#parts;
    listings.ended(reading.walk);
    for (const id of reading.given ?? []) tree.forget(id, 1);
  }

  /** Goes on where `node` is among its siblings. */
  #resume(node: DirNode): void {
    const siblings = node.parent?.dir?.children.values();
    for (let i = 0; siblings !== undefined && i < FAR; i++) {
      const { value, done } = siblings.next();
      if (done === true) return;
      if (value === node) {
        this.#unvisited.push(siblings);
        return;
      }
    }
  }

  #step(): DirNode | null {
    for (let looked = 0; looked < FAR; looked++) {
      const top = this.#unvisited.at(-1);
      if (top === undefined) return null;
      const { value, done } = top.next() as IteratorResult<Node, undefined>;
      if (done === true) this.#unvisited.pop();
      else if (isDir(value)) return value;
    }
    return null;
  }
}
