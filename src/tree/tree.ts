// The merged tree: which object a name is, on which branch it lies, what its attributes are. The session's thread alone uses it.
// It reads both branches and changes neither; what was changed is told to it (link, unlink, landed). It knows nothing of
// copying, policy or the kernel's requests.

import type { Branch } from '../branch/branch.ts';
import type { BranchDir } from '../branch/branch-dir.ts';
import type { ByteString } from '../bytes.ts';
import { asBytes, join } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { ENOENT, ENOTDIR, ESTALE } from '../errno.ts';
import { close } from '../sys/open.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import { InodeNumbers, inoKey } from './ino.ts';
import { IN_DISK, IN_FLASH } from './listing.ts';
import { find } from './marks.ts';
import type { Marks, Origin } from './marks.ts';
import { isDir, MULTI_LINK, ON_FLASH, S_IFDIR, S_IFMT } from './node.ts';
import type { DirNode, Node } from './node.ts';
import { NodeTable, ROOT_ID } from './node-table.ts';

/** The one name at the root that the merged root does not show. */
export const RESERVED = asBytes('.rootsync');
const EMPTY = asBytes('');

export interface TreeOptions {
  readonly flash: Branch;
  readonly disk: Branch;
  readonly marks: Marks;
}

/** Link counts of a file with several names, of which flash may hold only some. */
interface LinkCount {
  /** Names that disk has; 0 for an object born on flash. */
  diskLinks: number;
  /** Names added less names removed since. */
  delta: number;
}

export class Tree {
  readonly flash: Branch;
  readonly disk: Branch;
  readonly marks: Marks;
  readonly table = new NodeTable();
  readonly root: DirNode;
  readonly inos: InodeNumbers;
  /** Rehearse: what only disk has is not shown. */
  hideDisk = false;
  /** Told of each name that only disk could have answered while it is hidden. */
  onMiss: ((parent: DirNode, name: ByteString) => void) | undefined;
  /** Attributes found by the last `lookup`, as shown. */
  readonly stat: Stat = newStat();
  readonly #other: Stat = newStat();
  /** Objects with several names, by the inode number shown. */
  readonly #multi = new Map<number | string, Node>();
  readonly #linkCounts = new Map<Node, LinkCount>();
  /** Descriptors of objects that have no name any more. */
  readonly #orphans = new Map<Node, number>();

  constructor(options: TreeOptions) {
    this.flash = options.flash;
    this.disk = options.disk;
    this.marks = options.marks;
    const disk = this.disk.rootStat;
    this.inos = new InodeNumbers(disk.devMajor, disk.devMinor);
    const root = this.table.make(S_IFDIR, null, EMPTY, disk.inoLo | 0, disk.inoHi | 0);
    if (root.id !== ROOT_ID || !isDir(root)) throw new Error('the root must be the first node');
    root.flags |= ON_FLASH;
    root.dir.flash = this.flash.root;
    root.dir.disk = this.disk.root;
    root.dir.hides = this.marks.disk;
    root.dir.origins = this.marks.merged;
    root.lookups = 1;
    this.root = root;
  }

  get(nodeid: number): Node | undefined {
    return this.table.get(nodeid);
  }

  /** The directory with this nodeid. Errors: ESTALE, ENOTDIR. */
  directory(nodeid: number): DirNode | Errno {
    const node = this.table.get(nodeid);
    if (node === undefined) return ESTALE;
    return isDir(node) ? node : ENOTDIR;
  }

  /** Path in the merged root, without a leading slash; '' for the root and for what has no name. */
  path(node: Node): ByteString {
    if (node.parent === null) return EMPTY;
    let path: string = node.name;
    for (let up = node.parent; up.parent !== null; up = up.parent) path = `${up.name}/${path}`;
    return path as ByteString;
  }

  /** What `name` in `parent` is, its attributes in `stat`. Errors: ENOENT, and what the branches give. */
  lookup(parent: DirNode, name: ByteString): Node | Errno {
    if (parent === this.root && name === RESERVED) return ENOENT;
    const known = parent.dir.children.get(name);
    if (known !== undefined) {
      if (this.hideDisk && !known.onFlash) return this.#miss(parent, name);
      const err = this.attributes(known, this.stat);
      if (err >= 0 && (this.stat.mode & S_IFMT) === known.kind) return known;
      if (err < 0 && err !== ENOENT) return err as Errno;
      this.unlink(known, parent, name);
    }
    return this.#resolve(parent, name, IN_FLASH | IN_DISK, false, 0, 0);
  }

