// A trie of names for very many paths: nodes are numbers, a node is a row of eight int32, all names lie in one stretch of bytes, and one hash table
// leads from (directory, name) to the node. An object, a map and a string per node would take five times the memory and the time to load.
// Knows nothing of what its nodes are about but three words that belong to whoever uses it: flags, a record's number, a value.
// A node's number is never given to another: who keeps the number of one that was cut off finds nothing below it.

import { randomInt } from 'node:crypto';
import type { ByteString } from '../bytes.ts';
import { join } from '../bytes.ts';

export const ROOT = 0;
/** No node; has no children. */
export const NONE = -1;

const PARENT = 0;
const HASH = 1;
const NAME = 2; // where in the bytes
const LENGTH = 3; // length << 8 | flags
const FIRST = 4; // child; ROOT: none
const NEXT = 5; // of the same directory; ROOT: none
const RECORD = 6;
const VALUE = 7;
const SHIFT = 3;
const FLAGS = 0xff;
const SLASH = 0x2f;
/** Of an empty slot: the root has no name. */
const EMPTY = ROOT;
/** Another one in each process, so that nobody can choose names that meet. */
const FACTOR = randomInt(1 << 30) * 2 + 1;

export class NameTrie {
  #cells = new Int32Array(16 << SHIFT);
  #nodes = 1;
  #bytes = new Uint8Array(256);
  #used = 0;
  #table = new Int32Array(32);
  /** Entries of the table. */
  #entries = 0;

  constructor() {
    this.#cells[PARENT] = NONE;
  }

  /** Nodes there have been, the root included: all are numbered below this. */
  get size(): number {
    return this.#nodes;
  }

  /** The node of `name` in `parent`, or NONE. */
  child(parent: number, name: ByteString): number {
    if (parent === NONE || this.#cells[(parent << SHIFT) | FIRST] === ROOT) return NONE;
    let hash = 0;
    for (let i = 0; i < name.length; i++) hash = step(hash, name.charCodeAt(i));
    hash = finish(hash, parent);
    const table = this.#table;
    const mask = table.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const node = table[slot]!;
      if (node === EMPTY) return NONE;
      if (this.#fits(node, parent, hash, name.length) && this.#isNamed(node, name)) return node;
    }
  }

  /** The node of `name` in `parent`, made where it is missing. */
  ensureChild(parent: number, name: ByteString): number {
    const known = this.child(parent, name);
    if (known !== NONE) return known;
    let hash = 0;
    this.#room(name.length);
    for (let i = 0; i < name.length; i++) {
      const byte = name.charCodeAt(i);
      this.#bytes[this.#used + i] = byte;
      hash = step(hash, byte);
    }
    return this.#add(parent, finish(hash, parent), name.length);
  }

  /** The node at a path, or NONE. */
  find(path: ByteString): number {
    if (path === '') return ROOT;
    let node = ROOT;
    for (const name of path.split('/') as ByteString[]) if ((node = this.child(node, name)) === NONE) break;
    return node;
  }

  /** The node at a path, made where it is missing. */
  ensure(path: ByteString): number {
    let node = ROOT;
    if (path !== '') for (const name of path.split('/') as ByteString[]) node = this.ensureChild(node, name);
    return node;
  }

  /** As `ensure`, for the path that these bytes are. */
  ensureAt(buf: Uint8Array, start: number, end: number): number {
    let node = ROOT;
    if (start === end) return node;
    for (let from = start; from <= end;) {
      let hash = 0;
      let to = from;
      for (; to < end; to++) {
        const byte = buf[to]!;
        if (byte === SLASH) break;
        hash = step(hash, byte);
      }
      node = this.#ensureBytes(node, finish(hash, node), buf, from, to);
      from = to + 1;
    }
    return node;
  }

  /** Takes all that is below `node` out of the trie. */
  cutBelow(node: number): void {
    const cells = this.#cells;
    const open = [node];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      for (let child = this.firstChild(at); child !== NONE; child = this.nextChild(child)) {
        this.#takeOut(child);
        cells[(child << SHIFT) | PARENT] = NONE;
        open.push(child);
      }
      cells[(at << SHIFT) | FIRST] = ROOT;
    }
  }

  /** NONE of the root, and of what was cut off. */
  parent(node: number): number {
    return this.#cells[(node << SHIFT) | PARENT]!;
  }

  firstChild(node: number): number {
    return this.#cells[(node << SHIFT) | FIRST]! || NONE;
  }

  /** The next one in the same directory. */
  nextChild(node: number): number {
    return this.#cells[(node << SHIFT) | NEXT]! || NONE;
  }

  *children(node: number): Generator<number> {
    if (node !== NONE)
      for (let child = this.firstChild(node); child !== NONE; child = this.nextChild(child)) yield child;
  }

