// UNLINK: a name goes; the object lives on while it is open or has other names.

import type { ByteString } from '../bytes.ts';
import { EISDIR } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { unlinkat } from '../sys/link.ts';
import { nameOnFlash } from '../tree/names.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { NameIn } from '../wire/requests/names.ts';
import { flashFd } from './creation.ts';
import { diskFd, touchShown } from './disk-names.ts';
import type { Engine } from './engine.ts';
import { giveUpOnFlash } from './give-up.ts';
import { clearDisk, keepReachable, leavesDisk, readyToTouch, takeFromDisk, touch, whiteout } from './removal.ts';

export const unlink: Operation<Engine, NameIn> = (engine, req, { name }) => {
  const { tree } = engine;
  const parent = tree.directory(req.nodeid);
  if (typeof parent === 'number') return parent;
  const node = tree.lookup(parent, name);
  if (typeof node === 'number') return node;
  if (isDir(node)) return EISDIR;
  const given = giveUp(engine, req, node, parent, name);
  if (given !== OK) return given;
  if (leavesDisk(engine, node, parent, name)) return unlinkOnDisk(engine, node, parent, name);
  const onFlash = nameOnFlash(node, parent, name);
  if (!onFlash) {
    const ready = readyToTouch(engine, parent, req);
    if (ready < 0) return ready;
  }
  const hidden = whiteout(engine, req, parent, name, node, onFlash);
  if (hidden !== OK) return hidden;
  const copy = onFlash ? engine.kept.keep(node) : OK;
  if (copy < 0) return copy;
  const kept = keepReachable(engine, node);
  if (kept < 0) return kept;
  tree.disk.calls.begun();
  if (onFlash) {
    const dirfd = flashFd(engine, parent);
    const gone = dirfd < 0 ? dirfd : unlinkat(dirfd, name);
    if (gone < 0) return gone;
    touchShown(engine, parent, 'flash');
    clearDisk(engine, parent, name);
  } else touch(engine, parent);
  // A crash before this leaves an origin of what flash does not have: it means nothing.
  engine.marks.clear(parent, name);
  tree.unlink(node, parent, name);
  return OK;
};

/** In upgrade mode: of what disk shows, flash's name goes first. OK, DEFERRED, or an Errno. */
function giveUp(engine: Engine, req: Request, node: Node, parent: DirNode, name: ByteString): number {
  const { mirror, routes, tree } = engine;
  if (!routes.mirrors || !tree.shownByDisk(node) || tree.links.onBoth(node.inoLo, node.inoHi)) return OK;
  if (parent.dir.disk === null || routes.ofName(parent, name) !== 'disk') return OK;
  const begun = mirror.begin(req, [tree.pathOf(parent, name)]);
  return begun !== OK ? begun : giveUpOnFlash(engine, node, parent, name);
}

function unlinkOnDisk(engine: Engine, node: Node, parent: DirNode, name: ByteString): number {
  const dirfd = diskFd(engine, parent);
  const gone = dirfd < 0 ? dirfd : takeFromDisk(engine, node, () => unlinkat(diskFd(engine, parent), name));
  if (gone < 0) return gone;
  touchShown(engine, parent, 'disk');
  engine.tree.unlink(node, parent, name);
  return OK;
}