  /** As `lookup`, for a name just listed: `where` and the number shown are known, so fewer branches are asked. */
  lookupListed(parent: DirNode, name: ByteString, where: number, inoLo: number, inoHi: number): Node | Errno {
    if (parent.dir.children.has(name)) return this.lookup(parent, name);
    return this.#resolve(parent, name, where, where !== IN_DISK, inoLo, inoHi);
  }

  /** The node at a path, made known to the tree but not to the kernel: pin it, or let `release` drop it. */
  walk(path: ByteString): Node | Errno {
    let node: Node = this.root;
    if (path === '') return node;
    for (const name of path.split('/') as ByteString[]) {
      if (!isDir(node)) return ENOTDIR;
      const next = this.lookup(node, name);
      if (typeof next === 'number') return next;
      node = next;
    }
    return node;
  }

  /** Attributes as shown. Errors: ENOENT where it has gone behind our back, and what the branch gives. */
  attributes(node: Node, out: Stat): number {
    let err = this.#statPlace(node, out);
    if (err === ENOENT && node.onFlash && node.parent !== null) {
      // Removed from flash by the user: disk's object shows again.
      this.lost(node);
      err = this.#statPlace(node, out);
    }
    if (err < 0) return err;
    this.#show(node, out);
    return 0;
  }

  /** The kernel got a reference. */
  remember(node: Node): void {
    node.lookups++;
  }

  /** The kernel gave `count` references back. */
  forget(nodeid: number, count: number): void {
    const node = this.table.get(nodeid);
    if (node === undefined || node === this.root) return;
    node.lookups = Math.max(0, node.lookups - count);
    if (node.lookups === 0) this.release(node);
  }

  pin(node: Node): void {
    node.pins++;
  }

  unpin(node: Node): void {
    node.pins--;
    this.release(node);
  }

  /** Drops the node, and parents kept only for it, unless something still refers to it. */
  release(node: Node): void {
    for (let at: Node | null = node; at !== null && at !== this.root;) {
      if (at.lookups > 0 || at.pins > 0 || at.open !== null || (at.dir?.children.size ?? 0) > 0) return;
      const parent: Node | null = at.parent;
      const aliases = at.aliases;
      this.#drop(at);
      if (aliases !== null) for (const link of aliases) this.release(link.parent);
      at = parent;
    }
  }

  /** The descriptor of an object that has lost its last name. */
  orphan(node: Node): number | undefined {
    return this.#orphans.get(node);
  }

  /** Gives the tree a descriptor by which `node`, now without a name, can be reached. */
  setOrphan(node: Node, fd: number): void {
    this.#closeOrphan(node);
    this.#orphans.set(node, fd);
  }

  /** A new object on flash under `name`, which nothing else has; `stat` is its own. */
  adopt(parent: DirNode, name: ByteString, stat: Stat): Node {
    this.inos.ofFlash(stat.inoLo, stat.inoHi);
    const node = this.#make(stat.mode & S_IFMT, parent, name, this.inos.lo, this.inos.hi);
    node.flags |= ON_FLASH;
    if (isDir(node) && parent.dir.flash !== null) node.dir.flash = this.flash.child(parent.dir.flash, name, null);
    return node;
  }

  /** An object without a name (O_TMPFILE) whose descriptor the tree now owns. */
  adoptOrphan(stat: Stat, fd: number): Node {
    this.inos.ofFlash(stat.inoLo, stat.inoHi);
    const node = this.table.make(stat.mode & S_IFMT, null, EMPTY, this.inos.lo, this.inos.hi);
    node.flags |= ON_FLASH;
    this.#orphans.set(node, fd);
    return node;
  }

  /** `node` now also lies on flash under its primary name. */
  landed(node: Node): void {
    node.flags |= ON_FLASH;
    if (isDir(node) && node.dir.flash === null && node.parent?.dir?.flash != null) {
      node.dir.flash = this.flash.child(node.parent.dir.flash, node.name, null);
    }
  }

  /** Flash no longer has `node`; it shows from disk, if disk has it. */
  lost(node: Node): void {
    node.flags &= ~ON_FLASH;
    if (isDir(node) && node.dir.flash !== null) {
      this.flash.drop(node.dir.flash);
      node.dir.flash = null;
      for (const child of node.dir.children.values()) if (child.onFlash) this.lost(child);
    }
  }

