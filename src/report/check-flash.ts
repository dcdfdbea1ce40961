// Flash's tree, held against disk and against the marks by merged path: finds the place on disk of each object as tree/resolve.ts does, and
// says where the two do not fit, or where an origin is of no object. Reads both, changes neither.

import type { Branch } from '../branch/branch.ts';
import type { BranchDir } from '../branch/branch-dir.ts';
import { display, join } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { ENOENT, ENOTDIR, errnoName } from '../errno.ts';
import { newStat } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import { OPAQUE } from '../tree/marks.ts';
import type { Marks } from '../tree/marks.ts';
import { NONE, ROOT } from '../tree/name-trie.ts';
import type { Origin } from '../tree/origins.ts';
import { S_IFDIR, S_IFMT } from '../tree/node.ts';
import { RESERVED } from '../tree/tree.ts';
import type { Findings } from './finding.ts';
import { namesIn } from './listing.ts';

const S_IFREG = 0o100000;

/** A directory of flash, with what speaks of the names in it. */
interface Place {
  readonly path: ByteString;
  readonly flash: BranchDir;
  readonly disk: BranchDir | null;
  /** Nodes of the marks, or NONE. */
  readonly hides: number;
  readonly origins: number;
}

interface Branches {
  readonly flash: Branch;
  readonly disk: Branch;
  readonly marks: Marks;
  readonly findings: Findings;
}

const onFlash = newStat();
const onDisk = newStat();

/** The number of objects that flash has. */
export function checkFlash(branches: Branches): number {
  const { flash, disk, marks, findings } = branches;
  let objects = 0;
  const open: Place[] = [{ path: '' as ByteString, flash: flash.root, disk: disk.root, hides: ROOT, origins: ROOT }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) {
    const names = namesIn(flash, place.flash);
    if (typeof names === 'number') {
      findings.add('unreadable', place.path, errnoName(names));
      continue;
    }
    const there = new Set(names);
    if (place.path === '') there.delete(RESERVED);
    objects += there.size;
    for (const name of there) {
      const inside = checkObject(branches, place, name);
      if (inside !== null) open.push(inside);
    }
    for (const mark of marks.merged.children(place.origins))
      if (!there.has(marks.merged.name(mark))) allStale(marks, mark, findings);
  }
  return objects;
}

/** What to look into next, where the object is a directory. */
function checkObject(branches: Branches, place: Place, name: ByteString): Place | null {
  const { flash, disk, marks, findings } = branches;
  const path = join(place.path, name);
  const err = flash.stat(place.flash, name, onFlash);
  if (err < 0) {
    findings.add('unreadable', path, errnoName(err));
    return null;
  }
  const isDirectory = typeOf(onFlash) === S_IFDIR;
  const origins = marks.merged.child(place.origins, name);
  const origin = marks.originOf(place.origins, name, onFlash.inoLo, onFlash.inoHi);
  if (origins !== NONE) checkOrigins(marks, origins, isDirectory, findings);
  const sameOnDisk = origin === null && compare(branches, place, name, path);
  if (!isDirectory) return null;
  const inside = { path, flash: flash.child(place.flash, name, null), origins };
  if (origin !== null && origin.diskPath !== null) {
    const below = originPlace(disk, path, origin.diskPath, findings);
    return { ...inside, disk: below, hides: marks.disk.find(origin.diskPath) };
  }
  if (!sameOnDisk || place.disk === null) return { ...inside, disk: null, hides: NONE };
  return { ...inside, disk: disk.child(place.disk, name, onDisk), hides: marks.disk.child(place.hides, name) };
}

/** Whether disk has flash's object (in `onFlash`) in the same place, as one of the same type; then it is in `onDisk`. */
function compare({ disk, marks, findings }: Branches, place: Place, name: ByteString, path: ByteString): boolean {
  if (place.disk === null || (marks.of(place.hides, name) & OPAQUE) !== 0) return false;
  if (disk.stat(place.disk, name, onDisk) < 0) return false;
  // Flash has still to follow (`behind`).
  if (marks.dirty.has(path)) return typeOf(onFlash) === typeOf(onDisk);
  if (typeOf(onFlash) !== typeOf(onDisk)) {
    findings.add('other-type', path, `${typeName(onFlash)} on flash, ${typeName(onDisk)} on disk`);
    return false;
  }
  if (typeOf(onFlash) === S_IFREG && onFlash.size !== onDisk.size && sameTime())
    findings.add('differs', path, `${String(onFlash.size)} bytes on flash, ${String(onDisk.size)} on disk`);
  return true;
}

function originPlace(disk: Branch, path: ByteString, diskPath: ByteString, findings: Findings): BranchDir | null {
  const dir = disk.dirAt(diskPath);
  const err = disk.stat(dir, '' as ByteString, onDisk);
  if (err >= 0 && typeOf(onDisk) === S_IFDIR) return dir;
  if (err >= 0 || err === ENOENT || err === ENOTDIR)
    findings.add('origin-without-place', path, `it was /${display(diskPath)}`);
  else findings.add('unreadable', path, `/${display(diskPath)} of disk: ${errnoName(err)}`);
  return null;
}

/** Origins of an object that flash (whose object is `onFlash`) has no more under this name. One believed by path alone holds for whatever is there. */
function checkOrigins(marks: Marks, mark: number, isDirectory: boolean, findings: Findings): void {
  for (const origin of marks.originsAt(mark)) {
    const { flashLo, flashHi } = origin;
    const holds = flashLo === onFlash.inoLo && flashHi === onFlash.inoHi;
    if (!holds && (flashLo !== 0 || flashHi !== 0)) stale(marks, mark, origin, findings);
  }
  if (!isDirectory) for (const below of marks.merged.children(mark)) allStale(marks, below, findings);
}

function allStale(marks: Marks, top: number, findings: Findings): void {
  for (const mark of marks.merged.walk(top))
    for (const origin of marks.originsAt(mark)) stale(marks, mark, origin, findings);
}

function stale(marks: Marks, mark: number, { flashLo, flashHi }: Origin, findings: Findings): void {
  findings.add('origin-without-object', marks.merged.path(mark), '', () => {
    marks.dropOrigin(mark, flashLo, flashHi);
  });
}

function typeOf({ mode }: Stat): number {
  return mode & S_IFMT;
}

// Filesystems without nanoseconds have cut them off.
function sameTime(): boolean {
  const { mtime, mtimeNsec } = onFlash;
  return mtime === onDisk.mtime && (mtimeNsec === onDisk.mtimeNsec || mtimeNsec === 0);
}

const TYPES = new Map([
  [S_IFREG, 'a file'],
  [S_IFDIR, 'a directory'],
  [0o120000, 'a symlink'],
  [0o020000, 'a character device'],
  [0o060000, 'a block device'],
  [0o010000, 'a fifo'],
  [0o140000, 'a socket'],
]);

function typeName(stat: Stat): string {
  return TYPES.get(typeOf(stat)) ?? 'something unknown';
}
