// STATFS: room is flash's, where new things go.

import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { fstatfs } from '../sys/mount.ts';
import { statfsOut } from '../wire/replies.ts';
import type { Engine } from './engine.ts';

export const statfs: Operation<Engine, null> = (engine, req) => {
  const { flash } = engine.tree;
  const found = fstatfs(flash.fd(flash.root));
  if (typeof found === 'number') return found;
  statfsOut(req.out, { ...found, namelen: Math.min(found.namelen, engine.nameMax) });
  return OK;
};
