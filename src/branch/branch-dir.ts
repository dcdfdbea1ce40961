// A directory of one branch, as a place that names can be addressed in. Knows its parent and its name there, and, while it is
// in use, a descriptor. It knows nothing of the merged root: a directory renamed on flash keeps its disk counterpart unchanged.
// Only Branch opens and closes `fd`; that of a graft is its point's.

import type { ByteString } from '../bytes.ts';
import type { GraftPoint } from './grafts.ts';

export class BranchDir {
  parent: BranchDir | null;
  name: ByteString;
  /** O_PATH descriptor, -1 while closed. */
  fd = -1;
  /** Second-chance bit of the descriptor cache. */
  used = false;
  /** Whether `fd` is closed by the cache: false for a branch's root. */
  readonly evictable: boolean;
  /** Mounts of this branch at or below this directory; null where there are none. */
  readonly graft: GraftPoint | null;
  /** A mount that does not belong to the branch: shown as an empty directory. */
  readonly husk: boolean;

  constructor(
    parent: BranchDir | null,
    name: ByteString,
    options: { fd?: number; graft?: GraftPoint | null; husk?: boolean } = {},
  ) {
    this.parent = parent;
    this.name = name;
    this.fd = options.fd ?? -1;
    this.evictable = options.fd === undefined;
    this.graft = options.graft ?? null;
    this.husk = options.husk ?? false;
  }

  /** Path from the branch's root, without a leading slash; '' for the root itself. */
  path(): ByteString {
    let path: string = this.name;
    for (let dir = this.parent; dir !== null && dir.parent !== null; dir = dir.parent) path = `${dir.name}/${path}`;
    return path as ByteString;
  }
}
