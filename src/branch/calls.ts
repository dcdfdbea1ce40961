// The calls that read a branch. Where its filesystem answers at once they are made on the spot; where it may wait without end (a server that is gone), somebody else
// makes them (copy/remote-disk.ts), and who asks waits for a moment at most. Knows no names but those that it is given.

import type { ByteString } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import type { DirCursor } from '../sys/dir.ts';
import { readlinkat } from '../sys/link.ts';
import { close, O_DIRECTORY, O_NOATIME, O_RDONLY, openat, reopen } from '../sys/open.ts';
import { statxAt } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import { getxattr, listxattrInto } from '../sys/xattr.ts';
import type { BranchDir } from './branch-dir.ts';

/** Thrown by a call of which the answer has not come yet: what asked is given up, and done anew from its start when it has. */
export class Unanswered extends Error {
  constructor() {
    super('disk has not answered yet');
  }
}

/**
 * `fd` is a directory's, and `dir` says which; or an object's own, with an empty name (`dir`: null where it has no name). Errors: as those of src/sys, EIO where no
 * answer came, and @throws Unanswered where the asker can be run anew.
 */
export interface Calls {
  /** No answer has come for some seconds. */
  readonly silent: boolean;
  stat(dir: BranchDir | null, fd: number, name: ByteString, out: Stat): number;
  /** An empty name: `fd`'s own object, anew. */
  open(dir: BranchDir | null, fd: number, name: ByteString, flags: number, mode: number): number;
  readlink(dir: BranchDir | null, fd: number, name: ByteString): ByteString | Errno;
  getxattr(dir: BranchDir | null, fd: number, name: ByteString, attribute: ByteString, value: Buffer): number;
  listxattr(dir: BranchDir | null, fd: number, name: ByteString, names: Buffer): number;
  /** Shows each entry of a directory to `visit`, in `cursor`. */
  list(dir: BranchDir, fd: number, cursor: DirCursor, visit: () => void): number;
  readonly close: (fd: number) => void;
  /** 0 where the branch answers just now: asked before it is changed, since a change is not given up. `fd`: of its root. */
  alive(fd: number): number;
  /** Something has been changed on it, or is just about to be: what was asked before may be so no longer. */
  changed(): void;
  /** From here on the request is not to be run anew: it has changed something. */
  begun(): void;
  /** Does `work`, which nobody waits for: now, or from its start once it is answered. */
  eventually(work: () => void): void;
}

const DOT = '.' as ByteString;
const LISTING = O_RDONLY | O_DIRECTORY;

/** O_NOATIME: listing must not change disk; refused to those who do not own the directory. Errors: as `openat`. */
export function openToList(fd: number): number {
  const listed = openat(fd, DOT, LISTING | O_NOATIME);
  return listed < 0 ? openat(fd, DOT, LISTING) : listed;
}

/** Made on the spot. */
export const ON_THE_SPOT: Calls = {
  silent: false,
  stat: (_dir, fd, name, out) => statxAt(fd, name, out),
  open: (_dir, fd, name, flags, mode) => (name === '' ? reopen(fd, flags) : openat(fd, name, flags, mode)),
  readlink: (_dir, fd, name) => readlinkat(fd, name),
  getxattr: (_dir, fd, name, attribute, value) => getxattr(fd, name, attribute, value),
  listxattr: (_dir, fd, name, names) => listxattrInto(fd, name, names),
  list(_dir, at, cursor, visit) {
    const fd = openToList(at);
    if (fd < 0) return fd;
    let n = cursor.fill(fd);
    while (n > 0) {
      while (cursor.next()) visit();
      n = cursor.fill(fd);
    }
    close(fd);
    return n;
  },
  close(fd) {
    close(fd);
  },
  alive: () => 0,
  changed() {
    // Nothing asked before is remembered.
  },
  begun() {
    // Nothing is run anew.
  },
  eventually(work) {
    work();
  },
};
