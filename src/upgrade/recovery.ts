// What a crash left dirty, at the next mount, before anything is served: flash's names become those of disk; then the mirror copies. Disk's objects show
// from the first request on.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { ENOENT } from '../errno.ts';
import type { Journal } from '../capture/journal.ts';
import { renameat2, RENAME_NOREPLACE, rmdirat, unlinkat } from '../sys/link.ts';
import { newStat } from '../sys/stat.ts';
import type { BranchDir } from '../branch/branch-dir.ts';
import { S_IFDIR, S_IFMT } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';
import type { Mirror } from './mirror.ts';

const onFlash = newStat();
const onDisk = newStat();

export function recover(tree: Tree, journal: Journal, mirror: Mirror): void {
  const { dirty } = tree.marks;
  // What is below goes before the directory does.
  const paths = [...dirty.keys()].sort().reverse();
  for (const path of paths) {
    const from = dirty.get(path)?.from;
    if (from != null) moveOnFlash(tree, from, path);
  }
  for (const path of paths) {
    removeStale(tree, path);
    journal.recovering(path);
    mirror.touch(path);
  }
}

interface Spot {
  readonly flash: BranchDir | null;
  readonly disk: BranchDir | null;
  readonly name: ByteString;
  readonly hidden: boolean;
}

function spotOf(tree: Tree, path: ByteString): Spot | null {
  const slash = path.lastIndexOf('/');
  const name = asBytes(path.slice(slash + 1));
  const parent = slash < 0 ? tree.root : tree.walk(asBytes(path.slice(0, slash)));
  if (typeof parent === 'number' || parent.dir === null) return null;
  const { flash, disk, hides } = parent.dir;
  return { flash, disk, name, hidden: tree.marks.of(hides, name) !== 0 };
}

/** A directory was renamed on disk, and flash's had still to be. */
function moveOnFlash(tree: Tree, from: ByteString, to: ByteString): void {
  const old = spotOf(tree, from);
  const now = spotOf(tree, to);
  if (old?.flash == null || now?.flash == null || old.disk === null || now.disk === null) return;
  if (tree.disk.stat(old.disk, old.name, onDisk) !== ENOENT || tree.disk.stat(now.disk, now.name, onDisk) < 0) return;
  const newFd = tree.flash.fd(now.flash);
  renameat2(tree.flash.fd(old.flash), old.name, newFd, now.name, RENAME_NOREPLACE);
}

/**
 * Flash's object goes where disk has none, or one of another kind. What a mark speaks of is not as disk has it: that stays; so does what is in a directory that
 * flash alone has, unless that is itself to be as disk has it: two directories had traded places on disk, and not on flash.
 */
function removeStale(tree: Tree, path: ByteString): void {
  const spot = spotOf(tree, path);
  if (spot?.flash == null || spot.hidden) return;
  const { flash, disk, name } = spot;
  if (disk === null && !tree.marks.dirty.has(asBytes(path.slice(0, Math.max(0, path.lastIndexOf('/')))))) return;
  if (tree.flash.stat(flash, name, onFlash) < 0) return;
  const found = disk === null ? ENOENT : tree.disk.stat(disk, name, onDisk);
  if (found < 0 && found !== ENOENT) return;
  const kind = onFlash.mode & S_IFMT;
  if (found >= 0 && (onDisk.mode & S_IFMT) === kind) return;
  const dirfd = tree.flash.fd(flash);
  if (kind === S_IFDIR) rmdirat(dirfd, name);
  else unlinkat(dirfd, name);
  const known = tree.walk(path);
  if (typeof known !== 'number') tree.release(known);
}
