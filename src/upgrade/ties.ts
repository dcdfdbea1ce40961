// Ties: the marks that make flash's copy of a file with several names, and the names that only disk has of it, one object (`spent`, `origin`). In upgrade mode disk's
// file is what changes, and says by itself which names it has: so where the branches agree the ties are loosened when the mode begins, and
// fastened, for the files that there are by then, when it ends. What was changed on flash stays tied, and is changed there.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { ENOENT } from '../errno.ts';
import type { Journal } from '../capture/journal.ts';
import type { MarkSync } from '../capture/mark-sync.ts';
import type { Features } from '../copy/features.ts';
import { publish } from '../copy/publish.ts';
import type { Stage } from '../copy/stage.ts';
import { linkat, unlinkat } from '../sys/link.ts';
import { newStat } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import { inoKey } from '../tree/ino.ts';
import type { MarkStore } from '../tree/mark-store.ts';
import { SPENT } from '../tree/marks.ts';
import type { DiskLinks } from '../tree/marks.ts';
import { FROM_DISK, isDir, S_IFDIR, S_IFMT, SIDE_KNOWN } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { sameTime } from '../tree/same-time.ts';
import type { Tree } from '../tree/tree.ts';

export interface TiesOptions {
  readonly tree: Tree;
  readonly marks: MarkStore;
  readonly markSync: MarkSync;
  readonly stage: Stage;
  readonly features: Features;
  readonly journal: Journal;
}

interface Named {
  readonly parent: DirNode;
  readonly name: ByteString;
}

const onFlash = newStat();
const onDisk = newStat();

export class Ties {
  readonly #parts: TiesOptions;

  constructor(parts: TiesOptions) {
    this.#parts = parts;
  }

  /** The mode begins; or `only` this was captured in it. What cannot be written down stays as it is. */
  loosen(only?: Node): void {
    const { marks } = this.#parts;
    const spent = new Map<DiskLinks, number[]>();
    for (const links of marks.marks.links.values())
      if (only === undefined || (only.inoLo === links.inoLo && only.inoHi === links.inoHi)) spent.set(links, []);
    if (spent.size === 0) return;
    const { disk } = marks.marks;
    for (const mark of disk.walk(0))
      if ((disk.flags(mark) & SPENT) !== 0) spent.get(marks.marks.spentAt(mark))?.push(mark);
    for (const [links, names] of spent) this.#loosen(links, names);
  }

  /** The mode ends: each of these merged paths whose file has further names on disk. Durable when it returns. */
  fasten(paths: Iterable<ByteString>): void {
    const { marks, markSync, tree } = this.#parts;
    const first = new Map<number | string, Named>();
    let dir: ByteString | null = null;
    let parent: DirNode | null = null;
    const pinned: DirNode[] = [];
    for (const path of paths) {
      const slash = path.lastIndexOf('/');
      const above = asBytes(path.slice(0, Math.max(0, slash)));
      if (above !== dir) {
        const node = tree.walk(above);
        dir = above;
        parent = typeof node !== 'number' && isDir(node) ? node : null;
        if (parent !== null) {
          tree.pin(parent);
          pinned.push(parent);
        }
      }
      if (parent !== null && !marks.marks.dirty.has(path))
        this.#fasten(path, { parent, name: asBytes(path.slice(slash + 1)) }, first);
    }
    for (const node of pinned) tree.unpin(node);
    if (first.size > 0) markSync.now();
  }

  /** As `fasten`, of one name that flash has just got. */
  fastenName(parent: DirNode, name: ByteString): void {
    this.#fasten(this.#parts.tree.pathOf(parent, name), { parent, name }, new Map());
  }

  #loosen(links: DiskLinks, names: readonly number[]): void {
    const { marks, tree } = this.#parts;
    const { disk } = marks.marks;
    const tied: Named[] = [];
    for (const mark of names) {
      if (disk.flags(mark) !== SPENT) return;
      const named = this.#placeOf(disk.path(mark));
      if (named === null || !this.#agrees(links, named)) return;
      tied.push(named);
    }
    const known = new Set(tied.map(({ parent, name }) => tree.pathOf(parent, name)));
    // Flash has it, or had it, under a name that disk has not.
    if (marks.marks.paths(links.inoLo, links.inoHi).some((path) => !known.has(path))) return;
    marks.together(() => {
      for (const { parent, name } of tied) {
        const said = marks.forget(parent, name);
        if (said < 0) return said;
      }
      return 0;
    });
    this.#sideAnew(links);
  }

