// The merged tree: which object a name is, on which branch it lies, what its attributes are. The session's thread alone uses it.
// It reads both branches and changes neither; what was changed is told to it (tree-nodes.ts). It knows nothing of
// copying, policy or the kernel's requests.

import type { Branch } from '../branch/branch.ts';
import type { BranchDir } from '../branch/branch-dir.ts';
import type { ByteString } from '../bytes.ts';
import { asBytes } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { ENOENT, ENOTDIR } from '../errno.ts';
import { newStat } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import { hasNoFurther } from './attributes-agree.ts';
import type { At } from './attributes-agree.ts';
import { keptName } from './hard-links.ts';
import { IN_DISK, IN_FLASH } from './listing.ts';
import { WHITEOUT } from './marks.ts';
import { nameOnFlash } from './names.ts';
import { FROM_DISK, isDir, MOUNTED_ON, MULTI_LINK, S_IFLNK, S_IFMT, SIDE_KNOWN } from './node.ts';
import type { DirNode, Node } from './node.ts';
import { sameTime } from './same-time.ts';
import { Resolver } from './resolve.ts';
import type { Listed } from './resolve.ts';
import { TreeNodes } from './tree-nodes.ts';
import type { TreeOptions } from './tree-nodes.ts';

/** The one name at the root that the merged root does not show. */
export const RESERVED = asBytes('.rootsync');
const EMPTY = asBytes('');

export class Tree extends TreeNodes {
  /** Rehearse: what only disk has is not shown. */
  hideDisk = false;
  /** Kind (S_IFMT) of what the last name not found is on disk, while that is hidden; 0: it is not there either. */
  missed = 0;
  /** The last name not found may be on disk, which is away and does not say. */
  unsure = false;
  /**
   * Gives an object that flash keeps under no name this name, which only disk has, before it shows: 0, or what link gives. Its number
   * is in `inos`.
   */
  onKept: ((parent: DirNode, name: ByteString) => number) | undefined;
  /** Whether changes of a node that both branches have go to disk, so that disk's is to be shown where the two agree; undefined: none do. */
  prefersDisk: ((node: Node) => boolean) | undefined;
  /** Attributes found by the last `lookup`, as shown. */
  readonly stat: Stat = newStat();
  readonly #resolver: Resolver;
  readonly #listed: Listed = { inoLo: 0, inoHi: 0 };

