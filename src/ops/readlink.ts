// READLINK: following a symlink is using it, so it is captured. The kernel keeps the target: it asks once.

import { EINVAL, ESTALE } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { S_IFLNK } from '../tree/node.ts';
import { locate } from '../tree/place.ts';
import type { Engine } from './engine.ts';

export const readlink: Operation<Engine, null> = (engine, req) => {
  const node = engine.tree.get(req.nodeid);
  if (node === undefined) return ESTALE;
  if (node.kind !== S_IFLNK) return EINVAL;
  const place = locate(engine.tree, node);
  if (typeof place === 'number') return place;
  const target = place.calls.readlink(place.dir, place.dirfd, place.name);
  if (typeof target === 'number') return target;
  req.out.name(target);
  engine.capture.used(node, req, 'readlink');
  return OK;
};