  /** The directory `node` is removed: it shows nothing any more, to whoever still has it open. */
  gone(node: DirNode): void {
    if (node.dir.flash !== null) this.flash.drop(node.dir.flash);
    node.dir.flash = null;
    node.dir.disk = null;
    node.dir.hides = null;
    node.dir.origins = null;
  }

  /** Finds the marks of the names in `node`, and of the directories below it that are known. */
  bindMarks(node: DirNode): void {
    const { parent } = node;
    if (parent === null || !isDir(parent)) return;
    const { disk } = node.dir;
    node.dir.origins = parent.dir.origins?.child(node.name) ?? null;
    if (disk === null) node.dir.hides = null;
    else if (disk.parent === parent.dir.disk) node.dir.hides = parent.dir.hides?.child(disk.name) ?? null;
    else node.dir.hides = find(this.marks.disk, disk.path()) ?? null;
    for (const child of node.dir.children.values()) if (isDir(child)) this.bindMarks(child);
  }

  /** `node` has one more name. */
  link(node: Node, parent: DirNode, name: ByteString, onFlash: boolean): void {
    const first = node.parent === null;
    this.#attach(node, parent, name, onFlash);
    if (!first) this.#registerMulti(node);
  }

  #attach(node: Node, parent: DirNode, name: ByteString, onFlash: boolean): void {
    parent.dir.children.set(name, node);
    if (node.parent === null) {
      node.parent = parent;
      node.name = name;
      node.set(ON_FLASH, onFlash);
      this.#closeOrphan(node);
      return;
    }
    (node.aliases ??= []).push({ parent, name, onFlash });
    this.#preferFlash(node);
  }

  /** `node` is no longer called `name`; without names it lives on while it is referred to. */
  unlink(node: Node, parent: DirNode, name: ByteString): void {
    if (parent.dir.children.get(name) === node) parent.dir.children.delete(name);
    if (node.parent === parent && node.name === name) {
      const next = node.aliases?.shift();
      if (next === undefined) {
        node.parent = null;
        this.release(node);
      } else {
        node.parent = next.parent;
        node.name = next.name;
        node.set(ON_FLASH, next.onFlash);
        this.#preferFlash(node);
      }
    } else if (node.aliases !== null) {
      node.aliases = node.aliases.filter((link) => link.parent !== parent || link.name !== name);
    }
    if (node.aliases?.length === 0) node.aliases = null;
    this.release(parent);
  }

  /** Flash's `node` has another name instead of one that it had. */
  move(node: Node, from: DirNode, oldName: ByteString, to: DirNode, newName: ByteString): void {
    this.pin(node);
    this.pin(from);
    this.#attach(node, to, newName, true);
    this.unlink(node, from, oldName);
    this.#rehang(node);
    this.unpin(from);
    this.unpin(node);
  }

  /** Two objects of flash have traded names. */
  swap(a: Node, aDir: DirNode, aName: ByteString, b: Node, bDir: DirNode, bName: ByteString): void {
    for (const node of [a, b, aDir, bDir]) this.pin(node);
    this.unlink(a, aDir, aName);
    this.unlink(b, bDir, bName);
    this.#attach(a, bDir, bName, true);
    this.#attach(b, aDir, aName, true);
    this.#rehang(a);
    this.#rehang(b);
    for (const node of [a, b, aDir, bDir]) this.unpin(node);
  }

  /** The links of an object with several names changed by `by`. */
  countLinks(node: Node, by: number): void {
    this.#registerMulti(node);
    const count = this.#linkCounts.get(node);
    if (count !== undefined) count.delta += by;
  }

  /** Whether the name of `node` given by (`parent`, `name`) lies on flash. */
  nameOnFlash(node: Node, parent: Node, name: ByteString): boolean {
    if (node.parent === parent && node.name === name) return node.onFlash;
    return node.aliases?.some((link) => link.parent === parent && link.name === name && link.onFlash) ?? false;
  }

  /** A further name of `node` now lies on flash. */
  nameLanded(node: Node, parent: Node, name: ByteString): void {
    if (node.parent === parent && node.name === name) {
      this.landed(node);
      return;
    }
    const link = node.aliases?.find((l) => l.parent === parent && l.name === name);
    if (link !== undefined) link.onFlash = true;
    this.#preferFlash(node);
  }

  #miss(parent: DirNode, name: ByteString): Errno {
    this.onMiss?.(parent, name);
    return ENOENT;
  }

  #statPlace(node: Node, out: Stat): number {
    const orphan = this.#orphans.get(node);
    if (orphan !== undefined) return statxAt(orphan, EMPTY, out);
    if (isDir(node)) {
      if (node.onFlash && node.dir.flash !== null) return this.flash.stat(node.dir.flash, EMPTY, out);
      return node.dir.disk === null ? ENOENT : this.disk.stat(node.dir.disk, EMPTY, out);
    }
    const parent = node.parent?.dir;
    if (parent == null) return ENOENT;
    if (node.onFlash) return parent.flash === null ? ENOENT : this.flash.stat(parent.flash, node.name, out);
    return parent.disk === null ? ENOENT : this.disk.stat(parent.disk, node.name, out);
  }

  #show(node: Node, out: Stat): void {
    out.inoLo = node.inoLo;
    out.inoHi = node.inoHi;
    if (isDir(node)) {
      // A merged directory's count is not known without listing it; 1 says so to find and others, as on btrfs.
      if (node.dir.flash !== null && node.dir.disk !== null) out.nlink = 1;
    } else if (node.has(MULTI_LINK)) {
      const count = this.#linkCounts.get(node);
      if (count !== undefined && count.diskLinks > 0) out.nlink = count.diskLinks + count.delta;
    }
  }

  #resolve(
    parent: DirNode,
    name: ByteString,
    where: number,
    listed: boolean,
    inoLo: number,
    inoHi: number,
  ): Node | Errno {
    const stat = this.stat;
    const { flash, disk } = parent.dir;
    if (flash !== null && (where & IN_FLASH) !== 0) {
      const err = this.flash.stat(flash, name, stat);
      if (err >= 0) return this.#foundOnFlash(parent, name, listed, inoLo, inoHi);
      if (err !== ENOENT) return err as Errno;
    }
    if (disk === null || parent.dir.hides?.child(name)?.whiteout === true) return ENOENT;
    const err = this.disk.stat(disk, name, stat);
    if (err < 0) return err as Errno;
    return this.hideDisk ? this.#miss(parent, name) : this.#foundOnDisk(parent, name, disk);
  }

  #foundOnFlash(parent: DirNode, name: ByteString, listed: boolean, inoLo: number, inoHi: number): Node {
    const stat = this.stat;
    const kind = stat.mode & S_IFMT;
    const origin = parent.dir.origins?.child(name)?.origin ?? null;
    let diskLinks = 0;
    let diskDir: BranchDir | null = null;
    if (origin !== null) {
      if (kind !== S_IFDIR) diskLinks = this.#diskLinks(parent, name, origin);
      else if (origin.diskPath !== null) diskDir = this.disk.dirAt(origin.diskPath);
      this.inos.lo = origin.inoLo;
      this.inos.hi = origin.inoHi;
    } else if (listed && kind !== S_IFDIR) {
      this.inos.lo = inoLo;
      this.inos.hi = inoHi;
    } else if (this.#sameOnDisk(parent, name, kind)) {
      diskLinks = this.#other.nlink;
      if (kind === S_IFDIR && parent.dir.disk !== null) diskDir = this.disk.child(parent.dir.disk, name, this.#other);
    } else {
      this.inos.ofFlash(stat.inoLo, stat.inoHi);
    }
    if (kind !== S_IFDIR && (stat.nlink > 1 || diskLinks > 1)) {
      const twin = this.#multi.get(inoKey(this.inos.lo, this.inos.hi));
      if (twin?.kind === kind) return this.#another(twin, parent, name, true);
    }
    const node = this.#make(kind, parent, name, this.inos.lo, this.inos.hi);
    node.flags |= ON_FLASH;
    if (isDir(node)) {
      if (parent.dir.flash !== null) node.dir.flash = this.flash.child(parent.dir.flash, name, null);
      node.dir.disk = diskDir;
      this.bindMarks(node);
    } else if (stat.nlink > 1 || diskLinks > 1) {
      this.#registerMulti(node, diskLinks > 1 ? diskLinks : 0);
    }
    this.#show(node, stat);
    return node;
  }

  #foundOnDisk(parent: DirNode, name: ByteString, disk: BranchDir): Node {
    const stat = this.stat;
    const kind = stat.mode & S_IFMT;
    this.inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
    if (kind !== S_IFDIR && stat.nlink > 1) {
      const key = inoKey(this.inos.lo, this.inos.hi);
      const twin = this.#multi.get(key) ?? this.#copyOf(key, stat);
      if (twin?.kind === kind) return this.#another(twin, parent, name, false);
      this.inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
    }
    const node = this.#make(kind, parent, name, this.inos.lo, this.inos.hi);
    if (isDir(node)) {
      node.dir.disk = this.disk.child(disk, name, stat);
      this.bindMarks(node);
    } else if (stat.nlink > 1) {
      this.#registerMulti(node, stat.nlink);
    }
    this.#show(node, stat);
    return node;
  }

  /** Whether disk has this very object under (`parent`, `name`), too: then its attributes are in `#other`, its number in `inos`. */
  #sameOnDisk(parent: DirNode, name: ByteString, kind: number): boolean {
    const { disk, hides } = parent.dir;
    if (disk === null || hides?.child(name)?.opaque === true) return false;
    const other = this.#other;
    if (this.disk.stat(disk, name, other) < 0 || (other.mode & S_IFMT) !== kind) return false;
    this.inos.ofDisk(other.devMajor, other.devMinor, other.inoLo, other.inoHi);
    return true;
  }

  /** The copy on flash of a disk object with several names, found by the number that both show. */
  #copyOf(key: number | string, stat: Stat): Node | undefined {
    const path = this.marks.byIno.get(key);
    if (path === undefined) return undefined;
    const saved = { ...stat };
    const node = this.walk(path);
    Object.assign(stat, saved);
    if (typeof node === 'number' || !node.onFlash || inoKey(node.inoLo, node.inoHi) !== key) return undefined;
    this.#registerMulti(node, stat.nlink);
    return node;
  }

  /** Another name of an object already known; its attributes go to `stat`. */
  #another(node: Node, parent: DirNode, name: ByteString, onFlash: boolean): Node {
    this.link(node, parent, name, onFlash);
    if (this.#statPlace(node, this.stat) >= 0) this.#show(node, this.stat);
    return node;
  }

  /** Names that disk has of an object that came from there; 0 where that cannot be seen from this name. */
  #diskLinks(parent: DirNode, name: ByteString, origin: Origin): number {
    if (!this.#sameOnDisk(parent, name, this.stat.mode & S_IFMT)) return 0;
    return this.inos.lo === origin.inoLo && this.inos.hi === origin.inoHi ? this.#other.nlink : 0;
  }

  #make(kind: number, parent: DirNode, name: ByteString, inoLo: number, inoHi: number): Node {
    const node = this.table.make(kind, parent, name, inoLo, inoHi);
    parent.dir.children.set(name, node);
    return node;
  }

  #drop(node: Node): void {
    if (node.parent !== null && node.parent.dir?.children.get(node.name) === node)
      node.parent.dir.children.delete(node.name);
    for (const link of node.aliases ?? [])
      if (link.parent.dir?.children.get(link.name) === node) link.parent.dir.children.delete(link.name);
    if (node.has(MULTI_LINK)) {
      const key = inoKey(node.inoLo, node.inoHi);
      if (this.#multi.get(key) === node) this.#multi.delete(key);
      this.#linkCounts.delete(node);
    }
    if (isDir(node)) {
      if (node.dir.flash !== null) this.flash.drop(node.dir.flash);
      if (node.dir.disk !== null) this.disk.drop(node.dir.disk);
    }
    this.#closeOrphan(node);
    this.table.drop(node);
  }

  /** Flash's directory of a moved node hangs where the node does. */
  #rehang(node: Node): void {
    if (!isDir(node) || node.dir.flash === null) return;
    node.dir.flash.parent = node.parent?.dir?.flash ?? null;
    node.dir.flash.name = node.name;
  }

  #closeOrphan(node: Node): void {
    const orphan = this.#orphans.get(node);
    if (orphan === undefined) return;
    close(orphan);
    this.#orphans.delete(node);
  }

  #registerMulti(node: Node, diskLinks = 0): void {
    if (!node.has(MULTI_LINK)) {
      node.flags |= MULTI_LINK;
      this.#multi.set(inoKey(node.inoLo, node.inoHi), node);
      this.#linkCounts.set(node, { diskLinks, delta: 0 });
    }
  }

  #preferFlash(node: Node): void {
    if (node.onFlash || node.aliases === null || node.parent === null) return;
    const at = node.aliases.findIndex((link) => link.onFlash);
    const better = node.aliases[at];
    if (better === undefined) return;
    node.aliases[at] = { parent: node.parent, name: node.name, onFlash: false };
    node.parent = better.parent;
    node.name = better.name;
    node.flags |= ON_FLASH;
  }

  /** The path of `name` in `dir`. */
  pathOf(dir: Node, name: ByteString): ByteString {
    return join(this.path(dir), name);
  }
}
