// UNLINK: a name goes; the object lives on while it is open or has other names.

import { EISDIR } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { unlinkat } from '../sys/link.ts';
import { nameOnFlash } from '../tree/names.ts';
import { isDir } from '../tree/node.ts';
import type { NameIn } from '../wire/requests/names.ts';
import { flashFd } from './creation.ts';
import type { Engine } from './engine.ts';
import { keepReachable, readyToTouch, touch, whiteout } from './removal.ts';

export const unlink: Operation<Engine, NameIn> = (engine, req, { name }) => {
  const { tree } = engine;
  const parent = tree.directory(req.nodeid);
  if (typeof parent === 'number') return parent;
  const node = tree.lookup(parent, name);
  if (typeof node === 'number') return node;
  if (isDir(node)) return EISDIR;
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
  if (onFlash) {
    const dirfd = flashFd(engine, parent);
    const gone = dirfd < 0 ? dirfd : unlinkat(dirfd, name);
    if (gone < 0) return gone;
  } else touch(engine, parent);
  // A crash before this leaves an origin of what flash does not have: it means nothing.
  engine.marks.clear(parent, name);
  tree.unlink(node, parent, name);
  return OK;
};
