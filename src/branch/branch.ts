// One real tree behind a directory descriptor. All access to a branch goes through here, as (directory, name) -> (dirfd, name),
// so that no path is ever resolved through a symlink or through what is mounted on top. Directory descriptors are opened on
// demand and kept in a bounded cache. Knows nothing of the other branch.

import { join } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { ENAMETOOLONG, ENOENT } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { O_DIRECTORY, O_PATH } from '../sys/open.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import type { DirCursor } from '../sys/dir.ts';
import { BranchDir } from './branch-dir.ts';
import type { BranchMemory } from './branch-memory.ts';
import { ON_THE_SPOT } from './calls.ts';
import type { Calls } from './calls.ts';
import { eachPoint, takeOver } from './grafts.ts';
import type { GraftPoint } from './grafts.ts';

const OPEN_DIR = O_PATH | O_DIRECTORY;

export interface BranchOptions {
  /** Directory descriptor of the branch's root, owned by the branch from now on. */
  readonly rootFd: number;
  /** Changes may be made in this branch. */
  readonly writable: boolean;
  /** Descriptors kept open at the most; at least 16. */
  readonly maxOpen?: number;
  readonly grafts?: GraftPoint;
  /** Devices (`major:minor`) whose mounts met on the way belong to the branch; null: none can be met, since it is free of mounts. */
  readonly admitted?: readonly string[] | null;
}

/** A real tree, opened. Plain values only: they can travel between threads. */
export interface OpenedTree {
  readonly rootFd: number;
  readonly grafts: GraftPoint;
  /** As BranchOptions.admitted. */
  readonly admitted: readonly string[] | null;
}

export class Branch {
  readonly root: BranchDir;
  readonly writable: boolean;
  /** Identity of the root directory: major, minor, inode halves. */
  readonly rootStat: Stat = newStat();
  /** How it is read. Set before anything is asked, if at all. */
  calls: Calls = ON_THE_SPOT;
  readonly #maxOpen: number;
  readonly #open: BranchDir[] = [];
  #hand = 0;
  #admitted: readonly string[] | null;
  /** What is known of it while it is away. */
  #memory: BranchMemory | null = null;
  /** Its grafts when it left. */
  #left = new Set<GraftPoint>();

  constructor(options: BranchOptions) {
    this.root = new BranchDir(null, '' as ByteString, { fd: options.rootFd, graft: options.grafts ?? null });
    this.writable = options.writable;
    this.#maxOpen = Math.max(16, options.maxOpen ?? 512);
    this.#admitted = options.admitted ?? null;
    statxAt(options.rootFd, '' as ByteString, this.rootStat);
  }

  /**
   * A descriptor for `dir`, valid until other directories of this branch have been asked for; never to be closed or kept.
   * Errors: what openat gives, ENOENT where the directory has gone.
   */
  fd(dir: BranchDir): number {
    if (dir.fd >= 0) {
      dir.used = true;
      return dir.fd;
    }
    return dir.graft?.fd ?? this.#openChain(dir);
  }