  /** `node` and all that is below it, a directory before what it holds. */
  *walk(node: number): Generator<number> {
    const open = [node];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      yield at;
      for (let child = this.firstChild(at); child !== NONE; child = this.nextChild(child)) open.push(child);
    }
  }

  name(node: number): ByteString {
    const at = this.#cells[(node << SHIFT) | NAME]!;
    return text(this.#bytes, at, at + this.#length(node));
  }

  path(node: number): ByteString {
    if (node === ROOT) return '' as ByteString;
    const parent = this.parent(node);
    return parent === NONE ? this.name(node) : join(this.path(parent), this.name(node));
  }

  flags(node: number): number {
    return node === NONE ? 0 : this.#cells[(node << SHIFT) | LENGTH]! & FLAGS;
  }

  setFlags(node: number, flags: number): void {
    const at = (node << SHIFT) | LENGTH;
    this.#cells[at] = (this.#cells[at]! & ~FLAGS) | flags;
  }

  /** 0 until it is set. */
  record(node: number): number {
    return node === NONE ? 0 : this.#cells[(node << SHIFT) | RECORD]!;
  }

  setRecord(node: number, record: number): void {
    this.#cells[(node << SHIFT) | RECORD] = record;
  }

  /** 0 until it is set. */
  value(node: number): number {
    return node === NONE ? 0 : this.#cells[(node << SHIFT) | VALUE]!;
  }

  setValue(node: number, value: number): void {
    this.#cells[(node << SHIFT) | VALUE] = value;
  }

  #length(node: number): number {
    return this.#cells[(node << SHIFT) | LENGTH]! >>> 8;
  }

  #fits(node: number, parent: number, hash: number, length: number): boolean {
    const cells = this.#cells;
    const at = node << SHIFT;
    return cells[at | HASH] === hash && cells[at | PARENT] === parent && cells[at | LENGTH]! >>> 8 === length;
  }

  #isNamed(node: number, name: ByteString): boolean {
    const at = this.#cells[(node << SHIFT) | NAME]!;
    for (let i = 0; i < name.length; i++) if (this.#bytes[at + i] !== name.charCodeAt(i)) return false;
    return true;
  }

  #ensureBytes(parent: number, hash: number, buf: Uint8Array, from: number, to: number): number {
    const table = this.#table;
    const mask = table.length - 1;
    const length = to - from;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const node = table[slot]!;
      if (node === EMPTY) break;
      if (!this.#fits(node, parent, hash, length)) continue;
      const at = this.#cells[(node << SHIFT) | NAME]!;
      let i = 0;
      while (i < length && this.#bytes[at + i] === buf[from + i]) i++;
      if (i === length) return node;
    }
    this.#room(length);
    const bytes = this.#bytes;
    for (let i = from, at = this.#used; i < to; i++, at++) bytes[at] = buf[i]!;
    return this.#add(parent, hash, length);
  }

  /** The new node, whose name is behind the bytes in use. */
  #add(parent: number, hash: number, length: number): number {
    const node = this.#nodes++;
    if (this.#cells.length === node << SHIFT) this.#cells = grown(this.#cells, (node << SHIFT) * 2);
    const cells = this.#cells;
    const at = node << SHIFT;
    const first = (parent << SHIFT) | FIRST;
    cells[at | PARENT] = parent;
    cells[at | HASH] = hash;
    cells[at | NAME] = this.#used;
    cells[at | LENGTH] = length << 8;
    cells[at | NEXT] = cells[first]!;
    cells[first] = node;
    this.#used += length;
    if (++this.#entries * 2 > this.#table.length) this.#spread();
    else this.#putIn(node, hash);
    return node;
  }

  #room(length: number): void {
    const { length: now } = this.#bytes;
    if (this.#used + length <= now) return;
    const bytes = new Uint8Array(Math.max(now * 2, now + length));
    bytes.set(this.#bytes.subarray(0, this.#used));
    this.#bytes = bytes;
  }

  #spread(): void {
    this.#table = new Int32Array(this.#table.length * 2);
    const cells = this.#cells;
    for (let node = 1; node < this.#nodes; node++)
      if (cells[(node << SHIFT) | PARENT] !== NONE) this.#putIn(node, cells[(node << SHIFT) | HASH]!);
  }

  #putIn(node: number, hash: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let slot = hash & mask;
    while (table[slot] !== EMPTY) slot = (slot + 1) & mask;
    table[slot] = node;
  }

  #takeOut(node: number): void {
    const [table, cells] = [this.#table, this.#cells];
    const mask = table.length - 1;
    let free = cells[(node << SHIFT) | HASH]! & mask;
    while (table[free] !== node) free = (free + 1) & mask;
    // What stands behind it moves up, as far as its own first slot allows: a search stops at the first empty one.
    for (let slot = (free + 1) & mask; table[slot] !== EMPTY; slot = (slot + 1) & mask) {
      const home = cells[(table[slot]! << SHIFT) | HASH]! & mask;
      if (((slot - home) & mask) < ((slot - free) & mask)) continue;
      table[free] = table[slot]!;
      free = slot;
    }
    table[free] = EMPTY;
    this.#entries--;
  }
}

function step(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, FACTOR);
}

function finish(hash: number, parent: number): number {
  const mixed = Math.imul(hash ^ (hash >>> 15) ^ Math.imul(parent, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 13);
}

function grown(cells: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const more = new Int32Array(length);
  more.set(cells);
  return more;
}

function text(bytes: Uint8Array, start: number, end: number): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1') as ByteString;
}
