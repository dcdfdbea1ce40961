// RENAME and RENAME2, on flash. The order makes a power cut leave either the old or the new state: first flash has all of the source and
// both directories, then marks say (durably, where disk has a say) what will be true, then one rename on flash, then the tree
// learns of it. RENAME_WHITEOUT is our own whiteout: the old name shows nothing anyway.

import type { ByteString } from '../bytes.ts';
import { EEXIST, EINVAL, EISDIR, ENAMETOOLONG, ENOENT, ENOTDIR, ENOTEMPTY, EPERM } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT, renameat2 } from '../sys/link.ts';
import { bindMarks } from '../tree/bind-marks.ts';
import { isEmpty } from '../tree/merge.ts';
import { nameOnFlash } from '../tree/names.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { RESERVED } from '../tree/tree.ts';
import type { RenameIn } from '../wire/requests/names.ts';
import { diskHas, flashFd, notMade, spend } from './creation.ts';
import type { Engine } from './engine.ts';
import { markAs } from './identity.ts';
import { keepReachable } from './removal.ts';

/** The two names of a rename, and what they are. */
interface Move {
  readonly from: DirNode;
  readonly oldName: ByteString;
  readonly to: DirNode;
  readonly newName: ByteString;
  readonly source: Node;
  /** What the new name is now; null: nothing. */
  readonly target: Node | null;
}

export const rename: Operation<Engine, RenameIn> = (engine, req, arg) => {
  const move = resolve(engine, req.nodeid, arg);
  if (typeof move === 'number') return move;
  if (move.source === move.target) return OK;
  if ((arg.flags & RENAME_EXCHANGE) !== 0) return exchange(engine, req, move);
  const allowed = mayReplace(engine, move);
  if (allowed < 0) return allowed;
  const ready = bringToFlash(engine, req, move);
  if (ready !== OK) return ready;
  const marked = mark(engine, req, move);
  if (marked !== OK) return marked;
  const { to, newName, target } = move;
  const kept = target === null || isDir(target) ? OK : keepTarget(engine, move, target);
  const done = kept < 0 ? kept : renameOnFlash(engine, move, 0);
  if (done < 0) return target !== null && nameOnFlash(target, to, newName) ? done : notMade(engine, to, newName, done);
  settle(engine, move);
  return OK;
};

function resolve(engine: Engine, nodeid: number, { newdir, oldname, newname, flags }: RenameIn): Move | Errno {
  const { tree } = engine;
  if ((flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT)) !== 0) return EINVAL;
  if ((flags & RENAME_EXCHANGE) !== 0 && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)) !== 0) return EINVAL;
  const from = tree.directory(nodeid);
  if (typeof from === 'number') return from;
  const to = tree.directory(newdir);
  if (typeof to === 'number') return to;
  if (to === tree.root && newname === RESERVED) return EPERM;
  if (newname.length > engine.nameMax) return ENAMETOOLONG;
  const source = tree.lookup(from, oldname);
  if (typeof source === 'number') return source;
  const target = tree.lookup(to, newname);
  if (typeof target === 'number') {
    if (target !== ENOENT) return target;
    if ((flags & RENAME_EXCHANGE) === 0) tree.displace(to, newname);
    return (flags & RENAME_EXCHANGE) !== 0
      ? ENOENT
      : { from, oldName: oldname, to, newName: newname, source, target: null };
  }
  if ((flags & RENAME_NOREPLACE) !== 0) return EEXIST;
  return { from, oldName: oldname, to, newName: newname, source, target };
}

function mayReplace(engine: Engine, { source, target, to }: Move): number {
  if (target === null) return OK;
  if (!isDir(target)) return isDir(source) ? ENOTDIR : OK;
  if (!isDir(source)) return EISDIR;
  for (let up: Node | null = to; up !== null; up = up.parent) if (up === target) return ENOTEMPTY;
  const empty = isEmpty(engine.tree, target);
  if (typeof empty === 'number') return empty;
  return empty ? OK : ENOTEMPTY;
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
function mark(engine: Engine, req: Request, move: Move): number {
  const { marks } = engine;
  const { from, oldName } = move;
  if (diskHas(engine, from, oldName) && !marks.isWhiteout(from, oldName)) {
    const there = engine.flashSync.wait(req);
    if (there !== OK) return there;
  }
  const record = marks.together(() => {
    const moved = markMoved(engine, move);
    if (moved < 0 || !diskHas(engine, from, oldName)) return moved;
    const spent = spend(engine, from, oldName);
    const hidden = spent < 0 ? spent : marks.whiteout(from, oldName);
    return hidden < 0 ? hidden : Math.max(moved, hidden);
  });
  return record < 0 ? record : durable(engine, req, record, [move]);
}

/** Says what will be at the new name, and below: the number of the record for the name. */
function markMoved(engine: Engine, { to, newName, source }: Move): number {
  const identity = markAs(engine, source, to, newName);
  if (identity < 0 || !isDir(source)) return identity;
  const copied = engine.marks.copyBelow(engine.tree.path(source), to, newName);
  return copied < 0 ? copied : identity;
}

/** OK once the record is durable; DEFERRED: then the request runs anew. */
function durable(engine: Engine, req: Request, record: number, moves: readonly Move[]): number {
  const { marks, tree } = engine;
  // What is known of the objects below a directory holds at its new place, too. Rare, and not to be said twice: so it is waited for here.
  const copied = moves.some(({ source }) => isDir(source) && marks.marks.hasOriginsBelow(tree.path(source)));
  const synced = copied ? marks.log.sync() : OK;
  return synced < 0 ? synced : engine.markSync.wait(record, req);
}

/** What is replaced lives on for who has it open, and under names that only disk has. */
function keepTarget(engine: Engine, { to, newName }: Move, target: Node): number {
  const kept = nameOnFlash(target, to, newName) ? engine.kept.keep(target) : 0;
  return kept < 0 ? kept : keepReachable(engine, target);
}

function renameOnFlash(engine: Engine, { from, oldName, to, newName }: Move, flags: number): number {
  // Twice the second: opening it may close the first.
  flashFd(engine, from);
  const newFd = flashFd(engine, to);
  const oldFd = flashFd(engine, from);
  if (oldFd < 0 || newFd < 0) return Math.min(oldFd, newFd);
  return renameat2(oldFd, oldName, newFd, newName, flags);
}

function settle(engine: Engine, { from, oldName, to, newName, source, target }: Move): void {
  const { tree, marks } = engine;
  const oldPath = tree.pathOf(from, oldName);
  if (target !== null) {
    if (isDir(target)) tree.gone(target);
    tree.unlink(target, to, newName);
  }
  tree.move(source, from, oldName, to, newName);
  if (isDir(source)) marks.prune(oldPath);
  else marks.clear(from, oldName);
  if (isDir(source)) bindMarks(marks.marks, source);
}

function exchange(engine: Engine, req: Request, move: Move): number {
  const { from, oldName, to, newName, source, target } = move;
  if (target === null) return ENOENT;
  const back: Move = { from: to, oldName: newName, to: from, newName: oldName, source: target, target: source };
  for (let up: Node | null = to; up !== null; up = up.parent) if (up === source) return EINVAL;
  for (let up: Node | null = from; up !== null; up = up.parent) if (up === target) return EINVAL;
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
  const done = renameOnFlash(engine, move, RENAME_EXCHANGE);
  if (done < 0) return done;
  tree.swap(source, from, oldName, target, to, newName);
  for (const node of [source, target]) if (isDir(node)) bindMarks(tree.marks, node);
  return OK;
}
