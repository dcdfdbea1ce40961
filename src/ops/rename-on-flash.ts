// A rename on flash. The order makes a power cut leave either the old or the new state: first flash has all of the source and both
// directories, then marks say (durably, where disk has a say) what will be true, then one rename on flash, then the tree learns of it.

import { ENOENT } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { RENAME_EXCHANGE, renameat2 } from '../sys/link.ts';
import { bindMarks } from '../tree/bind-marks.ts';
import { nameOnFlash } from '../tree/names.ts';
import { isDir, MULTI_LINK } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { diskHas, flashFd, notMade, spend } from './creation.ts';
import { touchShown } from './disk-names.ts';
import type { Engine } from './engine.ts';
import { markAs, renumber } from './identity.ts';
import type { Move } from './move.ts';
import { clearDisk, keepReachable } from './removal.ts';
import { moveBelow } from './rule-switch.ts';

/** OK, DEFERRED, or an Errno. */
export function renameOnFlash(engine: Engine, req: Request, move: Move): number {
  const ready = bringToFlash(engine, req, move);
  if (ready !== OK) return ready;
  const given = givesUpDisk(engine, move);
  const marked = mark(engine, req, move, given);
  if (marked !== OK) return marked;
  const { to, newName, target } = move;
  const kept = target === null || isDir(target) ? OK : keepTarget(engine, move, target);
  const done = kept < 0 ? kept : renameat(engine, move, 0);
  if (done < 0) {
    const stays = target !== null && nameOnFlash(target, to, newName);
    return stays ? done : notMade(engine, { parent: to, onDisk: false }, newName, done);
  }
  settle(engine, move);
  if (!given) return OK;
  renumber(engine, move.source);
  clearDisk(engine, move.from, move.oldName);
  return OK;
}

/**
 * Whether disk's file of the old name is removed for good: where changes of that name go to disk. Then the file takes flash's inode number, since disk
 * gives its own to another object.
 */
function givesUpDisk(engine: Engine, { from, oldName, source }: Move): boolean {
  const { routes } = engine;
  if (!routes.diskTakesChanges || isDir(source) || source.has(MULTI_LINK)) return false;
  return routes.ofName(from, oldName) === 'disk' && diskHas(engine, from, oldName);
}

/** OK once flash has the source under its old name and both directories; DEFERRED while it is being copied. */
function bringToFlash(engine: Engine, req: Request, { from, oldName, to, source }: Move): number {
  if (isDir(source)) {
    const err = engine.capture.ensureDirectory(source, req);
    if (err < 0) return err;
  } else {
    const ready = engine.capture.copyUpName(source, from, oldName, req);
    if (ready !== OK) return ready;
  }
  const err = engine.capture.ensureDirectory(to, req);
  return err < 0 ? err : OK;
}

/** What will be true once flash has renamed. None of it means anything before. */
function mark(engine: Engine, req: Request, move: Move, asFlashs: boolean): number {
  const { marks } = engine;
  const { from, oldName } = move;
  if (diskHas(engine, from, oldName) && !marks.isWhiteout(from, oldName)) {
    const there = engine.flashSync.wait(req);
    if (there !== OK) return there;
  }
  const record = marks.together(() => {
    const moved = markMoved(engine, move, asFlashs);
    if (moved < 0 || !diskHas(engine, from, oldName)) return moved;
    const spent = spend(engine, from, oldName);
    const hidden = spent < 0 ? spent : marks.whiteout(from, oldName);
    return hidden < 0 ? hidden : Math.max(moved, hidden);
  });
  return record < 0 ? record : durable(engine, req, record, [move]);
}

/** Says what will be at the new name, and below: the number of the record for the name. */
function markMoved(engine: Engine, { to, newName, source }: Move, asFlashs = false): number {
  const identity = markAs(engine, source, to, newName, asFlashs);
  if (identity < 0 || !isDir(source)) return identity;
  const copied = engine.marks.copyBelow(engine.tree.path(source), to, newName);
  return copied < 0 ? copied : identity;
}

/** OK once the record is durable; DEFERRED: then the request runs anew. */
function durable(engine: Engine, req: Request, record: number, moves: readonly Move[]): number {
  const { marks, tree } = engine;
  // What is known of the objects below a directory holds at its new place, too. Rare, and not to be said twice: so it is waited for here.
  const copied = moves.some(({ source }) => isDir(source) && marks.marks.hasOriginsBelow(tree.path(source)));
  const synced = copied ? engine.markSync.now() : OK;
  return synced < 0 ? synced : engine.markSync.wait(record, req);
}

/** What is replaced lives on for who has it open, and under names that only disk has. */
function keepTarget(engine: Engine, { to, newName }: Move, target: Node): number {
  const kept = nameOnFlash(target, to, newName) ? engine.kept.keep(target) : 0;
  return kept < 0 ? kept : keepReachable(engine, target);
}

function renameat(engine: Engine, { from, oldName, to, newName }: Move, flags: number): number {
  // Twice the second: opening it may close the first.
  flashFd(engine, from);
  const newFd = flashFd(engine, to);
  const oldFd = flashFd(engine, from);
  if (oldFd < 0 || newFd < 0) return Math.min(oldFd, newFd);
  engine.tree.disk.calls.begun();
  return renameat2(oldFd, oldName, newFd, newName, flags);
}

function settle(engine: Engine, { from, oldName, to, newName, source, target }: Move): void {
  const { tree, marks } = engine;
  touchShown(engine, from, 'flash');
  touchShown(engine, to, 'flash');
  const oldPath = tree.pathOf(from, oldName);
  if (target !== null) {
    if (isDir(target)) tree.gone(target);
    tree.unlink(target, to, newName);
  }
  moveBelow(engine, [source], () => {
    tree.move(source, from, oldName, to, newName, true);
  });
  if (isDir(source)) marks.prune(oldPath);
  else marks.clear(from, oldName);
  if (isDir(source)) bindMarks(marks.marks, source);
}

/** As `renameOnFlash`, for two that trade names. */
export function exchangeOnFlash(engine: Engine, req: Request, move: Move): number {
  const { from, oldName, to, newName, source, target } = move;
  if (target === null) return ENOENT;
  const back: Move = { from: to, oldName: newName, to: from, newName: oldName, source: target, target: source };
  const { tree } = engine;
  for (const way of [move, back]) {
    const ready = bringToFlash(engine, req, way);
    if (ready !== OK) return ready;
  }
  const marked = engine.marks.together(() => {
    const there = markMoved(engine, move);
    const here = there < 0 ? there : markMoved(engine, back);
    return here < 0 ? here : Math.max(there, here);
  });
  const ready = marked < 0 ? marked : durable(engine, req, marked, [move, back]);
  if (ready !== OK) return ready;
  const done = renameat(engine, move, RENAME_EXCHANGE);
  if (done < 0) return done;
  moveBelow(engine, [source, target], () => {
    tree.swap({ node: source, parent: from, name: oldName }, { node: target, parent: to, name: newName }, true);
  });
  touchShown(engine, from, 'flash');
  touchShown(engine, to, 'flash');
  for (const node of [source, target]) if (isDir(node)) bindMarks(tree.marks, node);
  return OK;
}
