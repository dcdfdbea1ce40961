// GETATTR and STATX: attributes as shown, of the same branch that SETATTR changes.

import { ESTALE } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { STATX_BASIC_STATS, STATX_BTIME } from '../sys/stat.ts';
import { attrOut, statxOut } from '../wire/replies.ts';
import type { GetattrIn, StatxIn } from '../wire/requests/attrs.ts';
import type { Engine } from './engine.ts';

export const getattr: Operation<Engine, GetattrIn> = (engine, req) => {
  const { tree } = engine;
  const node = tree.get(req.nodeid);
  if (node === undefined) return ESTALE;
  const err = tree.attributes(node, tree.stat);
  if (err < 0) return err;
  attrOut(req.out, engine.timeout, engine.timeoutNsec, tree.stat);
  return OK;
};

export const statx: Operation<Engine, StatxIn> = (engine, req) => {
  const { tree } = engine;
  const node = tree.get(req.nodeid);
  if (node === undefined) return ESTALE;
  const err = tree.attributes(node, tree.stat);
  if (err < 0) return err;
  const born = tree.stat.btime !== 0 || tree.stat.btimeNsec !== 0 ? STATX_BTIME : 0;
  statxOut(req.out, engine.timeout, engine.timeoutNsec, STATX_BASIC_STATS | born, tree.stat);
  return OK;
};
