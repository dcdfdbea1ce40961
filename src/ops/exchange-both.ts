// Two names trade places in upgrade mode, be they of directories: on disk by one call, and flash follows in the same request. Whatever is wanted at either name or below it,
// before or after, is dirty, durably, before disk changes: so a crash at any point leaves disk's state, which all of it is mirrored from, whichever of the two flash has by
// then. Without one, only what flash lacks is copied.

import type { ByteString } from '../bytes.ts';
import { ENOENT, ENOSPC } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { removeTree } from '../copy/stage.ts';
import { renameat2, unlinkat } from '../sys/link.ts';
import { nameOnFlash } from '../tree/names.ts';
import { FROM_DISK, isDir, SIDE_KNOWN } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { tradeOnFlash } from '../upgrade/trade.ts';
import type { Spot } from '../upgrade/trade.ts';
import { flashFd } from './creation.ts';
import type { Engine } from './engine.ts';
import { bringAllDown, hangOnFlash, movedPath, pathsBelow, seenAt } from './goes-along.ts';
import type { Seen } from './goes-along.ts';
import type { Move } from './move.ts';
import { hasMarks, readyOnDisk } from './rename-both.ts';
import { exchangeOnDisk, mayMove, UNSUITED } from './rename-on-disk.ts';

/** One of the two names, as it is before. */
interface End {
  readonly node: Node;
  readonly parent: DirNode;
  readonly name: ByteString;
  readonly path: ByteString;
  readonly onFlash: boolean;
}

type Ends = readonly [End, End];

/** What is at the two names and below them, before and after. */
interface Content {
  /** Each path at which there is something, before or after. */
  readonly paths: readonly ByteString[];
  /** What is there before. */
  readonly seen: ReadonlyMap<ByteString, Seen>;
  /** Paths that are wanted from now on: of all that flash has, or is to have, in a directory that goes elsewhere, the path before and the one after. */
  readonly wanted: readonly ByteString[];
}

/** OK, DEFERRED, an Errno, or UNSUITED: nothing was changed that matters, and flash's way is the one. */
export function exchangeBoth(engine: Engine, req: Request, move: Move): number {
  const { mirror, wanted } = engine;
  const ends = endsOf(engine, move);
  if (typeof ends === 'number') return ends;
  const ready = readyOnDisk(engine, req, move);
  if (ready !== OK) return ready;
  if (ends.some((end) => !mayTrade(engine, end))) return UNSUITED;
  const content = contentOf(engine, ends);
  if (typeof content === 'number') return content;
  const down = bringAllDown(engine, content.seen.keys(), req);
  if (down !== OK) return down;
  if (mirror.lacksRoom(sizeOfLacking(engine, ends, content))) return ENOSPC;
  const added = wanted.add(content.wanted);
  const above = added < 0 ? added : makeAbove(engine, req, ends);
  if (above < 0) return above;
  const behind = new Set(content.paths.filter((path) => mirror.isBehind(path)));
  const begun = mirror.begin(req, content.paths);
  if (begun !== OK) return begun;
  const done = exchangeOnDisk(engine, move);
  if (done !== OK || !follow(engine, ends)) return done;
  for (const path of content.paths) {
    const was = otherOf(ends, path);
    if (goesAlong(ends, content, was) && !behind.has(was)) mirror.followed(path);
  }
  return OK;
}

function endsOf({ tree }: Engine, { from, oldName, to, newName, source, target }: Move): Ends | Errno {
  if (target === null) return ENOENT;
  const end = (node: Node, parent: DirNode, name: ByteString): End => {
    return { node, parent, name, path: tree.pathOf(parent, name), onFlash: nameOnFlash(node, parent, name) };
  };
  return [end(source, from, oldName), end(target, to, newName)];
}

function mayTrade(engine: Engine, { node, parent, name, path }: End): boolean {
  return mayMove(engine, parent, name, node) && !(isDir(node) && hasMarks(engine, parent, name, path));
}

/** What is at the path of one end, or below it, has the path there of the other end afterwards. */
function otherOf([one, other]: Ends, path: ByteString): ByteString {
  const isOne = path === one.path || path.startsWith(`${one.path}/`);
  return isOne ? movedPath(path, one.path, other.path) : movedPath(path, other.path, one.path);
}

