// From attributes found on a branch to a node: which object it is (its shown inode number), whether it is known under another name, and for
// a directory what of disk shows through it.

import type { Branch } from '../branch/branch.ts';
import type { BranchDir } from '../branch/branch-dir.ts';
import type { ByteString } from '../bytes.ts';
import { newStat } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import { bindMarks } from './bind-marks.ts';
import type { HardLinks } from './hard-links.ts';
import type { InodeNumbers } from './ino.ts';
import { inoKey } from './ino.ts';
import { OPAQUE } from './marks.ts';
import type { Marks } from './marks.ts';
import { attach } from './names.ts';
import { isDir, ON_FLASH, S_IFDIR, S_IFMT } from './node.ts';
import type { DirNode, Node } from './node.ts';
import type { NodeTable } from './node-table.ts';
import type { Origin } from './origins.ts';

export interface ResolverParts {
  readonly flash: Branch;
  readonly disk: Branch;
  readonly marks: Marks;
  readonly table: NodeTable;
  readonly inos: InodeNumbers;
  readonly links: HardLinks;
  /** Finds the node at a merged path, if there is one. */
  readonly walk: (path: ByteString) => Node | undefined;
}

/** A listing has told the number to show, so that disk need not be asked for it. */
export interface Listed {
  inoLo: number;
  inoHi: number;
}

export class Resolver {
  readonly #parts: ResolverParts;
  readonly #other: Stat = newStat();
  /** Objects of which the copy on flash is being looked for. */
  readonly #searched = new Set<number | string>();

  constructor(parts: ResolverParts) {
    this.#parts = parts;
  }

  /** The node for flash's `name` in `parent`, whose attributes are `stat`. */
  onFlash(parent: DirNode, name: ByteString, stat: Stat, listed: Listed | null): Node {
    const { inos, links } = this.#parts;
    const kind = stat.mode & S_IFMT;
    if (kind === S_IFDIR) return this.#directoryOnFlash(parent, name, stat);
    const origin = this.#parts.marks.originOf(parent.dir.origins, name, stat.inoLo, stat.inoHi);
    let several = stat.nlink > 1;
    if (origin !== null) this.#show(origin);
    else if (listed !== null) this.#show(listed);
    else if (this.#sameOnDisk(parent, name, kind)) several ||= this.#other.nlink > 1;
    else inos.ofFlash(stat.inoLo, stat.inoHi);
    several ||= links.onBoth(inos.lo, inos.hi);
    const twin = several ? links.find(inos.lo, inos.hi) : undefined;
    if (twin?.kind === kind) {
      attach(twin, parent, name, true);
      return twin;
    }
    const node = this.#make(kind, parent, name);
    node.flags |= ON_FLASH;
    if (several) links.register(node);
    return node;
  }

  /** The node for disk's `name` in `parent`, whose attributes are `stat`. */
  onDisk(parent: DirNode, name: ByteString, stat: Stat, disk: BranchDir): Node {
    const { inos, links, marks } = this.#parts;
    const kind = stat.mode & S_IFMT;
    inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
    const several = kind !== S_IFDIR && stat.nlink > 1;
    const twin = several ? (links.find(inos.lo, inos.hi) ?? this.#copyOf()) : undefined;
    if (twin?.kind === kind) {
      // The search may have come by this very name.
      if (parent.dir.children.get(name) !== twin) attach(twin, parent, name, false);
      return twin;
    }
    if (several) inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
    const node = this.#make(kind, parent, name);
    if (isDir(node)) {
      node.dir.disk = this.#parts.disk.child(disk, name, stat);
      bindMarks(marks, node);
    } else if (several) {
      links.register(node);
    }
    return node;
  }

  #directoryOnFlash(parent: DirNode, name: ByteString, stat: Stat): Node {
    const { inos, disk, flash, marks } = this.#parts;
    const origin = this.#parts.marks.originOf(parent.dir.origins, name, stat.inoLo, stat.inoHi);
    let below: BranchDir | null = null;
    if (origin !== null) {
      if (origin.diskPath !== null) below = disk.dirAt(origin.diskPath);
      this.#show(origin);
    } else if (parent.dir.disk !== null && this.#sameOnDisk(parent, name, S_IFDIR)) {
      below = disk.child(parent.dir.disk, name, this.#other);
    } else {
      inos.ofFlash(stat.inoLo, stat.inoHi);
      below = this.#presumed(parent, name);
    }
    const node = this.#make(S_IFDIR, parent, name);
    node.flags |= ON_FLASH;
    if (isDir(node)) {
      if (parent.dir.flash !== null) node.dir.flash = flash.child(parent.dir.flash, name, null);
      node.dir.disk = below;
      bindMarks(marks, node);
    }
    return node;
  }

  /** Whether disk has this very object under (`parent`, `name`), too: then its attributes are in `#other`, its number is to be shown. */
  #sameOnDisk(parent: DirNode, name: ByteString, kind: number): boolean {
    const { disk, hides } = parent.dir;
    if (disk === null || (this.#parts.marks.of(hides, name) & OPAQUE) !== 0) return false;
    const other = this.#other;
    // Flash alone must do: rather a number of its own for a while than no answer.
    if (this.#parts.disk.silent) return false;
    if (this.#parts.disk.stat(disk, name, other) < 0 || (other.mode & S_IFMT) !== kind) return false;
    this.#parts.inos.ofDisk(other.devMajor, other.devMinor, other.inoLo, other.inoHi);
    return true;
  }

  /** Disk's directory of this name, while disk does not say whether it has one: where it has none, nothing shows through. */
  #presumed({ dir }: DirNode, name: ByteString): BranchDir | null {
    const { disk, marks } = this.#parts;
    if (!disk.silent || dir.disk === null || (marks.of(dir.hides, name) & OPAQUE) !== 0) return null;
    return disk.child(dir.disk, name, null);
  }

  /**
   * The copy on flash of a disk object with several names, of which one not on flash has been found; both show the number in `inos`. Where
   * flash has lost it, the paths at which it was are names that disk has, and finding one of them would ask the same again.
   */
  #copyOf(): Node | undefined {
    const { inos, marks, links } = this.#parts;
    const { lo, hi } = inos;
    const key = inoKey(lo, hi);
    if (!links.onBoth(lo, hi) || this.#searched.has(key)) return undefined;
    this.#searched.add(key);
    let node: Node | undefined;
    try {
      node = this.#among(marks.paths(lo, hi), lo, hi);
    } finally {
      this.#searched.delete(key);
    }
    if (node === undefined) return links.find(lo, hi);
    links.register(node);
    return node;
  }

  /** The node of these paths that lies on flash and shows this number. */
  #among(paths: Iterable<ByteString>, lo: number, hi: number): Node | undefined {
    for (const path of paths) {
      const node = this.#parts.walk(path);
      if (node?.onFlash === true && node.inoLo === lo && node.inoHi === hi) return node;
    }
    return undefined;
  }

  #show({ inoLo, inoHi }: Listed | Origin): void {
    this.#parts.inos.lo = inoLo;
    this.#parts.inos.hi = inoHi;
  }

  #make(kind: number, parent: DirNode, name: ByteString): Node {
    const { table, inos } = this.#parts;
    const node = table.make(kind, parent, name, inos.lo, inos.hi);
    parent.dir.children.set(name, node);
    return node;
  }
}
