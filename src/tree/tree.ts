// The merged tree: which object a name is, on which branch it lies, what its attributes are. The session's thread alone uses it.
// It reads both branches and changes neither; what was changed is told to it (link, unlink, landed). It knows nothing of
// copying, policy or the kernel's requests.

import type { Branch } from '../branch/branch.ts';
import type { ByteString } from '../bytes.ts';
import { asBytes, join } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { ENOENT, ENOTDIR, ESTALE } from '../errno.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import { HardLinks, keptName } from './hard-links.ts';
import { ChangeTimes } from './change-times.ts';
import { InodeNumbers } from './ino.ts';
import { IN_DISK, IN_FLASH } from './listing.ts';
import type { Marks } from './marks.ts';
import { attach, detach, setNameOnFlash } from './names.ts';
import { isDir, MULTI_LINK, ON_FLASH, S_IFDIR, S_IFMT } from './node.ts';
import type { DirNode, Node } from './node.ts';
import { NodeTable, ROOT_ID } from './node-table.ts';
import { Orphans } from './orphans.ts';
import { Resolver } from './resolve.ts';
import type { Listed } from './resolve.ts';

/** The one name at the root that the merged root does not show. */
export const RESERVED = asBytes('.rootsync');
const EMPTY = asBytes('');

export interface TreeOptions {
  readonly flash: Branch;
  readonly disk: Branch;
  readonly marks: Marks;
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
  /** Kind (S_IFMT) of what the last name not found is on disk, while that is hidden; 0: it is not there either. */
  missed = 0;
  /**
   * Gives an object that flash keeps under no name this name, which only disk has, before it shows: 0, or what link gives. Its number
   * is in `inos`.
   */
  onKept: ((parent: DirNode, name: ByteString) => number) | undefined;
  /** Attributes found by the last `lookup`, as shown. */
  readonly stat: Stat = newStat();
  readonly links: HardLinks;
  readonly orphans = new Orphans();
  readonly changeTimes = new ChangeTimes((node, stat) => this.attributes(node, stat));
  readonly #resolver: Resolver;
  readonly #listed: Listed = { inoLo: 0, inoHi: 0 };

