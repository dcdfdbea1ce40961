// Before and after an object is changed: it must lie where the change goes; and a directory that disk shows and flash has as well keeps its copy
// there true, so that it is right when it is flash's turn.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { ETXTBSY } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { close, O_WRONLY } from '../sys/open.ts';
import { removexattr } from '../sys/xattr.ts';
import { FROM_DISK, isDir } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { openNode } from '../tree/place.ts';
import { copyAttributes } from '../upgrade/attributes.ts';
import { bringDown } from './bring-down.ts';
import type { Engine } from './engine.ts';
import { knowOtherNames } from './other-names.ts';
import { UNSUITED } from './rename-on-disk.ts';

const SELF = asBytes('');

/** OK once `node` lies where a change of it goes; DEFERRED while it is being copied to flash. `data`: its content is wanted. */
export function readyToChange(engine: Engine, node: Node, req: Request, data: boolean): number {
  const { routes, tree } = engine;
  const down = routes.mirrors ? bringDown(engine, node, req) : OK;
  if (down !== OK && down !== UNSUITED) return down;
  if (!tree.shownByDisk(node)) return OK;
  const route = routes.of(node);
  if (route === 'disk') {
    // Flash's copy that is open, and cannot be moved, has lost its name.
    if (!node.onFlash && node.parent !== null && node.open?.fixed === true && !node.open.onDisk) return ETXTBSY;
    if (routes.mirrors) knowOtherNames(engine, node);
    const begun = engine.mirror.begin(req, pathsOf(engine, node));
    if (begun === OK) routes.diskChanged = true;
    return begun;
  }
  if (tree.isDirty(node)) {
    const settled = engine.mirror.wait(tree.path(node), req);
    if (settled !== OK) return settled;
  }
  if (route === 'spill') routes.spilled(tree.path(node), node.kind, req);
  // Flash's copy agrees with disk's up to now; from now on it goes its own way.
  node.flags &= ~FROM_DISK;
  return isDir(node) ? Math.min(engine.capture.ensureDirectory(node, req), OK) : engine.capture.copyUp(node, req, data);
}

/** OK where `node`, which lies where a change of it goes, can be opened to write there: the kernel gives EIO for what it cannot pass through. */
export function isWritable({ tree }: Engine, node: Node): number {
  if (!tree.shownByDisk(node)) return OK;
  const fd = openNode(tree, node, O_WRONLY);
  if (fd < 0) return fd;
  close(fd);
  return OK;
}

/** Whether nothing will ever move the data of `node` elsewhere while it is open: then the kernel may read its backing by itself. */
export function isFinal({ routes, tree }: Engine, node: Node): boolean {
  if (tree.shownByDisk(node)) return routes.diskTakesChanges && routes.of(node) === 'disk';
  // Flash's own goes to disk when it is changed.
  return !routes.mirrors || routes.of(node) !== 'disk';
}

/** All names of `node` that are known, as paths of the merged root. */
export function pathsOf({ tree }: Engine, { parent, name, aliases }: Node): ByteString[] {
  if (parent === null) return [];
  return [tree.pathOf(parent, name), ...(aliases ?? []).map((link) => tree.pathOf(link.parent, link.name))];
}

/** After a change of a directory's attributes on disk: flash's copy, if it has one, gets them too. `removed`: an xattr that went. */
export function followOnFlash({ tree, features }: Engine, node: Node, removed?: ByteString): void {
  if (!isDir(node) || !node.onFlash || !tree.shownByDisk(node)) return;
  const { flash, disk } = node.dir;
  if (flash === null || disk === null) return;
  if (removed !== undefined) {
    const fd = tree.flash.fd(flash);
    if (fd >= 0) removexattr(fd, SELF, removed);
    return;
  }
  copyAttributes(tree, features, node);
}
