// One path that flash follows, on its way, and what helps to find the way. Only the mirror changes entries, and their state only through `Entries`.

import type { ByteString } from '../bytes.ts';
import { asBytes } from '../bytes.ts';
import type { Deferred } from '../fuse/operation.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';

/** `open`: somebody may write it, whose close is waited for. `stored`: on flash, not known to be durable. */
export type EntryState = 'queued' | 'copying' | 'open' | 'stored' | 'failed';

export interface Entry {
  readonly path: ByteString;
  /** Counts changes. */
  changes: number;
  state: EntryState;
  /** Copied although it is open for writing: somebody asked for a sync. */
  forced: boolean;
  /** Why flash cannot follow, as far as is known; 0: nothing has kept it. */
  err: number;
  readonly waiters: Deferred[];
  /** fsync's, by the request. */
  readonly flushers: { readonly key: string; readonly deferred: Deferred }[];
}

export function newEntry(path: ByteString): Entry {
  return { path, changes: 1, state: 'queued', forced: false, err: 0, waiters: [], flushers: [] };
}

/** What disk shows, by one of its names. */
export interface OnDisk {
  readonly node: Node;
  readonly parent: DirNode;
  readonly name: ByteString;
}

/** The node of a path as disk shows it, pinned by nobody; null where flash's copy has nothing to follow. */
export function findOnDisk(tree: Tree, path: ByteString): OnDisk | null {
  const slash = path.lastIndexOf('/');
  const name = asBytes(path.slice(slash + 1));
  const parent = slash < 0 ? tree.root : tree.walk(asBytes(path.slice(0, slash)));
  if (typeof parent === 'number' || !isDir(parent)) return null;
  const node = tree.lookup(parent, name);
  return typeof node === 'number' || !tree.shownByDisk(node) ? null : { node, parent, name };
}
