// Facts about paths that are kept outside the tree: in memory as two tries of names, on flash as a log of records (mark-record.ts).
//   By path on disk: `whiteout` (disk's object is removed), `opaque` (flash's object in its place is another one) and `spent` (a name, one of
//   several, that no longer counts as disk's: flash has it, or nobody has). A directory of disk shows at one place of the merged root
//   at most, wherever that was renamed to, so these never have to be moved.
//   By path in the merged root: `origin`, what flash's object came from (its inode number, a renamed directory's place on disk).
// `whiteout` counts only where flash has no object in its place, `opaque` only where it has one, `origin` only where it has the very one (by
// its inode number) that the mark is about; a path can have several. So each may be made durable before the change of flash that it
// belongs to, and a crash between the two leaves the tree as it was.

import type { ByteString } from '../bytes.ts';
import type { MarkRecord } from './mark-record.ts';
import { NameTrie, NONE } from './name-trie.ts';
import { NO_ORIGIN, Origins } from './origins.ts';
import type { Origin } from './origins.ts';

/** What is marked of a path on disk, in one word. */
export const WHITEOUT = 1;
export const OPAQUE = 2;
export const SPENT = 4;

/** An object of disk with several names, of which some are spent. */
export interface DiskLinks {
  /** Inode number as shown, int32 halves. */
  readonly inoLo: number;
  readonly inoHi: number;
  /** Names that disk has of it. */
  readonly links: number;
  /** How many of them are spent. */
  spent: number;
  /** Where it is among all of them. */
  readonly index: number;
}

type InoKey = (lo: number, hi: number) => number | string;

/** Both tries, as a pure function of the records applied to them. Directories and names are nodes of a trie, NONE where it has none. */
export class Marks {
  /** By path on disk. Flags: WHITEOUT and so on; value: which of `#spent`; record: the newest that is about the name. */
  readonly disk = new NameTrie();
  /** By path in the merged root. Value: its list of `origins`; record: the newest. */
  readonly merged = new NameTrie();
  readonly origins = new Origins();
  /** Merged paths of which flash's copy has still to follow disk's; with the number of the record, and from where a directory was moved. */
  readonly dirty = new Map<ByteString, { record: number; readonly from: ByteString | null }>();
  /** Names of disk that are removed now. */
  whiteouts = 0;
  /** Flash as the last `home` said. */
  home: ByteString | null = null;
  /** Objects of disk of whose several names some are spent, by the inode number that they show. */
  readonly links = new Map<number | string, DiskLinks>();
  /** The same, as the trie's values count them. */
  readonly #spent: DiskLinks[] = [];
  readonly #inoKey: InoKey;

  constructor(inoKey: InoKey) {
    this.#inoKey = inoKey;
  }

  /** What is marked of `name` in a directory of disk: WHITEOUT | OPAQUE | SPENT. */
  of(dir: number, name: ByteString): number {
    return this.disk.flags(this.disk.child(dir, name));
  }

  /** Where flash's object with this inode number comes from, whose name is `name` in a directory of the merged root. */
  originOf(dir: number, name: ByteString, flashLo: number, flashHi: number): Origin | null {
    const row = this.origins.find(this.merged.value(this.merged.child(dir, name)), flashLo, flashHi);
    return row === NO_ORIGIN ? null : this.origins.get(row);
  }

  apply(record: MarkRecord, number: number): void {
    const { disk, merged } = this;
    switch (record.kind) {
      case 'whiteout':
        this.whiteoutAt(disk.ensure(record.path), number);
        break;
      case 'opaque':
        this.opaqueAt(disk.ensure(record.path), number);
        break;
      case 'reveal':
        this.unmark(disk.find(record.path));
        break;
      case 'spent':
        this.#spend(disk.ensure(record.path), record);
        break;
      case 'home':
        if (this.home !== null && this.home !== record.path) this.#believeByPath();
        this.home = record.path;
        break;
      case 'origin': {
        const { inoLo, inoHi, flashLo, flashHi, diskPath } = record.origin;
        this.originAt(merged.ensure(record.path), inoLo, inoHi, flashLo, flashHi, diskPath, number);
        break;
      }
      case 'clear':
        this.#forgetAll(merged.find(record.path));
        break;
      case 'prune': {
        const node = merged.find(record.path);
        if (node === NONE) break;
        for (const below of merged.walk(node)) this.#forgetAll(below);
        merged.cutBelow(node);
        break;
      }
      case 'dirty':
        this.dirty.set(record.path, { record: number, from: null });
        break;
      case 'moved':
        this.dirty.set(record.path, { record: number, from: record.from });
        break;
      case 'clean':
        this.dirty.delete(record.path);
        break;
      case 'copy': {
        const from = merged.find(record.from);
        if (from !== NONE) this.#copyBelow(from, merged.ensure(record.path), number);
        break;
      }
    }
  }

  /** As a `whiteout` record for the path of `node`, a node of `disk`. */
  whiteoutAt(node: number, number: number): void {
    const flags = this.disk.flags(node);
    if ((flags & WHITEOUT) === 0) this.whiteouts++;
    this.disk.setFlags(node, flags | WHITEOUT);
    this.disk.setRecord(node, number);
  }

  /** As an `opaque` record for the path of `node`, a node of `disk`. */
  opaqueAt(node: number, number: number): void {
    this.disk.setFlags(node, this.disk.flags(node) | OPAQUE);
    this.disk.setRecord(node, number);
  }

  /** As an `origin` record for the path of `node`, a node of `merged`. */
  originAt(
    node: number,
    inoLo: number,
    inoHi: number,
    flashLo: number,
    flashHi: number,
    diskPath: ByteString | null,
    number: number,
  ): void {
    const list = this.merged.value(node);
    this.merged.setValue(node, this.origins.put(list, node, inoLo, inoHi, flashLo, flashHi, diskPath));
    this.merged.setRecord(node, number);
  }

