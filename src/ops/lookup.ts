// LOOKUP: a name becomes a node. Looking up is how directories and special files are used, so it captures them.

import { ENAMETOOLONG, ENOENT } from '../errno.ts';
import type { Operation } from '../fuse/operation.ts';
import type { NameIn } from '../wire/requests/names.ts';
import type { Engine } from './engine.ts';
import { replyEntry, replyNegative } from './entry.ts';

const NAME_MAX = 255;

export const lookup: Operation<Engine, NameIn> = (engine, req, { name }) => {
  const parent = engine.tree.directory(req.nodeid);
  if (typeof parent === 'number') return parent;
  if (name.length > NAME_MAX) return ENAMETOOLONG;
  const node = engine.tree.lookup(parent, name);
  if (node === ENOENT) {
    const { missed, unsure } = engine.tree;
    if (missed === 0 && !unsure) return replyNegative(engine, req);
    const told = engine.kernel.missing(parent, name);
    if (told !== 'known' && missed !== 0) engine.capture.missed(parent, name, missed, req);
    return told === 'full' ? ENOENT : replyNegative(engine, req);
  }
  if (typeof node === 'number') return node;
  const outcome = replyEntry(engine, req, node);
  engine.capture.lookedUp(node, req);
  return outcome;
};