  constructor(options: TreeOptions) {
    super(options);
    this.#resolver = new Resolver({
      ...options,
      table: this.table,
      inos: this.inos,
      links: this.links,
      walk: (path) => this.#walkAside(path),
    });
  }

  /** What `name` in `parent` is, its attributes in `stat`. Errors: ENOENT, and what the branches give. */
  lookup(parent: DirNode, name: ByteString): Node | Errno {
    this.missed = 0;
    this.unsure = false;
    if (parent === this.root && name === RESERVED) return ENOENT;
    const known = parent.dir.children.get(name);
    if (known !== undefined) {
      if (this.hideDisk && this.#isHidden(known, parent, name)) return this.#miss(known.kind);
      const err = this.attributes(known, this.stat);
      if (err >= 0 && (this.stat.mode & S_IFMT) === known.kind) {
        // Flash may have turned out to have lost it.
        return this.hideDisk && this.#isHidden(known, parent, name) ? this.#miss(known.kind) : known;
      }
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

  override attributes(node: Node, out: Stat): number {
    let err = this.#statPlace(node, out);
    if (err === ENOENT && node.has(FROM_DISK)) {
      node.flags &= ~FROM_DISK;
      err = this.#statPlace(node, out);
    }
    if (err === ENOENT && node.onFlash && node.parent !== null) {
      // Removed from flash by the user: disk's object shows again.
      this.lost(node);
      err = this.#statPlace(node, out);
    }
    if (err < 0) return err;
    this.#show(node, out);
    return 0;
  }

  /**
   * Whether `node` is shown from disk, and so changed there or copied up first: flash lacks it, or has a copy that follows disk's. A copy
   * of another mode or owner was changed by somebody: then flash's is shown.
   */
  shownByDisk(node: Node): boolean {
    if (!node.onFlash) return true;
    if (node === this.root || node.parent === null) return false;
    // What the kernel, or a writer, uses cannot be another while it does.
    if (node.open?.fixed === true && node.open.handles > 0) return node.open.onDisk;
    if (!node.has(SIDE_KNOWN)) {
      const fromDisk = this.isDirty(node) || (this.prefersDisk?.(node) === true && this.#branchesAgree(node));
      node.flags |= SIDE_KNOWN;
      node.set(FROM_DISK, fromDisk);
    }
    return node.has(FROM_DISK);
  }

  /** Whether disk's object was changed, and flash's copy has still to follow. */
  isDirty(node: Node): boolean {
    return this.marks.dirty.size > 0 && !this.hideDisk && this.marks.dirty.has(this.path(node));
  }

  /** Changes go elsewhere from now on: which branch shows what both have is decided anew. */
  forgetSides(): void {
    for (const node of this.table) node.flags &= ~(SIDE_KNOWN | FROM_DISK);
  }

  /** The node at a path as far as it is known, without asking a branch. */
  known(path: ByteString): Node | undefined {
    let node: Node | undefined = this.root;
    if (path !== '') for (const name of path.split('/') as ByteString[]) node = node?.dir?.children.get(name);
    return node;
  }

  /** As `walk`, for use within a lookup: leaves its attributes alone. */
  #walkAside(path: ByteString): Node | undefined {
    const saved = { ...this.stat };
    const node = this.walk(path);
    Object.assign(this.stat, saved);
    return typeof node === 'number' ? undefined : node;
  }

  /** Flash is about to have another object under `name`, where what disk has did not show: that object has the name no more. */
  displace(parent: DirNode, name: ByteString): void {
    const hidden = parent.dir.children.get(name);
    if (hidden === undefined) return;
    if (isDir(hidden)) this.gone(hidden);
    this.unlink(hidden, parent, name);
  }

  #isHidden(node: Node, parent: DirNode, name: ByteString): boolean {
    return !nameOnFlash(node, parent, name) && !node.has(MOUNTED_ON);
  }

  #miss(kind: number): Errno {
    this.missed = kind;
    return ENOENT;
  }

  #statPlace(node: Node, out: Stat): number {
    const orphan = this.orphans.get(node);
    const onDisk = this.shownByDisk(node);
    if (orphan !== undefined) return (onDisk ? this.disk : this.flash).calls.stat(null, orphan, EMPTY, out);
    return onDisk ? this.#statOnDisk(node, out) : this.#statOnFlash(node, out);
  }

  #statOnFlash(node: Node, out: Stat): number {
    const at = isDir(node) ? node.dir.flash : node.parent?.dir?.flash;
    return at == null ? ENOENT : this.flash.stat(at, isDir(node) ? EMPTY : node.name, out);
  }

  #statOnDisk(node: Node, out: Stat): number {
    const at = isDir(node) ? node.dir.disk : node.parent?.dir?.disk;
    return at == null ? ENOENT : this.disk.stat(at, isDir(node) ? EMPTY : node.name, out);
  }

  #branchesAgree(node: Node): boolean {
    const [flash, disk] = [newStat(), newStat()];
    if (this.#statOnFlash(node, flash) < 0 || this.#statOnDisk(node, disk) < 0) return false;
    if (!isDir(node)) {
      const { inos } = this;
      inos.ofDisk(disk.devMajor, disk.devMinor, disk.inoLo, disk.inoHi);
      // Flash's is another object, which has disk's place.
      if (inos.lo !== node.inoLo || inos.hi !== node.inoHi || !this.#contentAgrees(node, flash, disk)) return false;
      // A name was given to it on flash that disk does not have.
      if (flash.nlink > disk.nlink) return false;
    }
    if (flash.mode !== disk.mode || flash.uid !== disk.uid || flash.gid !== disk.gid) return false;
    const holder = isDir(node) ? node : node.parent;
    const [onFlash, onDisk] = [holder?.dir?.flash, holder?.dir?.disk];
    if (onFlash == null || onDisk == null) return false;
    const name = isDir(node) ? EMPTY : node.name;
    return hasNoFurther(at(this.flash, onFlash, name), at(this.disk, onDisk, name));
  }

  /** As far as attributes tell, as rsync has it. */
  #contentAgrees(node: Node, flash: Stat, disk: Stat): boolean {
    if (flash.rdevMajor !== disk.rdevMajor || flash.rdevMinor !== disk.rdevMinor) return false;
    if (flash.size !== disk.size || !sameTime(flash, disk)) return false;
    if (node.kind !== S_IFLNK) return true;
    const [here, there] = [node.parent?.dir?.flash, node.parent?.dir?.disk];
    if (here == null || there == null) return false;
    return this.flash.readlink(here, node.name) === this.disk.readlink(there, node.name);
  }

  #show(node: Node, out: Stat): void {
    out.inoLo = node.inoLo;
    out.inoHi = node.inoHi;
    if (node.onFlash && !node.has(FROM_DISK)) this.shownBefore.show(node, out);
    if (isDir(node)) {
      // A merged directory's count is not known without listing it; 1 says so to find and others, as on btrfs.
      if (node.dir.flash !== null && node.dir.disk !== null) out.nlink = 1;
    } else if (node.has(MULTI_LINK)) {
      if (!node.has(FROM_DISK)) out.nlink = this.links.shown(node, out.nlink);
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
    if (disk === null || (this.marks.of(parent.dir.hides, name) & WHITEOUT) !== 0) return ENOENT;
    const err = this.disk.stat(disk, name, stat);
    this.unsure = err === ENOENT && this.disk.away;
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
    const isFound = node.aliases === null && (!node.onFlash || !this.shownByDisk(node));
    if (isFound) this.#show(node, this.stat);
    else if (this.#statPlace(node, this.stat) >= 0) this.#show(node, this.stat);
    return node;
  }
}

function at(branch: Branch, dir: BranchDir, name: ByteString): At {
  return { calls: branch.calls, dir, dirfd: branch.fd(dir), name };
}