  /** Takes back what is marked of a node of `disk`: all, or only the flags given. */
  unmark(node: number, which = WHITEOUT | OPAQUE | SPENT): void {
    const flags = this.disk.flags(node) & which;
    if (flags === 0) return;
    if ((flags & WHITEOUT) !== 0) this.whiteouts--;
    if ((flags & SPENT) !== 0) this.#unspend(this.spentAt(node));
    this.disk.setFlags(node, this.disk.flags(node) & ~flags);
  }

  /** The object of disk of which a node of `disk`, which is SPENT, is a name. */
  spentAt(node: number): DiskLinks {
    return this.#spent[this.disk.value(node)]!;
  }

  /** Where objects of flash come from that a node of `merged` was or is the name of, the newest last. */
  *originsAt(node: number): Generator<Origin> {
    for (let row = this.merged.value(node); row !== NO_ORIGIN; row = this.origins.next(row))
      yield this.origins.get(row);
  }

  /** The origin that a node of `merged` has of an object of flash is forgotten. */
  dropOrigin(node: number, flashLo: number, flashHi: number): void {
    const list = this.merged.value(node);
    this.merged.setValue(node, this.origins.drop(list, this.origins.exact(list, flashLo, flashHi)));
  }

  /** How many records `records` gives. */
  count(): number {
    let count = this.home === null ? 0 : 1;
    for (let node = 0; node < this.disk.size; node++) {
      const flags = this.disk.flags(node);
      count += (flags & WHITEOUT) + ((flags & OPAQUE) >> 1) + ((flags & SPENT) >> 2);
    }
    return count + this.origins.count + this.dirty.size;
  }

  /** The fewest records that make these marks, those of one directory together. */
  *records(): Generator<MarkRecord> {
    if (this.home !== null) yield { kind: 'home', path: this.home };
    for (const [path, { from }] of this.dirty)
      yield from === null ? { kind: 'dirty', path } : { kind: 'moved', from, path };
    for (const node of this.disk.walk(0)) {
      const flags = this.disk.flags(node);
      if (flags === 0) continue;
      const path = this.disk.path(node);
      if ((flags & WHITEOUT) !== 0) yield { kind: 'whiteout', path };
      if ((flags & OPAQUE) !== 0) yield { kind: 'opaque', path };
      if ((flags & SPENT) === 0) continue;
      const { inoLo, inoHi, links } = this.spentAt(node);
      yield { kind: 'spent', path, inoLo, inoHi, links };
    }
    for (const node of this.merged.walk(0)) {
      if (this.merged.value(node) === NO_ORIGIN) continue;
      const path = this.merged.path(node);
      for (const origin of this.originsAt(node)) yield { kind: 'origin', path, origin };
    }
  }

  /** Whether anything below the merged path has an origin. */
  hasOriginsBelow(path: ByteString): boolean {
    const node = this.merged.find(path);
    if (node === NONE) return false;
    for (const below of this.merged.walk(node))
      if (below !== node && this.merged.value(below) !== NO_ORIGIN) return true;
    return false;
  }

  /** Whether anything is marked of a node of `disk`, or of one below it. */
  speaks(node: number): boolean {
    if (node === NONE) return false;
    for (const below of this.disk.walk(node)) if (this.disk.flags(below) !== 0) return true;
    return false;
  }

  /** Merged paths at which an object with this number was put; not all of them need to exist. */
  paths(inoLo: number, inoHi: number): ByteString[] {
    const nodes = new Set(this.origins.withNumber(inoLo, inoHi));
    return [...nodes].map((node) => this.merged.path(node));
  }

  #spend(node: number, { inoLo, inoHi, links }: Extract<MarkRecord, { kind: 'spent' }>): void {
    const flags = this.disk.flags(node);
    if ((flags & SPENT) !== 0) return;
    const key = this.#inoKey(inoLo, inoHi);
    let all = this.links.get(key);
    if (all === undefined) {
      all = { inoLo, inoHi, links, spent: 0, index: this.#spent.length };
      this.links.set(key, all);
      this.#spent.push(all);
    }
    all.spent++;
    this.disk.setFlags(node, flags | SPENT);
    this.disk.setValue(node, all.index);
  }

  #unspend(all: DiskLinks): void {
    all.spent--;
    if (all.spent === 0) this.links.delete(this.#inoKey(all.inoLo, all.inoHi));
  }

  #forgetAll(node: number): void {
    if (node === NONE) return;
    let list = this.merged.value(node);
    while (list !== NO_ORIGIN) list = this.origins.drop(list, list);
    this.merged.setValue(node, NO_ORIGIN);
  }

  #believeByPath(): void {
    for (const node of this.merged.walk(0)) {
      const newest = this.origins.newest(this.merged.value(node));
      if (newest === NO_ORIGIN) continue;
      const { inoLo, inoHi, diskPath } = this.origins.get(newest);
      this.#forgetAll(node);
      this.originAt(node, inoLo, inoHi, 0, 0, diskPath, this.merged.record(node));
    }
  }

  #copyBelow(from: number, to: number, number: number): void {
    const { merged } = this;
    for (const child of merged.children(from)) {
      const target = merged.ensureChild(to, merged.name(child));
      for (const { inoLo, inoHi, flashLo, flashHi, diskPath } of this.originsAt(child))
        this.originAt(target, inoLo, inoHi, flashLo, flashHi, diskPath, number);
      this.#copyBelow(child, target, number);
    }
  }
}
