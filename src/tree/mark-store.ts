// Marks as the operations set them: by directory node and name, in memory and in the log at once. Each setter gives the number of the
// record that says so, also when it was said before (0: nothing had to be said), or an Errno, and then nothing has changed.

import type { ByteString } from '../bytes.ts';
import { join } from '../bytes.ts';
import type { MarkLog } from './mark-log.ts';
import type { MarkRecord } from './mark-record.ts';
import { OPAQUE, SPENT, WHITEOUT } from './marks.ts';
import type { Marks } from './marks.ts';
import { NONE } from './name-trie.ts';
import { NO_ORIGIN } from './origins.ts';
import type { Origin } from './origins.ts';
import type { Stat } from '../sys/stat.ts';
import { isDir, S_IFDIR, S_IFMT } from './node.ts';
import type { DirNode } from './node.ts';
import type { Tree } from './tree.ts';

export class MarkStore {
  readonly log: MarkLog;
  readonly marks: Marks;
  /** Number of the newest record that took an origin back. */
  retracted = 0;
  readonly #tree: Tree;
  /** Records of marks that are being set together. */
  #batch: MarkRecord[] | null = null;

  constructor(log: MarkLog, marks: Marks, tree: Tree) {
    this.log = log;
    this.marks = marks;
    this.#tree = tree;
  }

  /**
   * All marks that `say` sets, in one write: each of them, or, for want of room, none. They count when this returns. What `say` gives (the number
   * of a record, or an Errno and then none is set), or what appending gives.
   */
  together(say: () => number): number {
    if (this.#batch !== null) return say();
    const batch: MarkRecord[] = [];
    this.#batch = batch;
    try {
      const said = say();
      if (said < 0 || batch.length === 0) return said;
      const first = this.log.appended + 1;
      const last = this.log.appendAll(batch);
      if (last < 0) return last;
      for (const [i, record] of batch.entries()) this.#apply(record, first + i);
      return said;
    } finally {
      this.#batch = null;
    }
  }

  /** Disk's object of this name is removed. */
  whiteout(parent: DirNode, name: ByteString): number {
    return this.#said(parent, name, WHITEOUT) ?? this.#hide(parent, name, 'whiteout');
  }

  isWhiteout(parent: DirNode, name: ByteString): boolean {
    return (this.marks.of(parent.dir.hides, name) & WHITEOUT) !== 0;
  }

  /** Flash's object of this name is not disk's object of this name. */
  opaque(parent: DirNode, name: ByteString): number {
    return this.#said(parent, name, OPAQUE) ?? this.#hide(parent, name, 'opaque');
  }

  /** This name, of which disk's object has several, no longer counts as one that only disk has; `stat` is disk's object. */
  spend(parent: DirNode, name: ByteString, stat: Stat): number {
    if (stat.nlink < 2 || (stat.mode & S_IFMT) === S_IFDIR) return 0;
    const { disk } = parent.dir;
    if (disk === null || (this.marks.of(parent.dir.hides, name) & SPENT) !== 0) return 0;
    const { inos } = this.#tree;
    inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
    const path = join(disk.path(), name);
    const number = this.#append({ kind: 'spent', path, inoLo: inos.lo, inoHi: inos.hi, links: stat.nlink });
    if (number >= 0) this.#hidesOf(parent);
    return number;
  }

  /**
   * The change did not come about for which (`parent`, `name`) was spent: flash has no such name, so it counts as disk's again, unless it is removed.
   * What appending gives; the marks in memory are right in any case.
   */
  unspend(parent: DirNode, name: ByteString): number {
    const { disk } = parent.dir;
    const marked = this.marks.of(parent.dir.hides, name);
    if (disk === null || (marked & SPENT) === 0 || (marked & WHITEOUT) !== 0) return 0;
    const record: MarkRecord = { kind: 'reveal', path: join(disk.path(), name) };
    const number = this.log.append(record);
    this.marks.apply(record, Math.max(0, number));
    return number;
  }

  /** Whether a mark speaks of what disk has under this name. */
  hides(parent: DirNode, name: ByteString): boolean {
    return this.marks.of(parent.dir.hides, name) !== 0;
  }

  /** Whether a mark speaks of the name `name` of disk's directory, or of anything below it. */
  hidesBelow(parent: DirNode, name: ByteString): boolean {
    return this.marks.speaks(this.marks.disk.child(parent.dir.hides, name));
  }

  /** Disk's object of this name shows again where flash has none, and is the same as flash's where it has one. */
  reveal(parent: DirNode, name: ByteString): number {
    const marked = this.marks.of(parent.dir.hides, name) & (WHITEOUT | OPAQUE);
    return marked !== 0 ? this.#hide(parent, name, 'reveal') : 0;
  }

  origin(parent: DirNode, name: ByteString, origin: Origin): number {
    const now = this.marks.originOf(parent.dir.origins, name, origin.flashLo, origin.flashHi);
    if (now?.inoLo === origin.inoLo && now.inoHi === origin.inoHi && now.diskPath === origin.diskPath)
      return this.marks.merged.record(this.marks.merged.child(parent.dir.origins, name));
    const number = this.#append({ kind: 'origin', path: this.#tree.pathOf(parent, name), origin });
    if (number >= 0) this.#originsOf(parent);
    return number;
  }

  /** Whether there is a mark of where an object of this name came from, be it the one that is there now or not. */
  hasOrigin(parent: DirNode, name: ByteString): boolean {
    return this.marks.merged.value(this.marks.merged.child(parent.dir.origins, name)) !== NO_ORIGIN;
  }

  /** The name has no origin any more. */
  clear(parent: DirNode, name: ByteString): number {
    if (!this.hasOrigin(parent, name)) return 0;
    return this.#append({ kind: 'clear', path: this.#tree.pathOf(parent, name) });
  }

  /** Before the directory at `from` becomes (`parent`, `name`): the origins below it hold at both places until `prune`. */
  copyBelow(from: ByteString, parent: DirNode, name: ByteString): number {
    if (!this.marks.hasOriginsBelow(from)) return 0;
    const number = this.#append({ kind: 'copy', from, path: this.#tree.pathOf(parent, name) });
    if (number >= 0) this.#originsOf(parent);
    return number;
  }

  /** Neither `path` nor anything below it has an origin any more. */
  prune(path: ByteString): number {
    const { merged } = this.marks;
    const node = merged.find(path);
    if (node === NONE || (merged.value(node) === NO_ORIGIN && merged.firstChild(node) === NONE)) return 0;
    return this.#append({ kind: 'prune', path });
  }

  /** Flash has no object of this name any more, and nothing of it is to be remembered: disk's shows as it is. */
  forget(parent: DirNode, name: ByteString): number {
    const marked = this.marks.of(parent.dir.hides, name);
    const revealed = marked !== 0 ? this.#hide(parent, name, 'reveal') : 0;
    return revealed < 0 ? revealed : this.clear(parent, name);
  }

  /** Flash's copy of the merged `path` has to follow disk's; `from`: a directory that was there. */
  dirty(path: ByteString, from: ByteString | null = null): number {
    const now = this.marks.dirty.get(path);
    if (now !== undefined && (from === null || now.from === from)) return now.record;
    return this.#append(from === null ? { kind: 'dirty', path } : { kind: 'moved', from, path });
  }

  clean(path: ByteString): number {
    return this.marks.dirty.has(path) ? this.#append({ kind: 'clean', path }) : 0;
  }

  /** Says which flash this is; see Marks. */
  settle(home: ByteString): number {
    return this.marks.home === home ? 0 : this.#append({ kind: 'home', path: home });
  }

  durable(record: number): boolean {
    return record <= this.log.durable;
  }

  #hide(parent: DirNode, name: ByteString, kind: 'whiteout' | 'opaque' | 'reveal'): number {
    const { disk } = parent.dir;
    if (disk === null) return 0;
    const number = this.#append({ kind, path: join(disk.path(), name) });
    if (number >= 0) this.#hidesOf(parent);
    return number;
  }