function contentOf(engine: Engine, ends: Ends): Content | number {
  const paths = new Set<ByteString>();
  for (const { node, path } of ends) {
    const below = pathsBelow(engine, node, path);
    if (typeof below === 'number') return below;
    for (const each of [path, ...below]) paths.add(each).add(otherOf(ends, each));
  }
  const seen = new Map<ByteString, Seen>();
  for (const path of paths) {
    const there = seenAt(engine, path);
    if (there !== undefined) seen.set(path, there);
  }
  const going = [...seen].filter(([path, { onFlash }]) => {
    const end = ends.find((one) => one.path === path);
    return (onFlash || engine.wanted.has(path)) && (end === undefined || isDir(end.node));
  });
  return {
    paths: [...paths].filter((path) => seen.has(path) || seen.has(otherOf(ends, path))),
    seen,
    wanted: going.flatMap(([path]) => [path, otherOf(ends, path)]),
  };
}

/** Whether flash's copy of what is at `path` gets the path there that disk's object gets. A file does only for another one: else its name stays, for what comes. */
function goesAlong(ends: Ends, { seen }: Content, path: ByteString): boolean {
  if (seen.get(path)?.onFlash !== true) return false;
  const end = ends.find((one) => one.path === path);
  return end === undefined || isDir(end.node) || ends.every(({ onFlash }) => onFlash);
}

/** Bytes of what will be wanted and has to be copied. */
function sizeOfLacking({ wanted }: Engine, ends: Ends, content: Content): number {
  const more = new Set(content.wanted);
  let size = 0;
  for (const [path, seen] of content.seen) {
    const after = otherOf(ends, path);
    if (!goesAlong(ends, content, path) && (wanted.has(after) || more.has(after))) size += seen.size;
  }
  return size;
}

/** Flash gets the directory that a directory of it goes to. */
function makeAbove({ capture }: Engine, req: Request, [one, other]: Ends): number {
  for (const [goes, there] of [
    [one, other],
    [other, one],
  ] as const) {
    const made = isDir(goes.node) && goes.onFlash ? capture.ensureDirectory(there.parent, req) : OK;
    if (made < 0) return made;
  }
  return OK;
}

/** After disk's exchange: flash's. False: what flash had of the two is lost, and mirrored anew. */
function follow(engine: Engine, [one, other]: Ends): boolean {
  if (one.onFlash && other.onFlash) return trade(engine, one, other);
  if (one.onFlash) return giveWay(engine, one, other);
  return other.onFlash ? giveWay(engine, other, one) : true;
}

function trade(engine: Engine, one: End, other: End): boolean {
  const spots = spotsOf(engine, one, other);
  if (spots === null || tradeOnFlash(engine, ...spots) < 0) {
    for (const { node } of [one, other]) if (isDir(node)) engine.tree.lost(node);
    return false;
  }
  landed(engine, one.node, other);
  landed(engine, other.node, one);
  return true;
}

/** Flash has `held` alone. A directory goes along; of a file, the copy stays until that of what has its name now takes its place, if that can. */
function giveWay(engine: Engine, held: End, free: End): boolean {
  const spots = spotsOf(engine, held, free);
  if (!isDir(held.node)) {
    if (held.node.kind === free.node.kind) landed(engine, free.node, held);
    else if (spots !== null) unlinkat(spots[0].dirfd, held.name);
    return true;
  }
  if (spots === null || moveOnFlash(...spots) < 0) {
    engine.tree.lost(held.node);
    return false;
  }
  landed(engine, held.node, free);
  return true;
}

/** Where flash has the names; null: it cannot be opened there, nor can anything be mirrored. The directory of `free` may be missing, for a file. */
function spotsOf(engine: Engine, one: End, other: End): [Spot, Spot] | null {
  // Twice the first: opening the second may close it.
  flashFd(engine, one.parent);
  const there = flashFd(engine, other.parent);
  const here = flashFd(engine, one.parent);
  if (here < 0 || (there < 0 && isDir(one.node))) return null;
  return [
    { dirfd: here, name: one.name },
    { dirfd: there, name: other.name },
  ];
}

/** 0, or what rename gives: then flash has neither. */
function moveOnFlash(from: Spot, to: Spot): number {
  const done = renameat2(from.dirfd, from.name, to.dirfd, to.name);
  if (done < 0) removeTree(from.dirfd, from.name);
  return done;
}

/** Flash has `node` under the name of `at` now. */
function landed({ marks, tree }: Engine, node: Node, { parent, name }: End): void {
  if (isDir(node)) hangOnFlash(node, parent, name);
  else marks.clear(parent, name);
  tree.nameLanded(node, parent, name);
  node.flags |= SIDE_KNOWN | FROM_DISK;
}
