// What is mounted below a branch's root, as a tree of names: real filesystems that belong to the branch (a separate /usr), and
// places that must not be seen through it (our own flash and mountpoint, pseudo filesystems). Pure data; no descriptor is opened here.

import type { ByteString } from '../bytes.ts';

/** One component on the way to a mount below a branch. */
export interface GraftPoint {
  /** Descriptor of the mount's own root (a private clone); undefined on the way to a deeper one. */
  fd: number | undefined;
  /** Not part of the branch: looking it up gives ENOENT. */
  hidden: boolean;
  readonly children: Map<ByteString, GraftPoint>;
}

export function newGraftPoint(): GraftPoint {
  return { fd: undefined, hidden: false, children: new Map() };
}

/** The point for `path` (relative, no leading slash) below `root`, made where it is missing. */
export function graftPointAt(root: GraftPoint, path: ByteString): GraftPoint {
  let point = root;
  for (const name of path.split('/') as ByteString[]) {
    let next = point.children.get(name);
    if (next === undefined) point.children.set(name, (next = newGraftPoint()));
    point = next;
  }
  return point;
}

/** Visits `point` and all below it. */
export function eachPoint(point: GraftPoint | null, visit: (point: GraftPoint) => void): void {
  if (point === null) return;
  visit(point);
  for (const below of point.children.values()) eachPoint(below, visit);
}

/** `point` gets the descriptors of `fresh`, which is the same tree opened anew, and what it did not have. */
export function takeOver(point: GraftPoint, fresh: GraftPoint): void {
  point.fd = fresh.fd;
  point.hidden = fresh.hidden;
  for (const [name, below] of fresh.children) {
    const known = point.children.get(name);
    if (known === undefined) point.children.set(name, below);
    else takeOver(known, below);
  }
}
