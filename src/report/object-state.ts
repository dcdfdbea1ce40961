// What a path of the merged root is now: where its symlinks lead, on which branch the object lies, how flash's copy stands to disk's. Looks
// through what hides disk (rehearse), since that is what is asked about. Reads both branches, changes neither.

import type { ByteString } from '../bytes.ts';
import { asBytes, join } from '../bytes.ts';
import { ENOENT } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { objectKind } from '../policy/object-kind.ts';
import type { ObjectKind } from '../policy/object-kind.ts';
import { S_IFLNK } from '../tree/node.ts';
import type { DirNode } from '../tree/node.ts';
import { PathWalk, targetOf } from '../tree/path-walk.ts';
import type { Led, LedNowhere } from '../tree/path-walk.ts';
import { standingOf } from '../tree/standing.ts';
import type { Standing } from '../tree/standing.ts';
import type { Tree } from '../tree/tree.ts';

export interface ObjectState {
  /** The object's own path: symlinks above its name are followed. */
  readonly path: ByteString;
  readonly hops: readonly { readonly path: ByteString; readonly target: ByteString }[];
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

const ROOT: Standing = { onFlash: true, onDisk: true, removed: false, another: false, differs: [] };
const NOWHERE: Standing = { onFlash: false, onDisk: false, removed: false, another: false, differs: [] };

/** The state of `path` (no leading slash). */
export function stateOf(tree: Tree, path: ByteString): ObjectState {
  const { hideDisk } = tree;
  tree.hideDisk = false;
  const walk = new PathWalk(tree, path);
  const led = walk.go();
  const state = 'err' in led ? missing(tree, led) : found(tree, led);
  walk.release();
  tree.hideDisk = hideDisk;
  return { ...state, hops: walk.hops };
}

type Found = Omit<ObjectState, 'hops'>;

function found(tree: Tree, { node, parent, name }: Led): Found {
  const err = tree.attributes(node, tree.stat);
  const { size } = tree.stat;
  const target = node.kind === S_IFLNK ? targetOf(tree, node) : null;
  const path = parent === null ? asBytes('') : tree.pathOf(parent, name);
  return {
    path,
    kind: objectKind(node.kind),
    size,
    target: typeof target === 'number' ? null : target,
    standing: parent === null ? ROOT : standingOf(tree, parent, name),
    diskPath: parent === null ? null : diskPathOf(parent, name, path),
    missing: null,
    err: err < 0 ? (err as Errno) : 0,
  };
}

function missing(tree: Tree, { err, parent, name, rest }: LedNowhere): Found {
  const at = tree.pathOf(parent, name);
  return {
    path: asBytes([at, ...rest].join('/')),
    kind: null,
    size: 0,
    target: null,
    standing: err === ENOENT ? standingOf(tree, parent, name) : NOWHERE,
    diskPath: diskPathOf(parent, name, at),
    missing: at,
    err,
  };
}

function diskPathOf({ dir }: DirNode, name: ByteString, path: ByteString): ByteString | null {
  if (dir.disk === null) return null;
  const there = join(dir.disk.path(), name);
  return there === path ? null : there;
}
