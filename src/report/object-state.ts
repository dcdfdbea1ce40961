// What a path of the merged root is now: where its symlinks lead, on which branch the object lies, how flash's copy stands to disk's. Looks
// through what hides disk (rehearse), since that is what is asked about. Reads both branches, changes neither.

import type { ByteString } from '../bytes.ts';
import { asBytes, join } from '../bytes.ts';
import { ELOOP, ENOENT, ENOTDIR } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { objectKind } from '../policy/object-kind.ts';
import type { ObjectKind } from '../policy/object-kind.ts';
import { readlinkat } from '../sys/link.ts';
import { isDir, S_IFLNK } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { locate } from '../tree/place.ts';
import { standingOf } from '../tree/standing.ts';
import type { Standing } from '../tree/standing.ts';
import type { Tree } from '../tree/tree.ts';

/** A symlink on the way. */
export interface Hop {
  readonly path: ByteString;
  readonly target: ByteString;
}

export interface ObjectState {
  /** The object's own path: symlinks above its name are followed. */
  readonly path: ByteString;
  readonly hops: readonly Hop[];
  /** null: the merged root has no such object. */
  readonly kind: ObjectKind | null;
  /** Bytes, of a regular file. */
  readonly size: number;
  /** Of a symlink. */
  readonly target: ByteString | null;
  readonly standing: Standing;
  /** Where it is on disk, if elsewhere: a directory above it was renamed. */
  readonly diskPath: ByteString | null;
  /** The first name of `path` that is not there; null where all are. */
  readonly missing: ByteString | null;
  /** ENOENT, ENOTDIR, ELOOP, or what reading a branch gave; 0 where all went well. */
  readonly err: Errno | 0;
}

const MOST_HOPS = 40;
const NOWHERE: Standing = { onFlash: false, onDisk: false, removed: false, another: false, differs: [] };

/** The state of `path` (no leading slash). */
export function stateOf(tree: Tree, path: ByteString): ObjectState {
  const { hideDisk } = tree;
  tree.hideDisk = false;
  const walk = new Walk(tree, path);
  const state = walk.go();
  walk.release();
  tree.hideDisk = hideDisk;
  return state;
}

class Walk {
  readonly #tree: Tree;
  readonly #hops: Hop[] = [];
  readonly #met: Node[] = [];
  #names: string[];
  #at: DirNode;

  constructor(tree: Tree, path: ByteString) {
    this.#tree = tree;
    this.#names = path === '' ? [] : path.split('/');
    this.#at = tree.root;
  }

  go(): ObjectState {
    for (;;) {
      const name = this.#names.shift();
      if (name === undefined || name === '') return this.#found(this.#at, null, asBytes(''));
      if (name === '..') {
        if (this.#at.parent !== null && isDir(this.#at.parent)) this.#at = this.#at.parent;
        continue;
      }
      if (name === '.') continue;
      const last = this.#names.length === 0;
      const node = this.#tree.lookup(this.#at, asBytes(name));
      if (typeof node === 'number') return this.#notFound(asBytes(name), node);
      this.#met.push(node);
      if (last) return this.#found(node, this.#at, asBytes(name));
      if (node.kind === S_IFLNK) {
        const err = this.#follow(node, asBytes(name));
        if (err < 0) return this.#notFound(asBytes(name), err as Errno);
      } else if (isDir(node)) this.#at = node;
      else return this.#notFound(asBytes(name), ENOTDIR);
    }
  }

  /** What was only looked at is not kept. */
  release(): void {
    for (const node of this.#met.reverse()) this.#tree.release(node);
  }

  #follow(node: Node, name: ByteString): number {
    const target = this.#target(node);
    if (typeof target === 'number') return target;
    if (this.#hops.length === MOST_HOPS) return ELOOP;
    this.#hops.push({ path: this.#tree.pathOf(this.#at, name), target });
    if (target.startsWith('/')) this.#at = this.#tree.root;
    this.#names.unshift(...target.split('/').filter((part) => part !== ''));
    return 0;
  }

  #target(node: Node): ByteString | Errno {
    const place = locate(this.#tree, node);
    return typeof place === 'number' ? (place as Errno) : readlinkat(place.dirfd, place.name);
  }

  /** `parent` is null for the root. */
  #found(node: Node, parent: DirNode | null, name: ByteString): ObjectState {
    const err = this.#tree.attributes(node, this.#tree.stat);
    const { size } = this.#tree.stat;
    const target = node.kind === S_IFLNK ? this.#target(node) : null;
    const standing =
      parent === null ? { ...NOWHERE, onFlash: true, onDisk: true } : standingOf(this.#tree, parent, name);
    const path = parent === null ? this.#tree.path(node) : this.#tree.pathOf(parent, name);
    return {
      path,
      hops: this.#hops,
      kind: objectKind(node.kind),
      size,
      target: typeof target === 'number' ? null : target,
      standing,
      diskPath: this.#diskPath(parent, name, path),
      missing: null,
      err: err < 0 ? (err as Errno) : 0,
    };
  }

  #notFound(name: ByteString, err: Errno): ObjectState {
    const missing = this.#tree.pathOf(this.#at, name);
    const path = asBytes([missing, ...this.#names].join('/'));
    const diskPath = this.#diskPath(this.#at, name, missing);
    const standing = err === ENOENT ? standingOf(this.#tree, this.#at, name) : NOWHERE;
    return { path, hops: this.#hops, kind: null, size: 0, target: null, standing, diskPath, missing, err };
  }

  #diskPath(parent: DirNode | null, name: ByteString, path: ByteString): ByteString | null {
    const disk = parent?.dir.disk ?? null;
    if (disk === null) return null;
    const there = join(disk.path(), name);
    return there === path ? null : there;
  }
}