  constructor(options: TreeOptions) {
    this.flash = options.flash;
    this.disk = options.disk;
    this.marks = options.marks;
    this.links = new HardLinks(options.marks);
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
    this.#resolver = new Resolver({
      ...options,
      table: this.table,
      inos: this.inos,
      links: this.links,
      walk: (path) => this.#walkAside(path),
    });
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
    this.missed = 0;
    if (parent === this.root && name === RESERVED) return ENOENT;
    const known = parent.dir.children.get(name);
    if (known !== undefined) {
      if (this.hideDisk && !known.onFlash) return this.#miss(known.kind);
      const err = this.attributes(known, this.stat);
      if (err >= 0 && (this.stat.mode & S_IFMT) === known.kind) return known;
      if (err < 0 && err !== ENOENT) return err as Errno;
      this.unlink(known, parent, name);
    }
    return this.#resolve(parent, name, IN_FLASH | IN_DISK, null);
  }

  /** As `lookup`, for a name just listed: `where` and the number shown are known, so fewer branches are asked. */
  lookupListed(parent: DirNode, name: ByteString, where: number, inoLo: number, inoHi: number): Node | Errno {
    if (parent.dir.children.has(name)) return this.lookup(parent, name);
    const listed = this.#listed;
    listed.inoLo = inoLo;
    listed.inoHi = inoHi;
    return this.#resolve(parent, name, where, listed);
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
      const aliases = at.aliases === null ? null : [...at.aliases];
      this.#drop(at);
      if (aliases !== null) for (const link of aliases) this.release(link.parent);
      at = parent;
    }
  }

  /** A new object on flash under `name`, which nothing else has; `stat` is its own. */
  adopt(parent: DirNode, name: ByteString, stat: Stat): Node {
    this.inos.ofFlash(stat.inoLo, stat.inoHi);
    const node = this.table.make(stat.mode & S_IFMT, parent, name, this.inos.lo, this.inos.hi);
    parent.dir.children.set(name, node);
    node.flags |= ON_FLASH;
    if (isDir(node) && parent.dir.flash !== null) node.dir.flash = this.flash.child(parent.dir.flash, name, null);
    return node;
  }

  /** An object without a name (O_TMPFILE) whose descriptor the tree now owns. */
  adoptOrphan(stat: Stat, fd: number): Node {
    this.inos.ofFlash(stat.inoLo, stat.inoHi);
    const node = this.table.make(stat.mode & S_IFMT, null, EMPTY, this.inos.lo, this.inos.hi);
    node.flags |= ON_FLASH;
    this.orphans.set(node, fd);
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

  /** `node` has one more name. */
  link(node: Node, parent: DirNode, name: ByteString, onFlash: boolean): void {
    if (node.parent !== null) this.links.register(node);
    attach(node, parent, name, onFlash);
    this.orphans.drop(node);
  }

  /** `node` is no longer called `name`; without names it lives on while it is referred to. */
  unlink(node: Node, parent: DirNode, name: ByteString): void {
    detach(node, parent, name);
    if (node.parent === null) this.release(node);
    this.release(parent);
  }

  /** Flash's `node` has another name instead of one that it had. */
  move(node: Node, from: DirNode, oldName: ByteString, to: DirNode, newName: ByteString): void {
    this.pin(node);
    this.pin(from);
    attach(node, to, newName, true);
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
    attach(a, bDir, bName, true);
    attach(b, aDir, aName, true);
    this.#rehang(a);
    this.#rehang(b);
    for (const node of [a, b, aDir, bDir]) this.unpin(node);
  }

  /** A further name of `node` now lies on flash. */
  nameLanded(node: Node, parent: Node, name: ByteString): void {
    if (node.parent === parent && node.name === name) this.landed(node);
    else setNameOnFlash(node, parent, name);
  }

  /** As `walk`, for use within a lookup: leaves its attributes alone. */
  #walkAside(path: ByteString): Node | undefined {
    const saved = { ...this.stat };
    const node = this.walk(path);
    Object.assign(this.stat, saved);
    return typeof node === 'number' ? undefined : node;
  }

  #miss(kind: number): Errno {
    this.missed = kind;
    return ENOENT;
  }

  #statPlace(node: Node, out: Stat): number {
    const orphan = this.orphans.get(node);
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
    if (node.onFlash) this.changeTimes.show(node, out);
    if (isDir(node)) {
      // A merged directory's count is not known without listing it; 1 says so to find and others, as on btrfs.
      if (node.dir.flash !== null && node.dir.disk !== null) out.nlink = 1;
    } else if (node.has(MULTI_LINK)) {
      out.nlink = this.links.shown(node, out.nlink);
    } else if (node.parent === null && !node.onFlash) {
      // Removed, though not from disk.
      out.nlink = 0;
    }
  }

  #resolve(parent: DirNode, name: ByteString, where: number, listed: Listed | null): Node | Errno {
    const { stat } = this;
    const { flash, disk } = parent.dir;
    if (flash !== null && (where & IN_FLASH) !== 0) {
      const err = this.flash.stat(flash, name, stat);
      if (err >= 0) return this.#shown(this.#resolver.onFlash(parent, name, stat, listed));
      if (err !== ENOENT) return err as Errno;
    }
    if (disk === null || parent.dir.hides?.child(name)?.whiteout === true) return ENOENT;
    const err = this.disk.stat(disk, name, stat);
    if (err < 0) return err as Errno;
    if (this.hideDisk) return this.#miss(this.stat.mode & S_IFMT);
    if (this.#isKept(stat)) {
      const back = this.onKept?.(parent, name) ?? 0;
      return back < 0 ? (back as Errno) : this.#resolve(parent, name, IN_FLASH, null);
    }
    return this.#shown(this.#resolver.onDisk(parent, name, stat, disk));
  }

  /** Whether flash keeps this object of disk; then its number is in `inos`. */
  #isKept({ nlink, devMajor, devMinor, inoLo, inoHi }: Stat): boolean {
    if (nlink < 2 || this.links.kept.size === 0) return false;
    this.inos.ofDisk(devMajor, devMinor, inoLo, inoHi);
    return this.links.kept.has(keptName(this.inos.lo, this.inos.hi));
  }

  /** `node` with its attributes in `stat`: those just found, unless it is known by another name and lies elsewhere. */
  #shown(node: Node): Node {
    if (node.has(MULTI_LINK)) this.orphans.drop(node);
    if (node.aliases === null) this.#show(node, this.stat);
    else if (this.#statPlace(node, this.stat) >= 0) this.#show(node, this.stat);
    return node;
  }

  #drop(node: Node): void {
    // Each time another name becomes the primary one.
    while (node.parent !== null && isDir(node.parent)) detach(node, node.parent, node.name);
    this.links.drop(node);
    this.orphans.drop(node);
    this.changeTimes.drop(node);
    if (isDir(node)) {
      if (node.dir.flash !== null) this.flash.drop(node.dir.flash);
      if (node.dir.disk !== null) this.disk.drop(node.dir.disk);
    }
    this.table.drop(node);
  }

  /** Flash's directory of a moved node hangs where the node does. */
  #rehang(node: Node): void {
    if (!isDir(node) || node.dir.flash === null) return;
    node.dir.flash.parent = node.parent?.dir?.flash ?? null;
    node.dir.flash.name = node.name;
  }

  /** The path of `name` in `dir`. */
  pathOf(dir: Node, name: ByteString): ByteString {
    return join(this.path(dir), name);
  }
}
