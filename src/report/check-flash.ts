// Flash's tree, held against disk and against the marks by merged path: finds the place on disk of each object as tree/resolve.ts does, and
// says where the two do not fit, or where an origin is of no object. Reads both, changes neither.

import type { Branch } from '../branch/branch.ts';
import type { BranchDir } from '../branch/branch-dir.ts';
import { display, join } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { ENOENT, ENOTDIR, errnoName } from '../errno.ts';
import { newStat } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import { find } from '../tree/marks.ts';
import type { MarkNode, Marks, Origin } from '../tree/marks.ts';
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
  readonly hides: MarkNode | null;
  readonly origins: MarkNode | null;
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
  const open: Place[] = [
    { path: '' as ByteString, flash: flash.root, disk: disk.root, hides: marks.disk, origins: marks.merged },
  ];
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
    for (const [name, mark] of place.origins?.children ?? [])
      if (!there.has(name)) allStale(join(place.path, name), mark, findings);
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
  const origins = place.origins?.child(name) ?? null;
  const origin = origins?.originOf(onFlash.inoLo, onFlash.inoHi) ?? null;
  if (origins !== null) checkOrigins(path, origins, origin, isDirectory, findings);
  const sameOnDisk = origin === null && compare(branches, place, name, path);
  if (!isDirectory) return null;
  const inside = { path, flash: flash.child(place.flash, name, null), origins };
  if (origin !== null && origin.diskPath !== null) {
    const below = originPlace(disk, path, origin.diskPath, findings);
    return { ...inside, disk: below, hides: find(marks.disk, origin.diskPath) ?? null };
  }
  if (!sameOnDisk || place.disk === null) return { ...inside, disk: null, hides: null };
  return { ...inside, disk: disk.child(place.disk, name, onDisk), hides: place.hides?.child(name) ?? null };
}

/** Whether disk has flash's object (in `onFlash`) in the same place, as one of the same type; then it is in `onDisk`. */
function compare({ disk, findings }: Branches, place: Place, name: ByteString, path: ByteString): boolean {
  if (place.disk === null || place.hides?.child(name)?.opaque === true) return false;
  if (disk.stat(place.disk, name, onDisk) < 0) return false;
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

/** Origins of an object that flash has no more under this name. One that is believed by path alone holds for whatever is there. */
function checkOrigins(
  path: ByteString,
  mark: MarkNode,
  holds: Origin | null,
  isDirectory: boolean,
  findings: Findings,
): void {
  for (const origin of mark.origins ?? []) {
    if (origin === holds || (origin.flashLo === 0 && origin.flashHi === 0)) continue;
    stale(path, mark, origin, findings);
  }
  if (!isDirectory) for (const [name, below] of mark.children ?? []) allStale(join(path, name), below, findings);
}

function allStale(path: ByteString, mark: MarkNode, findings: Findings): void {
  for (const origin of mark.origins ?? []) stale(path, mark, origin, findings);
  for (const [name, below] of mark.children ?? []) allStale(join(path, name), below, findings);
}

function stale(path: ByteString, mark: MarkNode, origin: Origin, findings: Findings): void {
  findings.add('origin-without-object', path, '', () => {
    const left = mark.origins?.filter((other) => other !== origin) ?? [];
    mark.origins = left.length > 0 ? left : null;
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
