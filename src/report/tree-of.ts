// The merged tree of a flash and its disk as its marks say, to be asked without a mount, or beside one: nothing is locked, nothing changed.

import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Branch } from '../branch/branch.ts';
import { fromText } from '../bytes.ts';
import { ENOENT } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { AT_FDCWD } from '../sys/at.ts';
import { close, O_DIRECTORY, O_PATH, O_RDONLY, openat, openFollow } from '../sys/open.ts';
import { identityOf } from '../tree/flash-identity.ts';
import { inoKey } from '../tree/ino.ts';
import { MARKS } from '../tree/mark-log.ts';
import { readLog } from '../tree/mark-reader.ts';
import { Marks } from '../tree/marks.ts';
import { RESERVED, Tree } from '../tree/tree.ts';

/** The tree of flash (`.rootsync` may be missing) over disk. Errors: of reading the marks; EIO where they are none. */
export function treeOf(flash: Branch, disk: Branch): Tree | Errno {
  const marks = new Marks(inoKey);
  const home = flash.open(flash.root, RESERVED, O_RDONLY | O_DIRECTORY);
  if (home < 0 && home !== ENOENT) return home as Errno;
  if (home >= 0) {
    const err = readMarks(home, marks);
    close(home);
    if (err < 0) return err as Errno;
  }
  return new Tree({ flash, disk, marks });
}

function readMarks(home: number, marks: Marks): number {
  const fd = openat(home, MARKS, O_RDONLY);
  if (fd === ENOENT) return 0;
  if (fd < 0) return fd;
  const read = readLog(fd, marks);
  close(fd);
  if (typeof read === 'number') return read;
  marks.apply({ kind: 'home', path: identityOf(home) }, 0);
  return 0;
}

/** A disk that has nothing, for who knows of flash alone. Errors: what open gives. @throws where no directory can be made in TMPDIR. */
export function emptyDisk(): Branch | Errno {
  const dir = mkdtempSync(join(tmpdir(), 'rootsync-empty-'));
  const rootFd = openFollow(AT_FDCWD, fromText(dir), O_PATH | O_DIRECTORY);
  rmdirSync(dir);
  return rootFd < 0 ? (rootFd as Errno) : new Branch({ rootFd, writable: false });
}