  /** Where the merged root shows a path of disk; null: elsewhere, or not at all. */
  #placeOf(path: ByteString): Named | null {
    const slash = path.lastIndexOf('/');
    const above = asBytes(path.slice(0, Math.max(0, slash)));
    const parent = this.#parts.tree.walk(above);
    if (typeof parent === 'number' || !isDir(parent) || parent.dir.disk?.path() !== above) return null;
    return { parent, name: asBytes(path.slice(slash + 1)) };
  }

  /** Whether flash's object of this name is as disk's, which has this number; or flash has none. */
  #agrees({ inoLo, inoHi }: DiskLinks, { parent, name }: Named): boolean {
    const { tree } = this.#parts;
    const { flash, disk } = parent.dir;
    if (disk === null || tree.disk.stat(disk, name, onDisk) < 0) return false;
    this.#number(onDisk);
    if (tree.inos.lo !== inoLo || tree.inos.hi !== inoHi) return false;
    const found = flash === null ? ENOENT : tree.flash.stat(flash, name, onFlash);
    return found === ENOENT || (found >= 0 && isCopy());
  }

  #fasten(path: ByteString, { parent, name }: Named, first: Map<number | string, Named>): void {
    const { journal, marks, tree } = this.#parts;
    const { flash, disk } = parent.dir;
    if (flash === null || disk === null || tree.disk.stat(disk, name, onDisk) < 0) return;
    if (onDisk.nlink < 2 || (onDisk.mode & S_IFMT) === S_IFDIR || marks.hides(parent, name)) return;
    if (tree.flash.stat(flash, name, onFlash) < 0 || !isCopy()) return;
    this.#number(onDisk);
    const { lo: inoLo, hi: inoHi } = tree.inos;
    const twin = first.get(inoKey(inoLo, inoHi));
    if (twin === undefined) first.set(inoKey(inoLo, inoHi), { parent, name });
    const tied = twin === undefined ? 0 : this.#join(twin, { parent, name });
    const { inoLo: flashLo, inoHi: flashHi } = onFlash;
    const said = marks.together(() => {
      const origin = marks.origin(parent, name, { inoLo, inoHi, diskPath: null, flashLo, flashHi });
      return origin < 0 ? origin : marks.spend(parent, name, onDisk);
    });
    if (Math.min(tied, said) < 0) journal.notMirrored(path, Math.min(tied, said));
    this.#sideAnew({ inoLo, inoHi });
  }

  /** Which branch shows the file with this number is decided anew. */
  #sideAnew({ inoLo, inoHi }: Pick<DiskLinks, 'inoLo' | 'inoHi'>): void {
    const node = this.#parts.tree.links.find(inoLo, inoHi);
    if (node !== undefined) node.flags &= ~(SIDE_KNOWN | FROM_DISK);
  }

  /** Flash's two copies of one file become one, the first, whose attributes are then in `onFlash`. Errors: what link and rename give. */
  #join(first: Named, { parent, name }: Named): number {
    const { features, stage, tree } = this.#parts;
    const [from, to] = [first.parent.dir.flash, parent.dir.flash];
    if (from === null || to === null) return ENOENT;
    const { inoLo, inoHi } = onFlash;
    const found = tree.flash.stat(from, first.name, onFlash);
    if (found < 0 || (onFlash.inoLo === inoLo && onFlash.inoHi === inoHi)) return found;
    const stageName = stage.name();
    const linked = linkat(tree.flash.fd(from), first.name, stage.fd, stageName);
    if (linked < 0) return linked;
    const options = { replace: true, keepParentTimes: true, features };
    const put = publish(stage.fd, stageName, tree.flash.fd(to), name, options);
    if (put < 0) unlinkat(stage.fd, stageName);
    return put;
  }

  #number({ devMajor, devMinor, inoLo, inoHi }: Stat): void {
    this.#parts.tree.inos.ofDisk(devMajor, devMinor, inoLo, inoHi);
  }
}

/** By attributes, as everywhere. */
function isCopy(): boolean {
  if (onFlash.mode !== onDisk.mode || onFlash.uid !== onDisk.uid || onFlash.gid !== onDisk.gid) return false;
  return onFlash.size === onDisk.size && sameTime(onFlash, onDisk);
}
