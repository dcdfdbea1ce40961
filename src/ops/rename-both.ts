// A rename in upgrade mode of what flash has, or over what flash follows: on disk in place, and flash's names follow in the same request. First what may fail for
// want of room (the new content is staged on flash), then the dirty marks, then flash gives up the old name, then disk renames, then flash publishes.
// At each point disk's state is what a crash leaves to be mirrored.

import { asBytes, join } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EEXIST, EINVAL, ENOENT, ENOTEMPTY, EXDEV } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { renameat2, rmdirat, unlinkat } from '../sys/link.ts';
import { nameOnFlash } from '../tree/names.ts';
import { FROM_DISK, isDir, ON_FLASH, S_IFLNK, SIDE_KNOWN } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { bringDown } from './bring-down.ts';
import { flashFd } from './creation.ts';
import { freeOnDisk } from './disk-names.ts';
import type { Engine } from './engine.ts';
import type { Move } from './move.ts';
import { giveUpOnFlash } from './give-up.ts';
import { keepReachable } from './removal.ts';
import { exchangeOnDisk, mayMove, renameOnDisk, UNSUITED } from './rename-on-disk.ts';

/** OK, DEFERRED, an Errno, or UNSUITED: nothing was changed that matters, and flash's way is the one. */
export function renameBoth(engine: Engine, req: Request, move: Move, exchange: boolean): number {
  const { from, oldName, to, newName } = move;
  const { routes } = engine;
  if (!routes.mirrors || routes.ofName(from, oldName) !== 'disk' || routes.ofName(to, newName) !== 'disk')
    return UNSUITED;
  return exchange ? tradePlaces(engine, req, move) : rename(engine, req, move);
}

function rename(engine: Engine, req: Request, move: Move): number {
  const down = ready(engine, req, move);
  if (down !== OK) return down;
  const free = freeOnDisk(engine, move.to, move.newName);
  if (free < 0) return free === EEXIST ? UNSUITED : free;
  const { source } = move;
  return isDir(source) ? renameDirectory(engine, req, move, source) : renameFile(engine, req, move);
}

/**
 * As `renameBoth`. No order of two renames, one on each branch, leaves after a crash what could be told from what was before: so a directory that flash holds does
 * not trade places. EINVAL, as of a filesystem that has no RENAME_EXCHANGE.
 */
function tradePlaces(engine: Engine, req: Request, move: Move): number {
  const { source, target } = move;
  const isHeld = (node: Node | null): boolean =>
    node !== null && isDir(node) && (node.onFlash || engine.wanted.below(engine.tree.path(node)).length > 0);
  if (isHeld(source) || isHeld(target)) return EINVAL;
  const down = ready(engine, req, move);
  const done = down === OK ? exchangeBoth(engine, req, move) : down;
  // On flash alone they would leave the branches apart.
  return done === UNSUITED && (isDir(source) || (target !== null && isDir(target))) ? EINVAL : done;
}

/** OK once disk shows what is renamed, and what loses its name, and may rename them. */
function ready(engine: Engine, req: Request, { from, oldName, source, target }: Move): number {
  for (const node of target === null ? [source] : [source, target]) {
    const down = bringDown(engine, node, req);
    if (down !== OK) return down;
    if (engine.tree.links.onBoth(node.inoLo, node.inoHi)) return UNSUITED;
  }
  return mayMove(engine, from, oldName, source) ? OK : UNSUITED;
}

function renameFile(engine: Engine, req: Request, move: Move): number {
  const { from, oldName, to, newName, source } = move;
  const { aside, mirror, tree } = engine;
  const newPath = tree.pathOf(to, newName);
  const followed = mirror.follows(newPath);
  let staged: ByteString | undefined;
  let linked = false;
  if (followed) {
    const pulled = source.kind === S_IFLNK ? mirror.pull(source, newPath, req) : OK;
    if (pulled !== OK) return pulled;
    const twin = mirror.twin(source, newPath);
    linked = twin !== null && twin !== 'wait';
    const copy = linked ? { name: twin as ByteString } : aside.ready(source, req);
    if (typeof copy === 'number') return copy;
    staged = copy.name;
  }
  const begun = mirror.begin(req, [newPath, tree.pathOf(from, oldName)]);
  if (begun !== OK) {
    // A copy is kept for when the request runs anew.
    if (linked && staged !== undefined) aside.discard(staged);
    return begun;
  }
  if (!linked) aside.taken(source);
  const done = replace(engine, req, move, staged !== undefined);
  if (staged === undefined) return done;
  if (done === OK && mirror.put(source, to, newName, staged) >= 0) mirror.followed(newPath, source);
  else aside.discard(staged);
  return done;
}

