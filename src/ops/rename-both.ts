// A rename in upgrade mode of what flash has, or over what flash follows: on disk in place, and flash's names follow in the same request. First what may fail for
// want of room (the new content is staged on flash), then the dirty marks, then flash gives up the old name, then disk renames, then flash publishes.
// At each point disk's state is what a crash leaves to be mirrored.

import type { ByteString } from '../bytes.ts';
import { EEXIST, ENOENT, ENOTEMPTY, EXDEV } from '../errno.ts';
import { DEFERRED, OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { removeTree } from '../copy/stage.ts';
import { renameat2, rmdirat, unlinkat } from '../sys/link.ts';
import { nameOnFlash } from '../tree/names.ts';
import { FROM_DISK, isDir, ON_FLASH, S_IFLNK, SIDE_KNOWN } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { bringDown } from './bring-down.ts';
import { pathsOf } from './change.ts';
import { flashFd } from './creation.ts';
import { freeOnDisk } from './disk-names.ts';
import type { Engine } from './engine.ts';
import { giveUpOnFlash } from './give-up.ts';
import { hangOnFlash, movedPath, pathsBelow, seenAt } from './goes-along.ts';
import type { Move } from './move.ts';
import { keepReachable } from './removal.ts';
import { mayMove, renameOnDisk, UNSUITED } from './rename-on-disk.ts';

/** OK, DEFERRED, an Errno, or UNSUITED: nothing was changed that matters, and flash's way is the one. */
export function renameBoth(engine: Engine, req: Request, move: Move): number {
  const down = readyOnDisk(engine, req, move);
  if (down !== OK) return down;
  const free = freeOnDisk(engine, move.to, move.newName);
  if (free < 0) return free === EEXIST ? UNSUITED : free;
  const { source } = move;
  return isDir(source) ? renameDirectory(engine, req, move, source) : renameFile(engine, req, move);
}

/** OK once disk shows what is renamed, and what loses its name, and may rename it. */
export function readyOnDisk(engine: Engine, req: Request, { from, oldName, source, target }: Move): number {
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
    // Else flash would get two files for one.
    const awaited = twin === 'wait' ? waitForCopies(engine, req, source) : OK;
    if (awaited !== OK) return awaited;
    linked = twin !== null && twin !== 'wait';
    const copy = linked ? { name: twin as ByteString } : aside.ready(source, req);
    if (typeof copy === 'number') return copy;
    staged = copy.name;
  }
  const begun = mirror.begin(req, [newPath, tree.pathOf(from, oldName)]);
  // A copy is kept for when the request runs anew.
  if (!linked && begun !== DEFERRED) aside.taken(source);
  if (begun !== OK) {
    if (staged !== undefined && (linked || begun !== DEFERRED)) aside.discard(staged);
    return begun;
  }
  const done = replace(engine, req, move, staged !== undefined);
  if (staged === undefined) return done;
  if (done === OK && mirror.put(source, to, newName, staged) >= 0) mirror.followed(newPath, source);
  else aside.discard(staged);
  return done;
}

/** OK once flash's copies of `node`, by whichever name, are made, as far as they can be; else DEFERRED. */
function waitForCopies(engine: Engine, req: Request, node: Node): number {
  for (const path of pathsOf(engine, node)) if (engine.mirror.wait(path, req) === DEFERRED) return DEFERRED;
  return OK;
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
  if (hasMarks(engine, from, oldName, oldPath) || marks.hidesBelow(to, newName)) return UNSUITED;
  const { onFlash } = source;
  // Wanted, though it may still be on its way to flash.
  const isHeld = onFlash || wanted.has(oldPath);
  const ready = isHeld ? readyToGo(engine, req, source, oldPath, newPath) : OK;
  if (ready !== OK) return ready;
  const above = onFlash ? capture.ensureDirectory(to, req) : OK;
  if (above < 0) return above;
  const lacking = lackingBelow(engine, oldPath, newPath);
  const begun = mirror.begin(req, [newPath, oldPath, ...lacking], onFlash ? oldPath : null);
  if (begun !== OK) return begun;
  if (target !== null && isDir(target) && target.onFlash) {
    const gone = rmdirat(flashFd(engine, to), newName);
    if (gone < 0 && gone !== ENOENT) return gone === ENOTEMPTY ? UNSUITED : gone;
    tree.lost(target);
  }
  const done = onDisk(engine, req, move);
  if (done !== OK) return done;
  if (onFlash) moveOnFlash(engine, move, source);
  return OK;
}

/** OK once flash has right copies of what it has below `source`, as far as it can, and all of that is wanted at its new path, too. Else DEFERRED, or an Errno. */
function readyToGo(engine: Engine, req: Request, source: DirNode, oldPath: ByteString, newPath: ByteString): number {
  const { marks, mirror, wanted } = engine;
  for (const path of marks.marks.dirty.keys()) {
    if (!path.startsWith(`${oldPath}/`)) continue;
    const settled = mirror.wait(path, req);
    if (settled < 0) continue;
    if (settled !== OK) return settled;
  }
  const below = pathsBelow(engine, source, oldPath);
  if (typeof below === 'number') return below;
  const going = [...below].filter((path) => seenAt(engine, path) !== undefined);
  return Math.min(wanted.add([newPath, ...going.map((path) => movedPath(path, oldPath, newPath))]), OK);
}

/** What will be wanted below the new path, and flash lacks, or has not as disk has it. It is to be dirty before the change: a crash after it would not tell. */
function lackingBelow(engine: Engine, oldPath: ByteString, newPath: ByteString): ByteString[] {
  return engine.wanted.below(newPath).filter((path) => {
    const was = movedPath(path, newPath, oldPath);
    const seen = seenAt(engine, was);
    return seen !== undefined && (!seen.onFlash || engine.mirror.isBehind(was));
  });
}

/** Whether marks of the directory (`parent`, `name`), or of what flash has below it, would have to move along. */
export function hasMarks({ marks }: Engine, parent: DirNode, name: ByteString, path: ByteString): boolean {
  return marks.marks.hasOriginsBelow(path) || marks.hasOrigin(parent, name);
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
  if (moved < 0) {
    // What is left of it must not be taken for something that disk has not.
    if (oldFd >= 0) removeTree(oldFd, oldName);
    engine.tree.lost(source);
    return;
  }
  hangOnFlash(source, to, newName);
  source.flags |= ON_FLASH | SIDE_KNOWN | FROM_DISK;
}
