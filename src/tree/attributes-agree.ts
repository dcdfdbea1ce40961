// Whether an object has extended attributes that its counterpart has not, or has otherwise. Reads both, changes neither.

import type { ByteString } from '../bytes.ts';
import { listxattr, readxattr } from '../sys/xattr.ts';

export interface At {
  readonly dirfd: number;
  /** '' for the descriptor's own. */
  readonly name: ByteString;
}

/** Whether all that `here` has is the same `there`: what a filesystem cannot hold, it has not. What cannot be read counts as none. */
export function hasNoFurther(here: At, there: At): boolean {
  const names = listxattr(here.dirfd, here.name);
  if (typeof names === 'number') return true;
  return names.every((attribute) => {
    const value = readxattr(here.dirfd, here.name, attribute);
    if (typeof value === 'number') return true;
    const other = readxattr(there.dirfd, there.name, attribute);
    return typeof other !== 'number' && value.equals(other);
  });
}
