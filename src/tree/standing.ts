// How flash's object of a name stands to disk's of that place: whether each is there, whether it is the same object, and in what the two differ.
// By attributes, as rsync does: content is not read. Changes nothing.

import type { ByteString } from '../bytes.ts';
import { newStat } from '../sys/stat.ts';
import { OPAQUE, WHITEOUT } from './marks.ts';
import { S_IFDIR, S_IFLNK, S_IFMT, S_IFREG } from './node.ts';
import type { DirNode } from './node.ts';
import { sameTime } from './same-time.ts';
import type { Tree } from './tree.ts';

export interface Standing {
  readonly onFlash: boolean;
  /** Disk has something in this place, whether it shows or not. */
  readonly onDisk: boolean;
  /** Disk's object is removed: it would not show if flash had none. */
  readonly removed: boolean;
  /** Both have one, and flash's is not the one that disk has: it was made anew, or renamed to here. */
  readonly another: boolean;
  /** In what flash's copy is not as disk's object: `size`, `time`, `mode`, `owner`, `target`, `device`. */
  readonly differs: readonly string[];
}

const flashStat = newStat();
const diskStat = newStat();

/** What is at `name` in `parent`. */
export function standingOf(tree: Tree, parent: DirNode, name: ByteString): Standing {
  const { flash, disk, hides } = parent.dir;
  const mark = tree.marks.of(hides, name);
  const removed = (mark & WHITEOUT) !== 0;
  const onFlash = flash !== null && tree.flash.stat(flash, name, flashStat) >= 0;
  const onDisk = disk !== null && !disk.husk && tree.disk.stat(disk, name, diskStat) >= 0;
  if (!onFlash || !onDisk) return { onFlash, onDisk, removed, another: false, differs: [] };
  const another = (mark & OPAQUE) !== 0 || !sameType() || cameFromElsewhere(tree, parent, name);
  return { onFlash, onDisk, removed, another, differs: another ? [] : differences(tree, parent, name) };
}

function sameType(): boolean {
  return (flashStat.mode & S_IFMT) === (diskStat.mode & S_IFMT);
}

function cameFromElsewhere(tree: Tree, parent: DirNode, name: ByteString): boolean {
  const origin = tree.marks.originOf(parent.dir.origins, name, flashStat.inoLo, flashStat.inoHi);
  if (origin === null) return false;
  const { inos } = tree;
  inos.ofDisk(diskStat.devMajor, diskStat.devMinor, diskStat.inoLo, diskStat.inoHi);
  return inos.lo !== origin.inoLo || inos.hi !== origin.inoHi;
}

function differences(tree: Tree, parent: DirNode, name: ByteString): string[] {
  const type = flashStat.mode & S_IFMT;
  const found: string[] = [];
  if (type === S_IFREG && flashStat.size !== diskStat.size) found.push('size');
  // A directory's goes with what is made in it.
  if (type !== S_IFDIR && !sameTime(flashStat, diskStat)) found.push('time');
  if (type !== S_IFLNK && (flashStat.mode & 0o7777) !== (diskStat.mode & 0o7777)) found.push('mode');
  if (flashStat.uid !== diskStat.uid || flashStat.gid !== diskStat.gid) found.push('owner');
  if (flashStat.rdevMajor !== diskStat.rdevMajor || flashStat.rdevMinor !== diskStat.rdevMinor) found.push('device');
  if (type === S_IFLNK && targets(tree, parent, name)) found.push('target');
  return found;
}

function targets(tree: Tree, { dir }: DirNode, name: ByteString): boolean {
  if (dir.flash === null || dir.disk === null) return false;
  return tree.flash.readlink(dir.flash, name) !== tree.disk.readlink(dir.disk, name);
}
