// READDIRPLUS and READDIR over a merged listing. READDIRPLUS gives the kernel nodes, which spares it a LOOKUP each; not for what a LOOKUP
// must be seen of, because looking it up is using it (directories and special files to be captured, further names of a file).
// Offsets are positions in the listing of this open directory, plus one.

import { EBADF, EINVAL, ENOENT } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import type { DirHandle } from '../tree/handles.ts';
import type { Listing } from '../tree/listing.ts';
import { DOTS, merge } from '../tree/merge.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode } from '../tree/node.ts';
import { dirent, direntplus } from '../wire/replies.ts';
import type { ReadIn } from '../wire/requests/handles.ts';
import type { Engine } from './engine.ts';
import { entryOf } from './entry.ts';

export const readdirplus: Operation<Engine, ReadIn> = (engine, req, { fh, offset, size }) => {
  const handle = engine.dirs.get(fh);
  if (handle === undefined || !isDir(handle.node)) return EBADF;
  const listing = listingOf(engine, handle, offset);
  if (typeof listing === 'number') return listing;
  const { out } = req;
  out.limit = Math.min(out.limit, out.pos + size);
  for (let at = offset; at < listing.length; at++) if (!putPlus(engine, handle.node, listing, at, out)) break;
  return OK;
};

export const readdir: Operation<Engine, ReadIn> = (engine, req, { fh, offset, size }) => {
  const handle = engine.dirs.get(fh);
  if (handle === undefined) return EBADF;
  const listing = listingOf(engine, handle, offset);
  if (typeof listing === 'number') return listing;
  const { out } = req;
  out.limit = Math.min(out.limit, out.pos + size);
  for (let at = offset; at < listing.length; at++) {
    const lo = listing.inoLo[at] ?? 0;
    const hi = listing.inoHi[at] ?? 0;
    if (!dirent(out, lo, hi, at + 1, listing.types[at] ?? 0, listing.names[at] ?? handle.node.name)) break;
  }
  return OK;
};

/** The handle's listing, made anew when reading starts over (rewinddir must see what was changed). */
function listingOf(engine: Engine, handle: DirHandle, offset: number): Listing | number {
  if (handle.listing !== null && (offset > 0 || handle.listing.fresh)) {
    handle.listing.fresh = false;
    return offset <= handle.listing.length ? handle.listing : EINVAL;
  }
  if (!isDir(handle.node)) return EBADF;
  const listing = merge(engine.tree, handle.node);
  if (typeof listing !== 'number') handle.listing = listing;
  return listing;
}

function putPlus(
  engine: Engine,
  parent: DirNode,
  listing: Listing,
  at: number,
  out: Parameters<typeof direntplus>[0],
): boolean {
  const { tree } = engine;
  const name = listing.names[at];
  if (name === undefined) return false;
  // Room first: a node must not be counted as known to the kernel and then not be sent.
  if (out.room < 160 + name.length) return false;
  const lo = listing.inoLo[at] ?? 0;
  const hi = listing.inoHi[at] ?? 0;
  const type = listing.types[at] ?? 0;
  // The kernel knows the directory and the one above it, and counts no reference for these two.
  if (at < DOTS) return direntplus(out, null, lo, hi, at + 1, type, name);
  const node = tree.lookupListed(parent, name, listing.where[at] ?? 0, lo, hi);
  if (typeof node === 'number') {
    // Gone since it was listed: leave it out. Otherwise let the kernel ask and get the error.
    return node === ENOENT || direntplus(out, null, lo, hi, at + 1, type, name);
  }
  if (engine.capture.wantsLookup(node)) {
    const sent = direntplus(out, null, lo, hi, at + 1, type, name);
    tree.release(node);
    return sent;
  }
  return direntplus(out, entryOf(engine, node), node.inoLo, node.inoHi, at + 1, type, name);
}
