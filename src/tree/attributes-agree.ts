// Whether an object has extended attributes that its counterpart has not, or has otherwise. Reads both, changes neither.

import type { BranchDir } from '../branch/branch-dir.ts';
import type { Calls } from '../branch/calls.ts';
import type { ByteString } from '../bytes.ts';
import { listxattr, readxattr } from '../sys/xattr.ts';

/** An object on a branch: as in Calls. */
export interface At {
  readonly calls: Calls;
  readonly dir: BranchDir;
  readonly dirfd: number;
  /** '' for the descriptor's own. */
  readonly name: ByteString;
}

/** Whether all that `here`, on flash, has is the same `there`: what a filesystem cannot hold, it has not. What cannot be read counts as none. */
export function hasNoFurther(here: At, there: At): boolean {
  const names = listxattr(here.dirfd, here.name);
  if (typeof names === 'number') return true;
  return names.every((attribute) => {
    const value = readxattr(here.dirfd, here.name, attribute);
    if (typeof value === 'number') return true;
    const other = Buffer.alloc(value.length);
    const length = there.calls.getxattr(there.dir, there.dirfd, there.name, attribute, other);
    return length === value.length && value.equals(other);
  });
}
