// The directory that will be listed next, its answer made in the moments when no request is waiting: who reads a tree goes from
// directory to directory in the order in which they were listed, depth first. The answer is made in small steps, so that a request that
// comes meanwhile hardly waits; what is not asked for after all is taken back.
// Invariant: what is ready is what READDIRPLUS would answer now. So it is given up before anything changes, and none is made while some
// file is open to be written, which may change without our seeing it.

import { isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { Writer } from '../wire/writer.ts';
import type { Engine } from './engine.ts';
import type { Reading } from './listings.ts';
import { putPlus } from './readdir.ts';

/** Directories in listed order before the next one is believed to follow. */
const PROOF = 2;
/** How many entries to look at for the next directory. */
const FAR = 4096;
/** Levels that are remembered. */
const DEEP = 128;
/** Bytes of an answer; what a bigger directory has beyond is added when it is asked for. */
const ROOM = 8192;

export class NextListing {
  /** What has not been visited yet, of each directory on the way down. */
  readonly #unvisited: Iterator<Node>[] = [];
  #next: DirNode | null = null;
  #inOrder = 0;
  /** What is ready, or being made. */
  #ready: DirNode | null = null;
  #reading: Reading | null = null;
  readonly #out = new Writer(Buffer.allocUnsafeSlow(ROOM));

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
  work(engine: Engine): boolean {
    const node = this.#next;
    if (this.#inOrder < PROOF || node === null || engine.data.writers > 0) return false;
    if (node !== this.#ready) {
      this.clear(engine);
      if (engine.tree.get(node.id) !== node) return false;
      const reading = engine.listings.at(node, 0);
      if (typeof reading === 'number') return false;
      this.#ready = node;
      this.#reading = reading;
      reading.given = [];
      this.#out.reset(0);
      return true;
    }
    const reading = this.#reading;
    return reading !== null && putPlus(engine, node, reading, this.#out);
  }

  /** Writes what is ready for `node` to `out`, from its beginning, and hands over where it ends; null: nothing is. */
  take(engine: Engine, node: DirNode, out: Writer): Reading | null {
    const reading = this.#reading;
    if (node !== this.#ready || reading === null) return null;
    if (engine.data.writers > 0 || this.#out.pos > out.room) {
      this.clear(engine);
      return null;
    }
    out.bytes(this.#out.buf.subarray(0, this.#out.pos));
    this.#ready = null;
    this.#reading = null;
    reading.given = null;
    return reading;
  }

  /** Takes back what is ready: something is about to change. */
  clear(engine: Engine): void {
    const reading = this.#reading;
    if (reading === null) return;
    this.#ready = null;
    this.#reading = null;
    engine.listings.ended(reading.walk);
    for (const id of reading.given ?? []) engine.tree.forget(id, 1);
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
