// FORGET and BATCH_FORGET: the kernel gives references back. Never answered.

import { NO_REPLY } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { forEachForget } from '../wire/requests/session.ts';
import type { BatchForgetIn, ForgetIn } from '../wire/requests/session.ts';
import type { Engine } from './engine.ts';

export const forget: Operation<Engine, ForgetIn> = (engine, req, { nlookup }) => {
  engine.tree.forget(req.nodeid, nlookup);
  return NO_REPLY;
};

export const batchForget: Operation<Engine, BatchForgetIn> = (engine, _req, batch) => {
  forEachForget(batch, (nodeid, nlookup) => {
    engine.tree.forget(nodeid, nlookup);
  });
  return NO_REPLY;
};