  /** The record's number, where `flag` is marked of the name already. */
  #said(parent: DirNode, name: ByteString, flag: number): number | undefined {
    const { disk } = this.marks;
    const node = disk.child(parent.dir.hides, name);
    return (disk.flags(node) & flag) === 0 ? undefined : disk.record(node);
  }

  #append(record: MarkRecord): number {
    if (this.#batch !== null) return this.log.appended + this.#batch.push(record);
    const number = this.log.append(record);
    if (number >= 0) this.#apply(record, number);
    return number;
  }

  #apply(record: MarkRecord, number: number): void {
    this.marks.apply(record, number);
    if (record.kind === 'clear' || record.kind === 'prune') this.retracted = Math.max(this.retracted, number);
  }

  // A directory that had no marks so far does not know where they are: neither do those above it, and their children ask them.
  #hidesOf(dir: DirNode): number {
    const { parent } = dir;
    const { disk } = dir.dir;
    if (dir.dir.hides !== NONE || disk === null) return dir.dir.hides;
    const straight = parent !== null && isDir(parent) && parent.dir.disk === disk.parent;
    return (dir.dir.hides = straight
      ? this.marks.disk.ensureChild(this.#hidesOf(parent), disk.name)
      : this.marks.disk.ensure(disk.path()));
  }

  #originsOf(dir: DirNode): number {
    const { parent } = dir;
    if (dir.dir.origins !== NONE || parent === null || !isDir(parent)) return dir.dir.origins;
    return (dir.dir.origins = this.marks.merged.ensureChild(this.#originsOf(parent), dir.name));
  }
}
