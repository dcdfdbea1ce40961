// RMDIR: empty means empty in the merged root, whatever disk still holds below.

import { EBUSY, ENOTDIR, ENOTEMPTY } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { rmdirat } from '../sys/link.ts';
import { isEmpty } from '../tree/merge.ts';
import { isDir } from '../tree/node.ts';
import type { NameIn } from '../wire/requests/names.ts';
import { flashFd } from './creation.ts';
import type { Engine } from './engine.ts';
import { keepReachable, readyToTouch, touch, whiteout } from './removal.ts';

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
  const { onFlash } = node;
  if (!onFlash) {
    const ready = readyToTouch(engine, parent, req);
    if (ready < 0) return ready;
  }
  const hidden = whiteout(engine, req, parent, name, node, onFlash);
  if (hidden !== OK) return hidden;
  const kept = keepReachable(engine, node);
  if (kept < 0) return kept;
  if (onFlash) {
    const dirfd = flashFd(engine, parent);
    const gone = dirfd < 0 ? dirfd : rmdirat(dirfd, name);
    if (gone < 0) return gone;
  } else touch(engine, parent);
  // A crash before this leaves origins of what flash does not have: they mean nothing.
  engine.marks.prune(tree.pathOf(parent, name));
  tree.gone(node);
  tree.unlink(node, parent, name);
  return OK;
};