/** Flash gives up both names, but for a new one that a copy is `staged` for; disk renames. */
function replace(engine: Engine, req: Request, move: Move, staged: boolean): number {
  const { from, oldName, to, newName, source, target } = move;
  const given = giveUpOnFlash(engine, source, from, oldName);
  if (given < 0) return given;
  if (target !== null && nameOnFlash(target, to, newName)) {
    const kept = keepReachable(engine, target);
    if (kept < 0) return kept;
    if (!staged) unlinkat(flashFd(engine, to), newName);
    engine.tree.nameLost(target, to, newName);
  }
  return onDisk(engine, req, move);
}

function renameDirectory(engine: Engine, req: Request, move: Move, source: DirNode): number {
  const { from, oldName, to, newName, target } = move;
  const { capture, marks, mirror, tree, wanted } = engine;
  const oldPath = tree.pathOf(from, oldName);
  const newPath = tree.pathOf(to, newName);
  if (isMarked(engine, move, oldPath)) return UNSUITED;
  const { onFlash } = source;
  if (onFlash) {
    for (const path of marks.marks.dirty.keys()) {
      if (!path.startsWith(`${oldPath}/`)) continue;
      const settled = mirror.wait(path, req);
      if (settled < 0) continue;
      if (settled !== OK) return settled;
    }
    // What flash has of it goes along, and is wanted there.
    const added = wanted.add([
      newPath,
      ...wanted.below(oldPath).map((path) => asBytes(newPath + path.slice(oldPath.length))),
    ]);
    if (added < 0) return added;
    const above = capture.ensureDirectory(to, req);
    if (above < 0) return above;
  }
  const begun = mirror.begin(req, [newPath, oldPath], onFlash ? oldPath : null);
  if (begun !== OK) return begun;
  if (target !== null && isDir(target) && target.onFlash) {
    const gone = rmdirat(flashFd(engine, to), newName);
    if (gone < 0 && gone !== ENOENT) return gone === ENOTEMPTY ? UNSUITED : gone;
    tree.lost(target);
  }
  const done = onDisk(engine, req, move);
  if (done !== OK) return done;
  if (onFlash) moveOnFlash(engine, move, source);
  mirrorBelow(engine, newPath);
  return OK;
}

/** Whether marks would have to move along, or hide something that would be in the way. */
function isMarked({ marks }: Engine, { from, oldName, to, newName }: Move, oldPath: ByteString): boolean {
  return marks.marks.hasOriginsBelow(oldPath) || marks.hasOrigin(from, oldName) || marks.hidesBelow(to, newName);
}

/** What speaks against disk's way was asked before: where it is unsuited nevertheless, who asked copies, as between two filesystems. */
function onDisk(engine: Engine, req: Request, move: Move): number {
  const done = renameOnDisk(engine, req, move);
  return done === UNSUITED ? EXDEV : done;
}

/** After disk's rename: flash's directory goes where disk's went. */
function moveOnFlash(engine: Engine, { from, oldName, to, newName }: Move, source: DirNode): void {
  flashFd(engine, from);
  const newFd = flashFd(engine, to);
  const oldFd = flashFd(engine, from);
  const moved = oldFd < 0 || newFd < 0 ? Math.min(oldFd, newFd) : renameat2(oldFd, oldName, newFd, newName);
  const { flash } = source.dir;
  if (moved < 0 || flash === null) {
    engine.tree.lost(source);
    return;
  }
  flash.parent = to.dir.flash;
  flash.name = newName;
  source.flags |= ON_FLASH | SIDE_KNOWN | FROM_DISK;
}

/** Wanted paths below a directory that has come from elsewhere: those that flash lacks are mirrored. */
function mirrorBelow({ marks, mirror, tree, wanted }: Engine, path: ByteString): void {
  for (const below of wanted.below(path)) {
    const node = tree.walk(below);
    if (typeof node === 'number') continue;
    if (!node.onFlash && marks.dirty(below) >= 0) mirror.touch(below);
    tree.release(node);
  }
}

function exchangeBoth(engine: Engine, req: Request, move: Move): number {
  const { from, oldName, to, newName, source, target } = move;
  if (target === null || !mayMove(engine, to, newName, target)) return UNSUITED;
  const { mirror, tree } = engine;
  const begun = mirror.begin(req, [join(tree.path(from), oldName), join(tree.path(to), newName)]);
  if (begun !== OK) return begun;
  for (const [node, parent, name] of [
    [source, from, oldName],
    [target, to, newName],
  ] as const) {
    const given = giveUpOnFlash(engine, node, parent, name);
    if (given < 0) return given;
  }
  return exchangeOnDisk(engine, move);
}
