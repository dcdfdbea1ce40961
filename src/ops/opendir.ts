// OPENDIR and RELEASEDIR. Opening a directory is using it. The listing is made at the first read, or before it while nothing else waits.

import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { FOPEN_CACHE_DIR, FOPEN_KEEP_CACHE } from '../wire/constants.ts';
import { openOut } from '../wire/replies.ts';
import type { OpenIn, ReleaseIn } from '../wire/requests/handles.ts';
import type { Engine } from './engine.ts';

export const opendir: Operation<Engine, OpenIn> = (engine, req) => {
  const node = engine.tree.directory(req.nodeid);
  if (typeof node === 'number') return node;
  const fh = engine.dirs.add({ node, listing: null });
  engine.tree.pin(node);
  // We alone change the tree, through this kernel: what it has read of the directory stays true.
  openOut(req.out, fh, FOPEN_CACHE_DIR | FOPEN_KEEP_CACHE);
  engine.capture.used(node, req, 'opendir');
  return OK;
};

export const releasedir: Operation<Engine, ReleaseIn> = (engine, _req, { fh }) => {
  const handle = engine.dirs.remove(fh);
  if (handle !== undefined) engine.tree.unpin(handle.node);
  return OK;
};