  /**
   * Attributes of `name` in `dir` (of `dir` itself for '').
   * Errors: ENOENT also for what is hidden, and for a name that is longer than its filesystem can hold; else what statx gives.
   */
  stat(dir: BranchDir, name: ByteString, out: Stat): number {
    if (this.#memory !== null) return this.#memory.stat(join(dir.path(), name), out);
    if (name === '' && dir.parent !== null && dir.fd < 0 && dir.graft?.fd === undefined)
      return this.stat(dir.parent, dir.name, out);
    if (dir.graft !== null && name !== '') {
      const point = dir.graft.children.get(name);
      if (point?.hidden === true) return ENOENT;
      if (point?.fd !== undefined) return this.calls.stat(null, point.fd, '' as ByteString, out);
    }
    if (dir.husk && name !== '') return ENOENT;
    const fd = this.fd(dir);
    if (fd < 0) return fd;
    const err = this.calls.stat(dir, fd, name, out);
    // jffs2 refuses to look for it, and the other branch may have it.
    return err === ENAMETOOLONG ? ENOENT : err;
  }

  /** The place for the directory `name` of `dir`, whose attributes are `stat`; nothing is opened. */
  child(dir: BranchDir, name: ByteString, stat: Stat | null): BranchDir {
    const graft = dir.graft?.children.get(name) ?? null;
    if (graft?.fd !== undefined) return new BranchDir(dir, name, { graft });
    const husk = stat !== null && stat.mountRoot && !this.#admits(stat);
    return new BranchDir(dir, name, { graft, husk });
  }

  /** The place for the directory at `path` below the root; nothing is opened. */
  dirAt(path: ByteString): BranchDir {
    let dir = this.root;
    if (path !== '') for (const name of path.split('/') as ByteString[]) dir = this.child(dir, name, null);
    return dir;
  }

  /** Whether `name` of `dir` is kept out of the branch. */
  hides(dir: BranchDir, name: ByteString): boolean {
    return dir.graft !== null && dir.graft.children.get(name)?.hidden === true;
  }

  /** Opens `name` in `dir`, never following a symlink. Errors: what openat gives. */
  open(dir: BranchDir, name: ByteString, flags: number, mode = 0): number {
    if (dir.husk) return ENOENT;
    const fd = this.fd(dir);
    return fd < 0 ? fd : this.calls.open(dir, fd, name, flags, mode);
  }

  /** What the symlink `name` of `dir` says. Errors: as `readlinkat`, and of opening the directory. */
  readlink(dir: BranchDir, name: ByteString): ByteString | Errno {
    const fd = this.fd(dir);
    return fd < 0 ? (fd as Errno) : this.calls.readlink(dir, fd, name);
  }

  /** Shows each entry of `dir` to `visit`, in `cursor`. Errors: of opening and reading it. */
  list(dir: BranchDir, cursor: DirCursor, visit: () => void): number {
    if (dir.husk) return ENOENT;
    const fd = this.fd(dir);
    return fd < 0 ? fd : this.calls.list(dir, fd, cursor, visit);
  }

  /** Closes what is kept open for `dir`, which is about to go or has gone. */
  drop(dir: BranchDir): void {
    if (dir.fd < 0 || !dir.evictable) return;
    this.calls.close(dir.fd);
    dir.fd = -1;
    const at = this.#open.indexOf(dir);
    if (at >= 0) this.#removeAt(at);
  }

  /** Closes all descriptors but the root's and the grafts'. */
  dropAll(): void {
    for (const dir of this.#open) {
      this.calls.close(dir.fd);
      dir.fd = -1;
    }
    this.#open.length = 0;
    this.#hand = 0;
  }

  /** Whether it is away: nothing of it can be opened, and only what is remembered has attributes. */
  get away(): boolean {
    return this.#memory !== null;
  }

  /** Whether what is asked of it now may not be answered for long. */
  get silent(): boolean {
    return this.#memory === null && this.calls.silent;
  }

  /** Closes everything until `comeBack`. */
  leave(memory: BranchMemory): void {
    this.dropAll();
    this.calls.close(this.root.fd);
    this.root.fd = -1;
    this.#left = new Set();
    eachPoint(this.root.graft, (point) => {
      if (point.fd === undefined) return;
      this.calls.close(point.fd);
      point.fd = undefined;
      this.#left.add(point);
    });
    this.#memory = memory;
  }

  /** It is here again, its root and grafts opened anew: true, and they are its own; false: this is another tree than the one that left. */
  comeBack({ rootFd, grafts, admitted }: OpenedTree): boolean {
    const memory = this.#memory;
    if (memory === null) return false;
    this.#memory = null;
    this.#admitted = admitted;
    this.root.fd = rootFd;
    if (this.root.graft !== null) takeOver(this.root.graft, grafts);
    // A part that is not mounted yet would show as the empty directory below it.
    const isWhole = [...this.#left].every(({ fd }) => fd !== undefined);
    const isIt =
      isWhole &&
      memory.isOf((path, out) => {
        if (path === '') return this.stat(this.root, path, out);
        const at = path.lastIndexOf('/');
        const above = this.dirAt(path.slice(0, Math.max(at, 0)) as ByteString);
        const err = this.stat(above, path.slice(at + 1) as ByteString, out);
        if (above !== this.root) this.dropAll();
        return err;
      });
    if (!isIt) {
      const left = this.#left;
      this.leave(memory);
      // What is mounted below another disk has no say.
      this.#left = left;
      return false;
    }
    statxAt(rootFd, '' as ByteString, this.rootStat);
    return true;
  }

  #admits({ devMajor, devMinor }: Stat): boolean {
    return this.#admitted?.includes(`${String(devMajor)}:${String(devMinor)}`) ?? true;
  }

  /** Closes everything; the branch is unusable afterwards. */
  close(): void {
    this.dropAll();
    if (this.root.fd >= 0) this.calls.close(this.root.fd);
    this.root.fd = -1;
  }

  #openChain(dir: BranchDir): number {
    const chain: BranchDir[] = [];
    let open: BranchDir | null = dir;
    while (open !== null && open.fd < 0 && open.graft?.fd === undefined) {
      chain.push(open);
      open = open.parent;
    }
    if (open === null) return ENOENT;
    let fd: number = open.graft?.fd ?? open.fd;
    for (let i = chain.length - 1; i >= 0; i--) {
      const next = chain[i]!;
      fd = this.calls.open(next.parent, fd, next.name, OPEN_DIR, 0);
      if (fd < 0) return fd;
      this.#remember(next, fd);
    }
    return fd;
  }

  #remember(dir: BranchDir, fd: number): void {
    dir.fd = fd;
    dir.used = true;
    if (this.#open.length < this.#maxOpen) {
      this.#open.push(dir);
      return;
    }
    for (;;) {
      const victim = this.#open[this.#hand]!;
      if (!victim.used) {
        this.calls.close(victim.fd);
        victim.fd = -1;
        this.#open[this.#hand] = dir;
        this.#hand = (this.#hand + 1) % this.#open.length;
        return;
      }
      victim.used = false;
      this.#hand = (this.#hand + 1) % this.#open.length;
    }
  }

  #removeAt(at: number): void {
    const last = this.#open.pop()!;
    if (at < this.#open.length) this.#open[at] = last;
    if (this.#hand >= this.#open.length) this.#hand = 0;
  }
}
