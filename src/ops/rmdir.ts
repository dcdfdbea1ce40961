// RMDIR: empty means empty in the merged root, whatever disk still holds below.

import type { BranchDir } from '../branch/branch-dir.ts';
import type { ByteString } from '../bytes.ts';
import { EBUSY, EEXIST, ENOENT, ENOTDIR, ENOTEMPTY } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { rmdirat } from '../sys/link.ts';
import { isEmpty } from '../tree/merge.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode } from '../tree/node.ts';
import type { NameIn } from '../wire/requests/names.ts';
import { flashFd } from './creation.ts';
import { diskFd, touchShown } from './disk-names.ts';
import type { Engine } from './engine.ts';
import { clearDisk, keepReachable, readyToTouch, touch, whiteout } from './removal.ts';

export const rmdir: Operation<Engine, NameIn> = (engine, req, { name }) => {
  const { tree } = engine;
  const parent = tree.directory(req.nodeid);
  if (typeof parent === 'number') return parent;
  const node = tree.lookup(parent, name);
  if (typeof node === 'number') return node;
  if (!isDir(node)) return ENOTDIR;
  if (node === tree.root) return EBUSY;
  const empty = isEmpty(tree, node);
  if (typeof empty === 'number') return empty;
  if (!empty) return ENOTEMPTY;
  const removed = rmdirOnDisk(engine, req, node, parent, name);
  if (removed !== ENOTEMPTY) return removed;
  const { onFlash } = node;
  if (!onFlash) {
    const ready = readyToTouch(engine, parent, req);
    if (ready < 0) return ready;
  }
  const hidden = whiteout(engine, req, parent, name, node, onFlash);
  if (hidden !== OK) return hidden;
  const kept = keepReachable(engine, node);
  if (kept < 0) return kept;
  tree.disk.calls.begun();
  if (onFlash) {
    const dirfd = flashFd(engine, parent);
    const gone = dirfd < 0 ? dirfd : rmdirat(dirfd, name);
    if (gone < 0) return gone;
    touchShown(engine, parent, 'flash');
    clearDisk(engine, parent, name);
  } else touch(engine, parent);
  // A crash before this leaves origins of what flash does not have: they mean nothing.
  return forget(engine, node, parent, name);
};

/**
 * Removes a directory that disk shows, where changes go to disk: flash's copy first, which brings nothing back should the power go. ENOTEMPTY where
 * that is not the way to go: another route, or disk has something in it that is hidden.
 */
function rmdirOnDisk(engine: Engine, req: Request, node: DirNode, parent: DirNode, name: ByteString): number {
  const { routes, tree } = engine;
  const { disk } = node.dir;
  if (!routes.diskTakesChanges || disk === null || !isAt(disk, parent, name)) return ENOTEMPTY;
  if (!tree.shownByDisk(node) || routes.ofName(parent, name) !== 'disk') return ENOTEMPTY;
  const dirfd = diskFd(engine, parent);
  if (dirfd < 0) return dirfd;
  const begun = engine.mirror.begin(req, [tree.pathOf(parent, name)]);
  if (begun !== OK) return begun;
  const kept = keepReachable(engine, node);
  if (kept < 0) return kept;
  if (node.onFlash) {
    const at = flashFd(engine, parent);
    const gone = at < 0 ? at : rmdirat(at, name);
    if (gone < 0 && gone !== ENOENT) return gone === EEXIST ? ENOTEMPTY : gone;
    tree.lost(node);
  }
  const gone = rmdirat(dirfd, name);
  if (gone < 0) return gone === EEXIST ? ENOTEMPTY : gone;
  routes.diskChanged = true;
  touchShown(engine, parent, 'disk');
  tree.disk.drop(disk);
  return forget(engine, node, parent, name);
}

function forget({ marks, tree }: Engine, node: DirNode, parent: DirNode, name: ByteString): number {
  marks.prune(tree.pathOf(parent, name));
  tree.gone(node);
  tree.unlink(node, parent, name);
  return OK;
}

/** Whether the place on disk is the one that the name says: not after a rename on flash. */
function isAt(disk: BranchDir, parent: DirNode, name: ByteString): boolean {
  return disk.parent === parent.dir.disk && disk.name === name;
}
