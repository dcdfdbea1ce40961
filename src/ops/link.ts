// LINK: one more name for an object, on the branch that has it: on disk if both the object and the new name belong there, else on flash, which
// has the object first, then the name.

import type { ByteString } from '../bytes.ts';
import { EPERM, ESTALE, EXDEV } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { linkat } from '../sys/link.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { locate, locateOnFlash } from '../tree/place.ts';
import type { LinkIn } from '../wire/requests/names.ts';
import { newName, notMade, siteFd, siteOf } from './creation.ts';
import type { Site } from './creation.ts';
import { touchShown } from './disk-names.ts';
import { readyToChange } from './change.ts';
import type { Engine } from './engine.ts';
import { replyEntry } from './entry.ts';
import { markAs } from './identity.ts';

export const link: Operation<Engine, LinkIn> = (engine, req, { oldnodeid, name }) => {
  const { tree } = engine;
  const node = tree.get(oldnodeid);
  if (node === undefined) return ESTALE;
  if (isDir(node)) return EPERM;
  const parent = newName(engine, req.nodeid, name);
  if (typeof parent === 'number') return parent;
  const ready = engine.routes.mirrors || tree.isDirty(node) ? readyToChange(engine, node, req, true) : OK;
  if (ready !== OK) return ready;
  const onDisk = tree.shownByDisk(node) && engine.routes.of(node) === 'disk';
  const site: Site | number = onDisk ? siteOf(engine, req, parent, name, node.kind) : { parent, onDisk: false };
  if (typeof site === 'number') return site;
  if (!site.onDisk) {
    const ready = prepareOnFlash(engine, req, node, parent, name);
    if (ready !== OK) return ready;
  }
  const made = linkAt(engine, node, site, name);
  if (made < 0) return notMade(engine, site, name, made);
  tree.link(node, parent, name, !site.onDisk);
  touchShown(engine, parent, site.onDisk ? 'disk' : 'flash');
  const err = tree.attributes(node, tree.stat);
  return err < 0 ? err : replyEntry(engine, req, node);
};

function linkAt(engine: Engine, node: Node, site: Site, name: ByteString): number {
  const dirfd = siteFd(engine, site);
  if (dirfd < 0) return dirfd;
  const place = site.onDisk ? locate(engine.tree, node) : locateOnFlash(engine.tree, node);
  if (typeof place === 'number') return place;
  engine.tree.disk.calls.begun();
  return linkat(place.dirfd, place.name, dirfd, name);
}

function prepareOnFlash(engine: Engine, req: Request, node: Node, parent: DirNode, name: ByteString): number {
  // It cannot be moved now, and disk may not have the name: as between two filesystems.
  if (!node.onFlash && node.open?.fixed === true) return EXDEV;
  const ready = engine.capture.copyUp(node, req, true);
  if (ready !== OK) return ready;
  const above = engine.capture.ensureDirectory(parent, req);
  if (above < 0) return above;
  const marked = markAs(engine, node, parent, name);
  return marked < 0 ? marked : engine.markSync.wait(marked, req);
}
