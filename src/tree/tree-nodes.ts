// The nodes of the merged tree: which names each has, who refers to it, and which branches it lies on, as it is told by those who changed them.
// It knows nothing of how a name is looked up (tree.ts). The session's thread alone uses it.

import type { Branch } from '../branch/branch.ts';
import type { ByteString } from '../bytes.ts';
import { asBytes, join } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { ENOTDIR, ESTALE } from '../errno.ts';
import type { Stat } from '../sys/stat.ts';
import { bindMarks } from './bind-marks.ts';
import { ShownBefore } from './shown-before.ts';
import { HardLinks } from './hard-links.ts';
import { InodeNumbers } from './ino.ts';
import type { Marks } from './marks.ts';
import { NONE, ROOT } from './name-trie.ts';
import { attach, detach, setNameOnFlash } from './names.ts';
import { DISK_ORPHAN, FROM_DISK, isDir, MULTI_LINK, ON_FLASH, S_IFDIR, S_IFMT, SIDE_KNOWN } from './node.ts';
import type { DirNode, Node } from './node.ts';
import { NodeTable, ROOT_ID } from './node-table.ts';
import { Orphans } from './orphans.ts';

const EMPTY = asBytes('');

export interface TreeOptions {
  readonly flash: Branch;
  readonly disk: Branch;
  readonly marks: Marks;
}

/** An object under one of its names. */
export interface NamedNode {
  readonly node: Node;
  readonly parent: DirNode;
  readonly name: ByteString;
}

export abstract class TreeNodes {
  readonly flash: Branch;
  readonly disk: Branch;
  readonly marks: Marks;
  readonly table = new NodeTable();
  readonly root: DirNode;
  readonly inos: InodeNumbers;
  readonly links: HardLinks;
  readonly orphans = new Orphans((fd) => {
    this.disk.calls.close(fd);
  });
  readonly shownBefore = new ShownBefore((node, stat) => this.attributes(node, stat));

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
    root.dir.hides = ROOT;
    root.dir.origins = ROOT;
    root.lookups = 1;
    this.root = root;
  }

  /** Attributes as shown. Errors: ENOENT where it has gone behind our back, and what the branch gives. */
  abstract attributes(node: Node, out: Stat): number;

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

  /** The path of `name` in `dir`. */
  pathOf(dir: Node, name: ByteString): ByteString {
    return join(this.path(dir), name);
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
      // One of several names was below this directory, and was the last to keep it.
      if (this.table.get(at.id) !== at) return;
      const parent: Node | null = at.parent;
      const aliases = at.aliases === null ? null : [...at.aliases];
      this.#drop(at);
      if (aliases !== null) for (const link of aliases) this.release(link.parent);
      at = parent;
    }
  }

  /** A new object on disk under `name`, which nothing else has; `stat` is its own. */
  adoptOnDisk(parent: DirNode, name: ByteString, stat: Stat): Node {
    this.inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
    const node = this.table.make(stat.mode & S_IFMT, parent, name, this.inos.lo, this.inos.hi);
    parent.dir.children.set(name, node);
    if (isDir(node) && parent.dir.disk !== null) {
      node.dir.disk = this.disk.child(parent.dir.disk, name, stat);
      bindMarks(this.marks, node);
    }
    return node;
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

  /** An object without a name (O_TMPFILE) on flash or disk whose descriptor the tree now owns. */
  adoptOrphan(stat: Stat, fd: number, onDisk: boolean): Node {
    if (onDisk) this.inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
    else this.inos.ofFlash(stat.inoLo, stat.inoHi);
    const node = this.table.make(stat.mode & S_IFMT, null, EMPTY, this.inos.lo, this.inos.hi);
    node.flags |= onDisk ? DISK_ORPHAN : ON_FLASH;
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
    node.flags &= ~(ON_FLASH | SIDE_KNOWN | FROM_DISK);
    if (isDir(node) && node.dir.flash !== null) {
      this.flash.drop(node.dir.flash);
      node.dir.flash = null;
      for (const child of node.dir.children.values()) if (child.onFlash) this.lost(child);
    }
  }

  /** Flash no longer has this name of `node`; it shows from disk, unless flash has it by another name. */
  nameLost(node: Node, parent: Node, name: ByteString): void {
    if (isDir(node)) this.lost(node);
    else setNameOnFlash(node, parent, name, false);
  }

  /** The directory `node` is removed: it shows nothing any more, to whoever still has it open. */
  gone(node: DirNode): void {
    if (node.dir.flash !== null) this.flash.drop(node.dir.flash);
    node.dir.flash = null;
    node.dir.disk = null;
    node.dir.hides = NONE;
    node.dir.origins = NONE;
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

  /** `node` has another name instead of one that it had, on flash or on disk. */
  move(node: Node, from: DirNode, oldName: ByteString, to: DirNode, newName: ByteString, onFlash: boolean): void {
    this.pin(node);
    this.pin(from);
    attach(node, to, newName, onFlash);
    this.unlink(node, from, oldName);
    this.#rehang(node, onFlash);
    this.unpin(from);
    this.unpin(node);
  }

  /** Two objects, both of flash or both of disk, have traded names. */
  swap(a: NamedNode, b: NamedNode, onFlash: boolean): void {
    const all = [a.node, b.node, a.parent, b.parent];
    for (const node of all) this.pin(node);
    this.unlink(a.node, a.parent, a.name);
    this.unlink(b.node, b.parent, b.name);
    attach(a.node, b.parent, b.name, onFlash);
    attach(b.node, a.parent, a.name, onFlash);
    for (const { node } of [a, b]) this.#rehang(node, onFlash);
    for (const node of all) this.unpin(node);
  }

  /** The file `node`, which has one name, now shows this number: it is a copy on another branch. */
  renumber(node: Node, inoLo: number, inoHi: number): void {
    this.links.drop(node);
    this.shownBefore.drop(node);
    node.flags &= ~MULTI_LINK;
    node.inoLo = inoLo;
    node.inoHi = inoHi;
  }

  /** A further name of `node` now lies on flash. */
  nameLanded(node: Node, parent: Node, name: ByteString): void {
    if (node.parent === parent && node.name === name) this.landed(node);
    else setNameOnFlash(node, parent, name, true);
  }

  #drop(node: Node): void {
    // Each time another name becomes the primary one.
    while (node.parent !== null && isDir(node.parent)) detach(node, node.parent, node.name);
    this.links.drop(node);
    this.orphans.drop(node);
    this.shownBefore.drop(node);
    if (isDir(node)) {
      if (node.dir.flash !== null) this.flash.drop(node.dir.flash);
      if (node.dir.disk !== null) this.disk.drop(node.dir.disk);
    }
    this.table.drop(node);
  }

  /** The branch's directory of a moved node hangs where the node does. */
  #rehang(node: Node, onFlash: boolean): void {
    const dir = onFlash ? node.dir?.flash : node.dir?.disk;
    if (dir == null) return;
    dir.parent = (onFlash ? node.parent?.dir?.flash : node.parent?.dir?.disk) ?? null;
    dir.name = node.name;
  }
}
