// Publishing what copy threads have staged: the moment at which flash has an object. On the session's thread, so the object cannot move
// meanwhile; if it moved or went while it was being copied, its node says where to, or that nobody wants it.

import type { ByteString } from '../bytes.ts';
import { EEXIST, ENOENT } from '../errno.ts';
import type { Features } from '../copy/features.ts';
import { publish } from '../copy/publish.ts';
import type { Stage } from '../copy/stage.ts';
import { linkat, unlinkat } from '../sys/link.ts';
import { close, O_PATH, openat } from '../sys/open.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import type { MarkStore } from '../tree/mark-store.ts';
import { isDir, MULTI_LINK, ON_FLASH } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';
import type { Directories } from './directories.ts';

const stat = newStat();

/** What shows an inode number, int32 halves. */
export interface Numbered {
  readonly inoLo: number;
  readonly inoHi: number;
}

export interface LandingOptions {
  readonly tree: Tree;
  readonly marks: MarkStore;
  readonly stage: Stage;
  readonly features: Features;
  readonly directories: Directories;
  /** Nobody on flash can name `node`, whose copy is (`fd`, ''), but names that only disk has lead to it. */
  readonly onNameless: (node: Node, fd: number) => number;
  /** Who has `node` open must go on with flash's copy. */
  readonly onMoved: (node: Node) => number;
  /** Flash's copy of `node` has got a further name. */
  readonly onNamed: (node: Node, parent: DirNode, name: ByteString) => void;
  /** Flash has `node` now. */
  readonly onLanded: (node: Node) => void;
}

export class Landing {
  readonly #tree: Tree;
  readonly #marks: MarkStore;
  readonly #stage: Stage;
  readonly #features: Features;
  readonly #directories: Directories;
  readonly #onMoved: (node: Node) => number;
  readonly #onLanded: (node: Node) => void;
  readonly #onNameless: (node: Node, fd: number) => number;
  readonly #onNamed: LandingOptions['onNamed'];

  constructor(options: LandingOptions) {
    this.#tree = options.tree;
    this.#marks = options.marks;
    this.#stage = options.stage;
    this.#features = options.features;
    this.#directories = options.directories;
    this.#onMoved = options.onMoved;
    this.#onLanded = options.onLanded;
    this.#onNameless = options.onNameless;
    this.#onNamed = options.onNamed;
  }

  /** Gives the staged copy of `node` its name (`addNames`: the further ones); what cannot be published leaves the stage. Errors: of marks, directories and rename. */
  land(node: Node, stageName: ByteString): number {
    const err = node.onFlash
      ? EEXIST
      : node.parent === null
        ? this.#landOrphan(node, stageName)
        : this.#tree.shownBefore.unchanged(node, () => this.#publish(node, stageName));
    if (err < 0) unlinkat(this.#stage.fd, stageName);
    if (err < 0 && err !== EEXIST) return err;
    this.#onLanded(node);
    return this.#onMoved(node);
  }

  /** The further names of `node` that are known, on flash as links to its copy. Errors: as `addName`. */
  addNames(node: Node): number {
    for (const link of node.aliases ?? []) {
      if (link.onFlash || !isDir(link.parent)) continue;
      const above = this.#directories.ensure(link.parent);
      const err = above < 0 ? above : this.addName(node, link.parent, link.name);
      if (err < 0) return err;
    }
    return 0;
  }

  /** One further name of `node`, whose copy and whose directory flash has. Errors: what link gives. */
  addName(node: Node, parent: DirNode, name: ByteString): number {
    const from = node.parent?.dir?.flash;
    if (from == null || parent.dir.flash === null) return ENOENT;
    const fromFd = this.#tree.flash.fd(from);
    if (fromFd < 0) return fromFd;
    const err = this.#tree.shownBefore.unchanged(node, () => this.nameFrom(fromFd, node.name, parent, name, node));
    if (err < 0) return err;
    this.#tree.nameLanded(node, parent, name);
    this.#onNamed(node, parent, name);
    return 0;
  }

  /** Flash's object (`fromFd`, `from`), which shows `number`, also as (`parent`, `name`), a name that disk has of it. Errors: what link gives. */
  nameFrom(fromFd: number, from: ByteString, parent: DirNode, name: ByteString, number: Numbered): number {
    const above = this.#directories.ensure(parent);
    if (above < 0) return above;
    const stageName = this.#stage.name();
    // Through the stage, so that the directory's times can be kept by the one piece of code that knows how.
    const linked = linkat(fromFd, from, this.#stage.fd, stageName);
    if (linked < 0) return linked;
    let err: number | undefined;
    try {
      err = this.#named(stageName, parent, name, number, true);
    } finally {
      // Run anew, it gets another one.
      if (err === undefined || err < 0) unlinkat(this.#stage.fd, stageName);
    }
    return err === EEXIST ? 0 : err;
  }

  /** A staged copy that nobody wants any more. */
  discard(stageName: ByteString): void {
    unlinkat(this.#stage.fd, stageName);
  }

  #publish(node: Node, stageName: ByteString): number {
    const { parent } = node;
    if (parent === null || !isDir(parent)) return ENOENT;
    const above = this.#directories.ensure(parent);
    const err = above < 0 ? above : this.#named(stageName, parent, node.name, node, node.has(MULTI_LINK));
    if (err >= 0 || err === EEXIST) this.#tree.landed(node);
    return err;
  }

  #named(
    stageName: ByteString,
    parent: DirNode,
    name: ByteString,
    { inoLo, inoHi }: Numbered,
    several: boolean,
  ): number {
    if (parent.dir.flash === null) return ENOENT;
    if (several) {
      // Before the copy shows: its other names must find it, even after a remount.
      const found = statxAt(this.#stage.fd, stageName, stat);
      if (found < 0) return found;
      const { inoLo: flashLo, inoHi: flashHi } = stat;
      const { disk } = parent.dir;
      const onDisk = disk !== null && this.#tree.disk.stat(disk, name, stat) >= 0;
      const marked = this.#marks.together(() => {
        const origin = this.#marks.origin(parent, name, { inoLo, inoHi, diskPath: null, flashLo, flashHi });
        return origin < 0 || !onDisk ? origin : this.#marks.spend(parent, name, stat);
      });
      if (marked < 0) return marked;
    } else {
      const cleared = this.#marks.clear(parent, name);
      if (cleared < 0) return cleared;
    }
    const dirfd = this.#tree.flash.fd(parent.dir.flash);
    if (dirfd < 0) return dirfd;
    const err = this.#tree.shownBefore.unchanged(parent, () =>
      publish(this.#stage.fd, stageName, dirfd, name, {
        replace: false,
        keepParentTimes: true,
        features: this.#features,
      }),
    );
    if (several && err < 0 && err !== EEXIST) this.#marks.unspend(parent, name);
    return err;
  }

  /** Nobody can name it any more, but somebody has it open and changes it. */
  #landOrphan(node: Node, stageName: ByteString): number {
    const fd = openat(this.#stage.fd, stageName, O_PATH);
    if (fd < 0) return fd;
    const kept = this.#tree.links.onDisk(node) > 0 ? this.#onNameless(node, fd) : 0;
    if (kept < 0) {
      close(fd);
      return kept;
    }
    unlinkat(this.#stage.fd, stageName);
    this.#tree.orphans.set(node, fd);
    node.flags |= ON_FLASH;
    return 0;
  }
}
