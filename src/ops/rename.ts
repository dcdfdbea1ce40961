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
import { diskHas, flashFd, spend } from './creation.ts';
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
  if (move.target !== null && !isDir(move.target)) {
    const kept = keepTarget(engine, move, move.target);
    if (kept < 0) return kept;
  }
  const done = renameOnFlash(engine, move, 0);
  if (done < 0) return done;
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
  const { from, oldName, to, newName, source } = move;
  const hides = diskHas(engine, from, oldName);
  if (hides && !marks.isWhiteout(from, oldName)) {
    const there = engine.flashSync.wait(req);
    if (there !== OK) return there;
  }
  const identity = markAs(engine, source, to, newName);
  if (identity < 0) return identity;
  let record = identity;
  if (isDir(source)) {
    const copied = copyBelow(engine, move);
    if (copied < 0) return copied;
  }
  if (hides && diskHas(engine, from, oldName)) {
    const spent = spend(engine, from, oldName);
    if (spent < 0) return spent;
    const hidden = marks.whiteout(from, oldName);
    if (hidden < 0) return hidden;
    record = Math.max(record, hidden);
  }
  return engine.markSync.wait(record, req);
}

/** What is known of the objects below a directory holds at its new place, too: by now, durably. */
function copyBelow({ tree, marks }: Engine, { to, newName, source }: Move): number {
  const below = tree.path(source);
  if (!marks.marks.hasOriginsBelow(below)) return OK;
  const copied = marks.copyBelow(below, to, newName);
  // Rare, and not to be said twice: so it is waited for here.
  return copied < 0 ? copied : marks.log.sync();
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
  for (const way of [move, back]) {
    const marked = markAs(engine, way.source, way.to, way.newName);
    if (marked < 0) return marked;
    const copied = isDir(way.source) ? copyBelow(engine, way) : OK;
    if (copied < 0) return copied;
    const durable = engine.markSync.wait(marked, req);
    if (durable !== OK) return durable;
  }
  const done = renameOnFlash(engine, move, RENAME_EXCHANGE);
  if (done < 0) return done;
  tree.swap(source, from, oldName, target, to, newName);
  for (const node of [source, target]) if (isDir(node)) bindMarks(tree.marks, node);
  return OK;
}
