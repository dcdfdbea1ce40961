// Where an object really is: the one pair (descriptor, name) by which system calls reach it, whichever branch has it, and also
// when it has no name any more. A reused object; valid until the next `locate`.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { ENOENT } from '../errno.ts';
import { O_NOATIME, O_PATH, O_RDONLY } from '../sys/open.ts';
import type { Branch } from '../branch/branch.ts';
import type { BranchDir } from '../branch/branch-dir.ts';
import { ON_THE_SPOT } from '../branch/calls.ts';
import type { Calls } from '../branch/calls.ts';
import { isDir, S_IFREG } from './node.ts';
import type { Node } from './node.ts';
import type { Tree } from './tree.ts';

const EMPTY = asBytes('');

export interface Place {
  /** A directory's descriptor, or the object's own when `name` is empty. */
  dirfd: number;
  name: ByteString;
  /** The directory, as the branch knows it; null: the object has no name. */
  dir: BranchDir | null;
  /** How the branch is read. */
  calls: Calls;
}

const place: Place = { dirfd: -1, name: EMPTY, dir: null, calls: ON_THE_SPOT };

/** Finds `node`: the place, or what opening its directory gives (ENOENT: it has gone). */
export function locate(tree: Tree, node: Node): Place | number {
  return find(tree, node, tree.shownByDisk(node));
}

/** Finds flash's object of `node`, also where disk's is shown. Errors: as `locate`. */
export function locateOnFlash(tree: Tree, node: Node): Place | number {
  return find(tree, node, false);
}

function find(tree: Tree, node: Node, onDisk: boolean): Place | number {
  const orphan = tree.orphans.get(node);
  const branch: Branch = onDisk ? tree.disk : tree.flash;
  if (orphan !== undefined) return at(branch, null, orphan, EMPTY);
  const holder = isDir(node) ? node : node.parent;
  const dir = onDisk ? holder?.dir?.disk : holder?.dir?.flash;
  if (dir == null) return ENOENT;
  const fd = branch.fd(dir);
  return fd < 0 ? fd : at(branch, dir, fd, isDir(node) ? EMPTY : node.name);
}

/** Opens `node` itself with `flags`. Errors: as `locate`, and what open gives. */
export function openNode(tree: Tree, node: Node, flags: number): number {
  const found = locate(tree, node);
  if (typeof found === 'number') return found;
  return found.calls.open(found.dir, found.dirfd, found.name, flags, 0);
}

/** Opens what `node` is copied from: a file for reading, without a trace in its access time where that may be asked for. Errors: as `openNode`. */
export function openToCopy(tree: Tree, node: Node): number {
  if (node.kind !== S_IFREG) return openNode(tree, node, O_PATH);
  const fd = openNode(tree, node, O_RDONLY | O_NOATIME);
  // Only a file's owner may ask to leave its access time alone.
  return fd < 0 ? openNode(tree, node, O_RDONLY) : fd;
}

function at(branch: Branch, dir: BranchDir | null, dirfd: number, name: ByteString): Place {
  place.calls = branch.calls;
  place.dir = dir;
  place.dirfd = dirfd;
  place.name = name;
  return place;
}
