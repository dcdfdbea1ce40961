// Names on disk that the merged root does not show, because flash has something else in their place or a mark hides them: made free for what is
// to be made on disk, or removed for good. Disk gives the inode number of what is removed to the next object that it makes: so nothing
// is removed whose number is still shown.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EEXIST, ENOENT } from '../errno.ts';
import { UTIME_NOW, UTIME_OMIT, utimensAt } from '../sys/attr.ts';
import { fsync } from '../sys/io.ts';
import { rmdirat, unlinkat } from '../sys/link.ts';
import { close, O_DIRECTORY, O_PATH, O_RDONLY, openat } from '../sys/open.ts';
import { newStat } from '../sys/stat.ts';
import { SPENT } from '../tree/marks.ts';
import { S_IFDIR, S_IFMT } from '../tree/node.ts';
import type { DirNode } from '../tree/node.ts';
import type { Engine } from './engine.ts';

const SELF = asBytes('');
const stat = newStat();

/** Descriptor of `parent` on disk, which is about to change. Errors: ENOENT, and what opening it gives. */
export function diskFd({ tree }: Engine, parent: DirNode): number {
  const { disk } = tree;
  if (parent.dir.disk === null) return ENOENT;
  const alive = disk.calls.alive(disk.fd(disk.root));
  return alive < 0 ? alive : disk.fd(parent.dir.disk);
}

/**
 * Makes sure that disk has `parent`, and nothing hidden as `name`, which the merged root does not show or shows from disk. Errors: EEXIST where
 * that cannot be; what the calls give.
 */
export function freeOnDisk(engine: Engine, parent: DirNode, name: ByteString): number {
  const ready = engine.diskDirectories.ensure(parent);
  const { disk } = parent.dir;
  if (ready < 0 || disk === null || name === SELF) return ready;
  if (engine.tree.disk.hides(disk, name)) return EEXIST;
  const cleared = engine.marks.clear(parent, name);
  if (cleared < 0 || !engine.marks.hides(parent, name)) return cleared;
  if ((engine.tree.marks.of(parent.dir.hides, name) & SPENT) !== 0) return EEXIST;
  const removed = removeHidden(engine, parent, name);
  if (removed < 0 && removed !== ENOENT) return removed;
  // On the device before the mark goes: else a power cut between the two would bring the hidden object back.
  const dirfd = engine.tree.disk.open(disk, asBytes('.'), O_RDONLY | O_DIRECTORY);
  if (dirfd < 0) return dirfd;
  const synced = fsync(dirfd);
  close(dirfd);
  return synced < 0 ? synced : engine.marks.reveal(parent, name);
}

/**
 * Removes what disk has as `name`, which is not shown. Errors: ENOENT; EEXIST where it must stay (a directory with content, an object whose
 * number is shown); what the calls give.
 */
export function removeHidden(engine: Engine, parent: DirNode, name: ByteString): number {
  const { disk } = parent.dir;
  if (disk === null) return ENOENT;
  const found = engine.tree.disk.stat(disk, name, stat);
  if (found < 0) return found;
  const dirfd = diskFd(engine, parent);
  if (dirfd < 0) return dirfd;
  engine.routes.diskChanged = true;
  const isDirectory = (stat.mode & S_IFMT) === S_IFDIR;
  if (!mayFree(engine, dirfd, name)) return EEXIST;
  return isDirectory ? (rmdirat(dirfd, name) < 0 ? EEXIST : 0) : unlinkat(dirfd, name);
}

// Expects `stat` to be of the object, `name` of `dirfd`.
function mayFree({ tree }: Engine, dirfd: number, name: ByteString): boolean {
  const { inos, links, marks, orphans } = tree;
  inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
  const { lo, hi } = inos;
  if (links.onBoth(lo, hi) || marks.paths(lo, hi).length > 0) return false;
  const open = stat.nlink > 1 ? undefined : orphans.showing(lo, hi);
  if (open === undefined) return true;
  // Somebody has flash's copy open, which shows the number.
  const keeper = openat(dirfd, name, O_PATH);
  if (keeper < 0) return false;
  orphans.keepNumber(open, keeper);
  return true;
}

/** A name in `parent` came or went on one branch: where the other one's times are shown, they change too. */
export function touchShown(engine: Engine, parent: DirNode, changedOn: 'flash' | 'disk'): void {
  const shown = engine.tree.shownByDisk(parent) ? 'disk' : 'flash';
  if (shown === changedOn) return;
  const dir = shown === 'disk' ? parent.dir.disk : parent.dir.flash;
  if (dir === null) return;
  const fd = (shown === 'disk' ? engine.tree.disk : engine.tree.flash).fd(dir);
  if (fd >= 0) utimensAt(fd, SELF, 0, UTIME_OMIT, 0, UTIME_NOW);
}
