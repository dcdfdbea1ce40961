// The names in a directory of a branch, read without changing its access time where that is permitted.

import type { Branch } from '../branch/branch.ts';
import type { BranchDir } from '../branch/branch-dir.ts';
import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import { DirCursor } from '../sys/dir.ts';
import { close, O_DIRECTORY, O_NOATIME, O_RDONLY } from '../sys/open.ts';

const DOT = asBytes('.');
const cursor = new DirCursor();

/** All names of `dir`. Errors: what opening and reading it give. */
export function namesIn(branch: Branch, dir: BranchDir): ByteString[] | Errno {
  let fd = branch.open(dir, DOT, O_RDONLY | O_DIRECTORY | O_NOATIME);
  if (fd < 0) fd = branch.open(dir, DOT, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return fd as Errno;
  const names = namesOf(fd);
  close(fd);
  return names;
}

/** All names of an open directory, read from where it stands. Errors: what reading gives. */
export function namesOf(fd: number): ByteString[] | Errno {
  const names: ByteString[] = [];
  for (;;) {
    const n = cursor.fill(fd);
    if (n < 0) return n as Errno;
    if (n === 0) return names;
    while (cursor.next()) names.push(cursor.name);
  }
}

/** Whether it can be read and holds nothing. */
export function isEmptyDirectory(branch: Branch, dir: BranchDir): boolean {
  const names = namesIn(branch, dir);
  return typeof names !== 'number' && names.length === 0;
}
