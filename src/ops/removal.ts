// What unlink, rmdir and rename share: taking a name away so that neither a crash nor disk brings it back.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EDQUOT, ENOSPC } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { UTIME_NOW, UTIME_OMIT, utimensAt } from '../sys/attr.ts';
import { O_PATH } from '../sys/open.ts';
import { MULTI_LINK } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { openNode } from '../tree/place.ts';
import { diskHas, flashFd, spend } from './creation.ts';
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

/**
 * Before a name goes away that only disk has: makes sure that flash has the directory, whose times will change. A full flash is no error: who wants to
 * remove something shall not be kept from it by a time.
 */
export function readyToTouch(engine: Engine, parent: DirNode, req: Request): number {
  const err = engine.capture.ensureDirectory(parent, req);
  return err === ENOSPC || err === EDQUOT ? OK : err;
}

/** A name went away that only disk had: the directory's times change all the same. */
export function touch(engine: Engine, parent: DirNode): void {
  const fd = flashFd(engine, parent);
  if (fd >= 0) utimensAt(fd, EMPTY, 0, UTIME_OMIT, 0, UTIME_NOW);
}
