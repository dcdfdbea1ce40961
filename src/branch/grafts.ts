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
