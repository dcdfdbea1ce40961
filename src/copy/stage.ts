// The stage: the directory in which copies are made before they are published. Its content is never part of the merged root, so
// that whatever a crash leaves in it can be removed at the next mount without asking what it was.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EACCES, EEXIST, EISDIR, ENOENT, ENOTDIR, ENOTEMPTY, EPERM } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { chmodAt, fchmod } from '../sys/attr.ts';
import { DirCursor } from '../sys/dir.ts';
import { RENAME_NOREPLACE, mkdirat, renameat2, rmdirat, unlinkat } from '../sys/link.ts';
import { O_DIRECTORY, O_RDONLY, close, openat } from '../sys/open.ts';
import { fremovexattr } from '../sys/xattr.ts';
import { ACL_ACCESS, ACL_DEFAULT } from './acl.ts';

const LIST = O_RDONLY | O_DIRECTORY;

/** What removing everything under a directory came to. */
export interface Swept {
  removed: number;
  /** Entries that could not be removed, and the first reason. */
  left: number;
  err: Errno | 0;
}

/** A stage directory: its descriptor (open for reading, so that it can be synced) and names that are free in it. */
export class Stage {
  readonly fd: number;
  #made = 0;

  constructor(fd: number) {
    this.fd = fd;
  }

  /** A name not used before in this stage since it was swept. */
  name(): ByteString {
    return asBytes(`s${String(++this.#made)}`);
  }

  /** Removes everything in the stage; only while nothing is being staged. */
  sweep(): Swept {
    return removeContent(this.fd);
  }

  close(): void {
    close(this.fd);
  }
}

/**
 * Opens the directory `name` of `dirFd` as a stage, making it when it is not there. It passes nothing on to what is made in it: ACLs
 * and the set-group-id bit that it may have inherited itself are taken off.
 */
export function openStage(dirFd: number, name: ByteString): Stage | Errno {
  const made = mkdirat(dirFd, name, 0o700);
  if (made < 0 && made !== EEXIST) return made as Errno;
  const fd = openat(dirFd, name, LIST);
  if (fd < 0) return fd as Errno;
  for (const acl of [ACL_DEFAULT, ACL_ACCESS]) fremovexattr(fd, asBytes(acl));
  fchmod(fd, 0o700);
  return new Stage(fd);
}

/** Removes `name` of `dirFd`, a tree or not. Nothing there is no error. */
export function removeTree(dirFd: number, name: ByteString): Swept {
  const swept: Swept = { removed: 0, left: 0, err: 0 };
  if (!isDirectory(unlinkOrRmdir(dirFd, name, swept))) return swept;
  const fd = openForRemoval(dirFd, name);
  if (fd < 0) return { removed: 0, left: 1, err: fd as Errno };
  const content = removeContent(fd);
  close(fd);
  unlinkOrRmdir(dirFd, name, content);
  return content;
}

/** Removes everything under `dirFd` with three descriptors however deep it is: a directory that is not empty hands its own up to `dirFd`. */
function removeContent(dirFd: number): Swept {
  const swept: Swept = { removed: 0, left: 0, err: 0 };
  // What is moved up, or shown twice or not at all because names came and went while it was listed, is seen by the next pass.
  for (let before = -1; swept.removed > before;) {
    before = swept.removed;
    swept.left = 0;
    swept.err = 0;
    const fd = openat(dirFd, asBytes('.'), LIST);
    if (fd < 0) return { ...swept, err: fd as Errno };
    removeEntries(fd, swept);
    close(fd);
  }
  return swept;
}

function removeEntries(fd: number, swept: Swept): void {
  const cursor = new DirCursor();
  const inner = new DirCursor();
  while (cursor.fill(fd) > 0) {
    while (cursor.next()) {
      if (!isDirectory(unlinkOrRmdir(fd, cursor.name, swept))) continue;
      const full = [cursor.name];
      for (let name = full.pop(); name !== undefined; name = full.pop()) lift(fd, name, inner, full, swept);
    }
  }
}

function isDirectory(err: number): boolean {
  return err === ENOTEMPTY || err === EEXIST;
}

// What is in the way, ENOTEMPTY for a directory with content; counts what it removes or leaves.
function unlinkOrRmdir(dirFd: number, name: ByteString, swept: Swept): number {
  let err = unlinkat(dirFd, name);
  if (err === EISDIR || err === EPERM) {
    const asDirectory = rmdirat(dirFd, name);
    if (asDirectory !== ENOTDIR) err = asDirectory;
  }
  if (err === 0) swept.removed++;
  else if (err !== ENOENT && !isDirectory(err)) leave(swept, err);
  return err;
}

function leave(swept: Swept, err: number): void {
  swept.left++;
  if (swept.err === 0) swept.err = err as Errno;
}

// Also a directory that its owner may not enter, which is a directory that was captured so.
function openForRemoval(dirFd: number, name: ByteString): number {
  const fd = openat(dirFd, name, LIST);
  if (fd >= 0) {
    fchmod(fd, 0o700);
    return fd;
  }
  if (fd !== EACCES || chmodAt(dirFd, name, 0o700) < 0) return fd;
  return openat(dirFd, name, LIST);
}

let lifts = 0;

// Empties the directory `name` of `topFd` by removing its files and moving its directories next to it, into `full`; then removes it.
function lift(topFd: number, name: ByteString, cursor: DirCursor, full: ByteString[], swept: Swept): void {
  const fd = openForRemoval(topFd, name);
  if (fd < 0) {
    leave(swept, fd);
    return;
  }
  while (cursor.fill(fd) > 0) {
    while (cursor.next()) {
      if (!isDirectory(unlinkOrRmdir(fd, cursor.name, swept))) continue;
      chmodAt(fd, cursor.name, 0o700);
      const lifted = moveUp(fd, cursor.name, topFd);
      if (typeof lifted === 'number') leave(swept, lifted);
      else full.push(lifted);
    }
  }
  close(fd);
  unlinkOrRmdir(topFd, name, swept);
}

function moveUp(fd: number, name: ByteString, topFd: number): ByteString | Errno {
  for (;;) {
    const lifted = asBytes(`lifted${String(++lifts)}`);
    const err = renameat2(fd, name, topFd, lifted, RENAME_NOREPLACE);
    if (err === 0) return lifted;
    if (err !== EEXIST) return err as Errno;
  }
}
