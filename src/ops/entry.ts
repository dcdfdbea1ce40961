// Replies about one name: the entry found, the entry made, and "there is none", all for the kernel to keep.

import { OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import type { Node } from '../tree/node.ts';
import { entryOut } from '../wire/replies.ts';
import type { EntryOut } from '../wire/replies.ts';
import type { Engine } from './engine.ts';

/** The entry for `node`, whose attributes are in the tree's `stat`; counts the kernel's reference. */
export function entryOf(engine: Engine, node: Node): EntryOut {
  const { entry } = engine;
  engine.tree.remember(node);
  entry.nodeid = node.id;
  entry.generation = node.generation >>> 0;
  entry.entryValid = entry.attrValid = engine.timeout;
  entry.entryValidNsec = entry.attrValidNsec = engine.timeoutNsec;
  return entry;
}

/** Replies with `node`, whose attributes are in the tree's `stat`. */
export function replyEntry(engine: Engine, req: Request, node: Node): number {
  entryOut(req.out, entryOf(engine, node));
  return OK;
}

/** Replies that the name does not exist, which the kernel may remember. */
export function replyNegative(engine: Engine, req: Request): number {
  const { entry } = engine;
  entry.nodeid = 0;
  entry.generation = 0;
  entry.entryValid = engine.timeout;
  entry.entryValidNsec = engine.timeoutNsec;
  entry.attrValid = entry.attrValidNsec = 0;
  entryOut(req.out, entry);
  return OK;
}
