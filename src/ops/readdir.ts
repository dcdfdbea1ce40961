// READDIRPLUS and READDIR over a merged listing. READDIRPLUS gives the kernel nodes, which spares it a LOOKUP each; not for what a LOOKUP
// must be seen of, because looking it up is using it (directories and special files to be captured, further names of a file).

import { ENOENT } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import type { Listing } from '../tree/listing.ts';
import { DOTS } from '../tree/merge.ts';
import type { DirNode } from '../tree/node.ts';
import { dirent, direntplus } from '../wire/replies.ts';
import type { ReadIn } from '../wire/requests/handles.ts';
import type { Writer } from '../wire/writer.ts';
import type { Engine } from './engine.ts';
import { entryOf } from './entry.ts';
import { offsetOf, positionOf } from './listings.ts';

/** Room that an entry takes at most, beyond its name. */
const ENTRY_ROOM = 160;

export const readdirplus: Operation<Engine, ReadIn> = (engine, req, arg) => list(engine, req, arg, putPlus);

export const readdir: Operation<Engine, ReadIn> = (engine, req, arg) => list(engine, req, arg, put);

/** Adds the entry at a position; false: it does not fit. */
type Put = (engine: Engine, node: DirNode, listing: Listing, at: number, next: number, out: Writer) => boolean;

function list(
  engine: Engine,
  req: Parameters<Operation<Engine, ReadIn>>[1],
  { offset, size }: ReadIn,
  add: Put,
): number {
  const node = engine.tree.directory(req.nodeid);
  if (typeof node === 'number') return node;
  const found = engine.listings.at(node, offset);
  if (typeof found === 'number') return found;
  const { listing, walk } = found;
  const { out } = req;
  out.limit = Math.min(out.limit, out.pos + size);
  let at = positionOf(offset);
  if (at >= listing.length) engine.listings.ended(walk);
  while (at < listing.length && add(engine, node, listing, at, offsetOf(walk, at + 1), out)) at++;
  return OK;
}

function put(_engine: Engine, node: DirNode, listing: Listing, at: number, next: number, out: Writer): boolean {
  const { inoLo, inoHi, types, names } = listing;
  return dirent(out, inoLo[at] ?? 0, inoHi[at] ?? 0, next, types[at] ?? 0, names[at] ?? node.name);
}

function putPlus(engine: Engine, parent: DirNode, listing: Listing, at: number, next: number, out: Writer): boolean {
  const { tree } = engine;
  const name = listing.names[at];
  if (name === undefined) return false;
  // Room first: a node must not be counted as known to the kernel and then not be sent.
  if (out.room < ENTRY_ROOM + name.length) return false;
  const lo = listing.inoLo[at] ?? 0;
  const hi = listing.inoHi[at] ?? 0;
  const type = listing.types[at] ?? 0;
  // The kernel knows the directory and the one above it, and counts no reference for these two.
  if (at < DOTS) return direntplus(out, null, lo, hi, next, type, name);
  const node = tree.lookupListed(parent, name, listing.where[at] ?? 0, lo, hi);
  if (typeof node === 'number') {
    // Gone since it was listed: leave it out. Otherwise let the kernel ask and get the error.
    return node === ENOENT || direntplus(out, null, lo, hi, next, type, name);
  }
  if (engine.capture.wantsLookup(node)) {
    const sent = direntplus(out, null, lo, hi, next, type, name);
    tree.release(node);
    return sent;
  }
  return direntplus(out, entryOf(engine, node), node.inoLo, node.inoHi, next, type, name);
}
