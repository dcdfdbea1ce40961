// What unlink, rmdir and rename share: taking a name away so that neither a crash nor disk brings it back; from disk itself where changes go there.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EDQUOT, ENOSPC } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { UTIME_NOW, UTIME_OMIT, utimensAt } from '../sys/attr.ts';
import { O_PATH } from '../sys/open.ts';
import { WHITEOUT } from '../tree/marks.ts';
import { DISK_ORPHAN, MULTI_LINK } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { nameOnFlash } from '../tree/names.ts';
import { openNode } from '../tree/place.ts';
import { diskHas, flashFd, spend } from './creation.ts';
import { diskFd, removeHidden, touchShown } from './disk-names.ts';
import type { Engine } from './engine.ts';

const EMPTY = asBytes('');

/**
 * Makes sure that disk's object of this name will not show once flash's is gone. Where flash has one, the mark must be durable before
 * flash changes: else a power cut between the two would bring disk's older object to light. OK, DEFERRED, or an Errno.
 */
export function whiteout(
  engine: Engine,
  req: Request,
  parent: DirNode,
  name: ByteString,
  node: Node,
  onFlash: boolean,
): number {
  if (!diskHas(engine, parent, name)) return OK;
  const before = engine.marks.isWhiteout(parent, name);
  // What other names keep must be there under one of them.
  if (onFlash && node.has(MULTI_LINK) && !before) {
    const there = engine.flashSync.wait(req);
    if (there !== OK) return there;
  }
  const record = engine.marks.together(() => {
    const spent = spend(engine, parent, name);
    return spent < 0 ? spent : engine.marks.whiteout(parent, name);
  });
  if (record < 0) return record;
  if (!before) engine.capture.hidden(parent, name, node.kind, req);
  return onFlash ? engine.markSync.wait(record, req) : OK;
}

/** Keeps `node`, about to lose its last name, reachable for those who have it open. Errors: what open gives. */
export function keepReachable(engine: Engine, node: Node): number {
  if (node.aliases !== null || (node.lookups === 0 && node.open === null)) return OK;
  const fd = openNode(engine.tree, node, O_PATH);
  if (fd < 0) return fd;
  engine.tree.orphans.set(node, fd);
  return OK;
}

/** Whether disk alone has `node`, and losing this name of it is a change that goes to disk. */
export function leavesDisk({ routes, tree }: Engine, node: Node, parent: DirNode, name: ByteString): boolean {
  if (!routes.diskTakesChanges || nameOnFlash(node, parent, name)) return false;
  if (!tree.shownByDisk(node) || tree.links.onBoth(node.inoLo, node.inoHi)) return false;
  return parent.dir.disk !== null && routes.ofName(parent, name) === 'disk';
}

/**
 * Disk's directory is about to lose a name of `node`, which flash lacks, to a call on disk: 0 after `call` has done it. Who has it open goes on
 * with what disk still has. Errors: of keeping it for them, and of the call.
 */
export function takeFromDisk(engine: Engine, node: Node, call: () => number): number {
  const kept = keepReachable(engine, node);
  if (kept < 0) return kept;
  engine.tree.disk.calls.begun();
  const err = call();
  if (err < 0) {
    if (node.aliases === null) engine.tree.orphans.drop(node);
    return err;
  }
  engine.routes.diskChanged = true;
  if (node.aliases === null) node.flags |= DISK_ORPHAN;
  return 0;
}

/** Flash's object of this name is gone, and a mark hides disk's: where changes go to disk, it goes as well, if it may. */
export function clearDisk(engine: Engine, parent: DirNode, name: ByteString): void {
  const { routes } = engine;
  if (!routes.diskTakesChanges || parent.dir.disk === null || routes.ofName(parent, name) !== 'disk') return;
  if ((engine.tree.marks.of(parent.dir.hides, name) & WHITEOUT) === 0) return;
  if (removeHidden(engine, parent, name) >= 0) touchShown(engine, parent, 'disk');
}

/**
 * Before a name goes away that only disk has: makes sure that flash has the directory, whose times will change. A full flash is no error: who wants to
 * remove something shall not be kept from it by a time.
 */
export function readyToTouch(engine: Engine, parent: DirNode, req: Request): number {
  if (isTouchedOnDisk(engine, parent)) return OK;
  const err = engine.capture.ensureDirectory(parent, req);
  return err === ENOSPC || err === EDQUOT ? OK : err;
}

/** A name went away that only disk had: the directory's times change all the same. */
export function touch(engine: Engine, parent: DirNode): void {
  const fd = isTouchedOnDisk(engine, parent) ? diskFd(engine, parent) : flashFd(engine, parent);
  if (fd >= 0) utimensAt(fd, EMPTY, 0, UTIME_OMIT, 0, UTIME_NOW);
}

function isTouchedOnDisk({ routes, tree }: Engine, parent: DirNode): boolean {
  return tree.shownByDisk(parent) && routes.of(parent) === 'disk';
}
