// READDIRPLUS and READDIR over a merged listing. READDIRPLUS gives the kernel nodes, which spares it a LOOKUP each; not for what a LOOKUP
// must be seen of, because looking it up is using it (directories and special files to be captured, further names of a file).

import { Unanswered } from '../branch/calls.ts';
import { ENOENT } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { DOTS } from '../tree/merge.ts';
import type { DirNode } from '../tree/node.ts';
import { dirent, direntplus } from '../wire/replies.ts';
import type { ReadIn } from '../wire/requests/handles.ts';
import type { Writer } from '../wire/writer.ts';
import type { Engine } from './engine.ts';
import { entryOf } from './entry.ts';
import { offsetOf } from './listings.ts';
import type { Reading } from './listings.ts';

/** Room that an entry takes at most, beyond its name. */
const ENTRY_ROOM = 160;

export const readdirplus: Operation<Engine, ReadIn> = (engine, req, { offset, size }) => {
  const node = engine.tree.directory(req.nodeid);
  if (typeof node === 'number') return node;
  const { out } = req;
  out.limit = Math.min(out.limit, out.pos + size);
  const start = out.pos;
  let reading = offset === 0 ? engine.nextListing.take(node, out) : null;
  if (reading === null) {
    const found = engine.listings.at(node, offset);
    if (typeof found === 'number') return found;
    reading = found;
  }
  // What was ready may be all of it: then the kernel has yet to be told that there is no more.
  if (reading.at >= reading.listing.length && out.pos === start) {
    engine.listings.ended(reading.walk);
    engine.nextListing.ended(node);
  }
  try {
    while (putPlus(engine, node, reading, out));
  } catch (error) {
    // The kernel goes on from what it has been given, and counts it as known: that cannot be taken back.
    if (!(error instanceof Unanswered) || out.pos === start) throw error;
  }
  return OK;
};

export const readdir: Operation<Engine, ReadIn> = (engine, req, { offset, size }) => {
  const node = engine.tree.directory(req.nodeid);
  if (typeof node === 'number') return node;
  const reading = engine.listings.at(node, offset);
  if (typeof reading === 'number') return reading;
  const { out } = req;
  out.limit = Math.min(out.limit, out.pos + size);
  if (reading.at >= reading.listing.length) engine.listings.ended(reading.walk);
  while (put(node, reading, out));
  return OK;
};

/** Adds the entry that comes next; false: there is none, or it does not fit. */
function put(parent: DirNode, reading: Reading, out: Writer): boolean {
  const { listing, walk, at } = reading;
  if (at >= listing.length) return false;
  const { inoLo, inoHi, types, names } = listing;
  const sent = dirent(
    out,
    inoLo[at] ?? 0,
    inoHi[at] ?? 0,
    offsetOf(walk, at + 1),
    types[at] ?? 0,
    names[at] ?? parent.name,
  );
  if (sent) reading.at++;
  return sent;
}

/** As `put`, with the node, which counts as known to the kernel from now on. */
export function putPlus(engine: Engine, parent: DirNode, reading: Reading, out: Writer): boolean {
  const { tree } = engine;
  const { listing, walk, at } = reading;
  const name = listing.names[at];
  if (name === undefined) return false;
  // Room first: a node must not be counted as known to the kernel and then not be sent.
  if (out.room < ENTRY_ROOM + name.length) return false;
  const lo = listing.inoLo[at] ?? 0;
  const hi = listing.inoHi[at] ?? 0;
  const type = listing.types[at] ?? 0;
  const next = offsetOf(walk, at + 1);
  // The kernel knows the directory and the one above it, and counts no reference for these two.
  if (at < DOTS) {
    reading.at++;
    return direntplus(out, null, lo, hi, next, type, name);
  }
  const node = tree.lookupListed(parent, name, listing.where[at] ?? 0, lo, hi);
  reading.at++;
  if (typeof node === 'number') {
    // Gone since it was listed: leave it out. Otherwise let the kernel ask and get the error.
    return node === ENOENT || direntplus(out, null, lo, hi, next, type, name);
  }
  if (engine.capture.wantsLookup(node)) {
    const sent = direntplus(out, null, lo, hi, next, type, name);
    tree.release(node);
    return sent;
  }
  reading.given?.push(node.id);
  return direntplus(out, entryOf(engine, node), node.inoLo, node.inoHi, next, type, name);
}
