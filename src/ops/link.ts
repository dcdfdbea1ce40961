// LINK: one more name for an object. Flash has the object first, then the name.

import type { ByteString } from '../bytes.ts';
import { EPERM, ESTALE } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { linkat } from '../sys/link.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { locate } from '../tree/place.ts';
import type { LinkIn } from '../wire/requests/names.ts';
import { flashFd, nameIsFree, notMade, parentForNew } from './creation.ts';
import type { Engine } from './engine.ts';
import { replyEntry } from './entry.ts';
import { markAs } from './identity.ts';

export const link: Operation<Engine, LinkIn> = (engine, req, { oldnodeid, name }) => {
  const { tree } = engine;
  const node = tree.get(oldnodeid);
  if (node === undefined) return ESTALE;
  if (isDir(node)) return EPERM;
  const ready = engine.capture.copyUp(node, req, true);
  if (ready !== OK) return ready;
  const parent = parentForNew(engine, req, name);
  if (typeof parent === 'number') return parent;
  const free = nameIsFree(engine, parent, name);
  if (free < 0) return free;
  const marked = markAs(engine, node, parent, name);
  if (marked < 0) return marked;
  const durable = engine.markSync.wait(marked, req);
  if (durable !== OK) return durable;
  const made = linkOnFlash(engine, node, parent, name);
  if (made < 0) return notMade(engine, parent, name, made);
  tree.link(node, parent, name, true);
  const err = tree.attributes(node, tree.stat);
  return err < 0 ? err : replyEntry(engine, req, node);
};

function linkOnFlash(engine: Engine, node: Node, parent: DirNode, name: ByteString): number {
  const dirfd = flashFd(engine, parent);
  if (dirfd < 0) return dirfd;
  const place = locate(engine.tree, node);
  return typeof place === 'number' ? place : linkat(place.dirfd, place.name, dirfd, name);
}
