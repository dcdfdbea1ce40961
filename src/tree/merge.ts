// The merged listing of a directory: flash's names, then those that only disk has, without whiteouts, hidden mounts and our own name.

import type { BranchDir } from '../branch/branch-dir.ts';
import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { ENOENT } from '../errno.ts';
import { DirCursor, DT_DIR } from '../sys/dir.ts';
import { newStat } from '../sys/stat.ts';
import { IN_DISK, IN_FLASH, Listing } from './listing.ts';
import { OPAQUE, WHITEOUT } from './marks.ts';
import type { DirNode } from './node.ts';
import { RESERVED } from './tree.ts';
import type { Tree } from './tree.ts';

/** What is on disk under this name has no say. */
const SETTLED = -1;
const DOT = asBytes('.');
const DOT_DOT = asBytes('..');
/** Entries for the directory itself and the one above it. */
export const DOTS = 2;
const cursor = new DirCursor();
const dirStat = newStat();

/** What a directory shows. Errors: what opening and reading the branches' directories give. */
export function merge(tree: Tree, node: DirNode): Listing | Errno {
  const listing = new Listing();
  const up = node.parent ?? node;
  listing.add(DOT, DT_DIR, 0, node.inoLo, node.inoHi);
  listing.add(DOT_DOT, DT_DIR, 0, up.inoLo, up.inoHi);
  const { flash, disk } = node.dir;
  const seen = flash !== null && disk !== null ? new Map<ByteString, number>() : null;
  if (flash !== null) {
    const err = addFlash(tree, node, flash, listing, seen);
    if (err < 0 && !(err === ENOENT && disk !== null)) return err as Errno;
  }
  if (disk !== null && !disk.husk && !tree.hideDisk) {
    const err = addDisk(tree, node, disk, listing, seen);
    if (err < 0 && !(err === ENOENT && flash !== null)) return err as Errno;
  }
  return listing;
}

/** Whether a directory shows no name at all. Errors: as `merge`. */
export function isEmpty(tree: Tree, node: DirNode): boolean | Errno {
  const listing = merge(tree, node);
  return typeof listing === 'number' ? listing : listing.length === DOTS;
}

function addFlash(
  tree: Tree,
  node: DirNode,
  flash: BranchDir,
  listing: Listing,
  seen: Map<ByteString, number> | null,
): number {
  const { inos, marks } = tree;
  const { origins } = node.dir;
  const atRoot = node === tree.root;
  return tree.flash.list(flash, cursor, () => {
    const name = cursor.name;
    if (atRoot && name === RESERVED) return;
    const origin = marks.originOf(origins, name, cursor.inoLo, cursor.inoHi);
    if (origin !== null) {
      inos.lo = origin.inoLo;
      inos.hi = origin.inoHi;
    } else {
      inos.ofFlash(cursor.inoLo, cursor.inoHi);
    }
    seen?.set(name, origin === null ? listing.length : SETTLED);
    listing.add(name, cursor.type, IN_FLASH, inos.lo, inos.hi);
  });
}

function addDisk(
  tree: Tree,
  node: DirNode,
  disk: BranchDir,
  listing: Listing,
  seen: Map<ByteString, number> | null,
): number {
  const { inos } = tree;
  const err = tree.disk.stat(disk, asBytes(''), dirStat);
  if (err < 0) return err;
  const { devMajor, devMinor } = dirStat;
  const { hides } = node.dir;
  const atRoot = node === tree.root;
  return tree.disk.list(disk, cursor, () => {
    const name = cursor.name;
    if (tree.disk.hides(disk, name) || (atRoot && name === RESERVED)) return;
    const mark = tree.marks.of(hides, name);
    const at = seen?.get(name);
    if (at === undefined) {
      if ((mark & WHITEOUT) !== 0) return;
      inos.ofDisk(devMajor, devMinor, cursor.inoLo, cursor.inoHi);
      listing.add(name, cursor.type, IN_DISK, inos.lo, inos.hi);
    } else if (at !== SETTLED && (mark & OPAQUE) === 0 && listing.types[at] === cursor.type) {
      inos.ofDisk(devMajor, devMinor, cursor.inoLo, cursor.inoHi);
      listing.where[at] = IN_FLASH | IN_DISK;
      listing.inoLo[at] = inos.lo;
      listing.inoHi[at] = inos.hi;
    }
  });
}
