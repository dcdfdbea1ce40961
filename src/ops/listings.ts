// The listings that are being read. An offset says which one, and where in it: so a directory can be read on with no handle, each walk sees
// one state of it, and what is removed meanwhile shifts nothing. A listing goes once it has been read to its end; of those left half
// read, the oldest go, and are made anew should somebody come back.

import { merge } from '../tree/merge.ts';
import type { Listing } from '../tree/listing.ts';
import type { DirNode } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';

const MAX_LISTINGS = 256;
const MAX_NAMES = 1 << 20;
/** Offsets hold the walk above and the position below this. */
const POSITIONS = 2 ** 32;
const WALKS = 2 ** 20;

interface Walk {
  readonly node: DirNode;
  readonly listing: Listing;
}

/** Where one walk through a directory is. */
export interface Reading {
  readonly listing: Listing;
  readonly walk: number;
  /** Position of the entry that comes next. */
  at: number;
  /** Nodes that were counted as known to the kernel so far; null: nobody asks. */
  given: number[] | null;
}

export class Listings {
  /** OPENDIR is answered once for all (FUSE_NO_OPENDIR_SUPPORT): the kernel opens directories by itself and keeps what it has read. */
  zeroMessageOpendir = false;
  /** What the kernel has read of a directory stays true: we alone change the tree, through this kernel. */
  readonly cacheable: boolean;
  readonly #tree: Tree;
  readonly #walks = new Map<number, Walk>();
  #names = 0;
  #last = 0;

  constructor(tree: Tree, cacheable: boolean) {
    this.#tree = tree;
    this.cacheable = cacheable;
  }

  /** The walk through `node` that `offset` belongs to, where it says; 0 begins one. Errors: what `merge` gives. */
  at(node: DirNode, offset: number): Reading | number {
    const walk = offset === 0 ? this.#next() : Math.floor(offset / POSITIONS);
    const known = this.#walks.get(walk);
    const at = offset % POSITIONS;
    if (known?.node === node) return { listing: known.listing, walk, at, given: null };
    const listing = merge(this.#tree, node);
    if (typeof listing === 'number') return listing;
    this.#drop(walk);
    this.#walks.set(walk, { node, listing });
    this.#names += listing.length;
    for (const oldest of this.#walks.keys()) {
      if (oldest === walk || (this.#walks.size <= MAX_LISTINGS && this.#names <= MAX_NAMES)) break;
      this.#drop(oldest);
    }
    return { listing, walk, at, given: null };
  }

  /** The walk has come to its end. */
  ended(walk: number): void {
    this.#drop(walk);
  }

  #next(): number {
    this.#last = (this.#last % (WALKS - 1)) + 1;
    return this.#last;
  }

  #drop(walk: number): void {
    const known = this.#walks.get(walk);
    if (known === undefined) return;
    this.#names -= known.listing.length;
    this.#walks.delete(walk);
  }
}

/** The offset of a position in the listing of a walk. */
export function offsetOf(walk: number, position: number): number {
  return walk * POSITIONS + position;
}
