// A rename in place on disk: of what disk alone has, over nothing or over what disk alone has. One call of disk's filesystem does it, so no crash can
// halve it. Marks by path on disk do not move along: what has any is renamed on flash.

import { EEXIST, ENOTEMPTY } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { RENAME_EXCHANGE, renameat2 } from '../sys/link.ts';
import { bindMarks } from '../tree/bind-marks.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';
import type { ByteString } from '../bytes.ts';
import { diskFd, freeOnDisk, touchShown } from './disk-names.ts';
import type { Engine } from './engine.ts';
import type { Move } from './move.ts';
import { takeFromDisk } from './removal.ts';

/** Not this way; nothing was changed. None of the outcomes that a request can have. */
export const UNSUITED = 3;

/** Whether flash has nothing of `node`, by any of its names; true for none. */
export function isOnDiskAlone(tree: Tree, node: Node | null): boolean {
  return node === null || (!node.onFlash && !tree.links.onBoth(node.inoLo, node.inoHi));
}

/** OK, an Errno, or UNSUITED. */
export function renameOnDisk(engine: Engine, _req: Request, move: Move): number {
  const { from, oldName, to, newName, source, target } = move;
  const { marks, tree } = engine;
  if (!mayMove(engine, from, oldName, source)) return UNSUITED;
  const free = freeOnDisk(engine, to, newName);
  if (free < 0) return free === EEXIST ? UNSUITED : free;
  if (isDir(source) && marks.hidesBelow(to, newName)) return UNSUITED;
  const call = (): number => renameDisk(engine, move, 0);
  const done = target === null ? call() : takeFromDisk(engine, target, call);
  // What the merged root does not show may still be in the way.
  if (done === ENOTEMPTY || done === EEXIST) return UNSUITED;
  if (done < 0) return done;
  engine.routes.diskChanged = true;
  if (target !== null) {
    if (isDir(target)) {
      if (target.dir.disk !== null) tree.disk.drop(target.dir.disk);
      tree.gone(target);
    }
    tree.unlink(target, to, newName);
  }
  tree.move(source, from, oldName, to, newName, false);
  settle(engine, source, from, to);
  return OK;
}

/** As `renameOnDisk`, for two that trade names. */
export function exchangeOnDisk(engine: Engine, move: Move): number {
  const { from, oldName, to, newName, source, target } = move;
  const { tree } = engine;
  if (target === null || !mayMove(engine, from, oldName, source) || !mayMove(engine, to, newName, target))
    return UNSUITED;
  const done = renameDisk(engine, move, RENAME_EXCHANGE);
  if (done < 0) return done;
  engine.routes.diskChanged = true;
  tree.swap({ node: source, parent: from, name: oldName }, { node: target, parent: to, name: newName }, false);
  settle(engine, source, from, to);
  settle(engine, target, from, to);
  return OK;
}

/** Whether disk has `node` under this very name, and no mark speaks of it or of what is below it. */
export function mayMove({ marks }: Engine, parent: DirNode, name: ByteString, node: Node): boolean {
  if (parent.dir.disk === null || marks.hidesBelow(parent, name)) return false;
  if (!isDir(node)) return true;
  const { disk } = node.dir;
  return disk !== null && disk.parent === parent.dir.disk && disk.name === name && disk.graft === null && !disk.husk;
}

function renameDisk(engine: Engine, { from, oldName, to, newName }: Move, flags: number): number {
  // Twice the second: opening it may close the first.
  diskFd(engine, from);
  const newFd = diskFd(engine, to);
  const oldFd = diskFd(engine, from);
  if (oldFd < 0 || newFd < 0) return Math.min(oldFd, newFd);
  engine.tree.disk.calls.begun();
  return renameat2(oldFd, oldName, newFd, newName, flags);
}

function settle(engine: Engine, node: Node, from: DirNode, to: DirNode): void {
  if (isDir(node)) bindMarks(engine.marks.marks, node);
  touchShown(engine, from, 'disk');
  touchShown(engine, to, 'disk');
}
