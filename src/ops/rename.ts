// RENAME and RENAME2: what is renamed, whether it may be, and which way: on flash, on disk in place, or from the one to the other where the two names
// belong on different branches. RENAME_WHITEOUT is our own whiteout: the old name shows nothing anyway.

import { EEXIST, EINVAL, EISDIR, ENAMETOOLONG, ENOENT, ENOTDIR, ENOTEMPTY, EPERM, EXDEV } from '../errno.ts';
import type { ByteString } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT } from '../sys/link.ts';
import { isEmpty } from '../tree/merge.ts';
import { isDir, MULTI_LINK } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { RESERVED } from '../tree/tree.ts';
import type { RenameIn } from '../wire/requests/names.ts';
import type { Engine } from './engine.ts';
import { exchangeBoth } from './exchange-both.ts';
import type { Move } from './move.ts';
import { renameBoth } from './rename-both.ts';
import { renameDown } from './rename-down.ts';
import { exchangeOnDisk, isOnDiskAlone, renameOnDisk, UNSUITED } from './rename-on-disk.ts';
import { exchangeOnFlash, renameOnFlash } from './rename-on-flash.ts';

export const rename: Operation<Engine, RenameIn> = (engine, req, arg) => {
  const move = resolve(engine, req.nodeid, arg);
  if (typeof move === 'number') return move;
  if (move.source === move.target) return OK;
  const exchange = (arg.flags & RENAME_EXCHANGE) !== 0;
  const allowed = exchange ? mayExchange(move) : mayReplace(engine, move);
  if (allowed < 0) return allowed;
  const settled = settle(engine, req, move);
  if (settled !== OK) return settled;
  const both = onBoth(engine, req, move, exchange);
  if (both !== UNSUITED) return both;
  const way = wayOf(engine, move);
  if (typeof way === 'number') return way;
  if (way === 'in place') {
    const done = exchange ? exchangeOnDisk(engine, move) : renameOnDisk(engine, req, move);
    if (done !== UNSUITED) return done;
  }
  if (way === 'down' && !exchange) {
    const done = renameDown(engine, req, move);
    if (done !== UNSUITED) return done;
  }
  const followed = settleBelow(engine, req, move);
  if (followed !== OK) return followed;
  for (const [parent, name, { kind }] of [
    [move.to, move.newName, move.source],
    ...(exchange && move.target !== null ? [[move.from, move.oldName, move.target] as const] : []),
  ] as const)
    if (engine.routes.ofName(parent, name) !== 'flash')
      engine.routes.spilled(engine.tree.pathOf(parent, name), kind, req);
  return exchange ? exchangeOnFlash(engine, req, move) : renameOnFlash(engine, req, move);
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

/** On disk, and flash follows. OK, DEFERRED, an Errno, or UNSUITED: not where flash follows disk, or not this way. */
function onBoth(engine: Engine, req: Request, move: Move, exchange: boolean): number {
  const { from, oldName, to, newName } = move;
  const { routes } = engine;
  if (!routes.mirrors || routes.ofName(from, oldName) !== 'disk' || routes.ofName(to, newName) !== 'disk')
    return UNSUITED;
  return exchange ? exchangeBoth(engine, req, move) : renameBoth(engine, req, move);
}

/** What upgrade mode has left to be mirrored is mirrored before it changes on flash. OK, DEFERRED, or an Errno. */
function settle(engine: Engine, req: Request, { source, target }: Move): number {
  const { routes, tree } = engine;
  if (routes.mirrors) return OK;
  for (const node of [source, target]) {
    const settled = node !== null && tree.isDirty(node) ? mirrored(engine, req, tree.path(node)) : OK;
    if (settled !== OK) return settled;
  }
  return OK;
}

/** What upgrade mode changes on flash alone is first mirrored in full: flash's copies are what shows from then on. OK, DEFERRED, or an Errno. */
function settleBelow(engine: Engine, req: Request, move: Move): number {
  const { marks, mirror, routes, tree } = engine;
  if (!routes.mirrors || mirror.pending === 0) return OK;
  const ends = [tree.pathOf(move.from, move.oldName), tree.pathOf(move.to, move.newName)];
  for (const path of marks.marks.dirty.keys()) {
    if (!ends.some((end) => path === end || path.startsWith(`${end}/`))) continue;
    const settled = mirrored(engine, req, path);
    if (settled !== OK) return settled;
  }
  return OK;
}

/** OK once flash's copy of `path` is as disk's object; EXDEV while somebody may write that one: then it has to stay what shows. DEFERRED, or an Errno. */
function mirrored({ marks, mirror }: Engine, req: Request, path: ByteString): number {
  const settled = mirror.wait(path, req);
  return settled === OK && marks.marks.dirty.has(path) ? EXDEV : settled;
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

function mayExchange({ source, target, from, to }: Move): number {
  for (let up: Node | null = to; up !== null; up = up.parent) if (up === source) return EINVAL;
  for (let up: Node | null = from; up !== null; up = up.parent) if (up === target) return EINVAL;
  return OK;
}

/**
 * Which way is tried first. Between names of different routes a directory cannot be renamed, nor what is open so that it cannot be moved: EXDEV, as
 * between two filesystems.
 */
function wayOf(
  engine: Engine,
  { from, oldName, to, newName, source, target }: Move,
): 'flash' | 'in place' | 'down' | Errno {
  const { routes, tree } = engine;
  if (!routes.diskTakesChanges) return 'flash';
  const here = routes.ofName(from, oldName) === 'disk';
  const there = routes.ofName(to, newName) === 'disk';
  if (!here && !there) return 'flash';
  if (here && there) return isOnDiskAlone(tree, source) && isOnDiskAlone(tree, target) ? 'in place' : 'flash';
  if (isDir(source) || (target !== null && isDir(target))) return EXDEV;
  const stuck = (node: Node | null): boolean => node !== null && !node.onFlash && node.open?.fixed === true;
  if (here) return stuck(source) ? EXDEV : 'flash';
  // A file with further names stays the one that they lead to, and one that is open the one that is open.
  const movable = !source.has(MULTI_LINK) && source.open === null;
  return movable && isOnDiskAlone(tree, target) ? 'down' : 'flash';
}
