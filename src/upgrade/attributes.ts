// Flash's copy of a directory gets the attributes that disk's has, in place.

import { asBytes } from '../bytes.ts';
import type { Features } from '../copy/features.ts';
import { applyMetadata } from '../copy/metadata.ts';
import { close, O_DIRECTORY, O_RDONLY } from '../sys/open.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import { flistxattr, fremovexattr } from '../sys/xattr.ts';
import type { DirNode } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';

const SELF = asBytes('');
const DOT = asBytes('.');
const stat = newStat();

/** From disk to flash, or the other way (`down`). What fails shows when it is asked for, as any other difference of the two. */
export function copyAttributes(tree: Tree, features: Features, node: DirNode, down = false): number {
  const { flash, disk } = node.dir;
  if (flash === null || disk === null) return 0;
  const onFlash = tree.flash.open(flash, DOT, O_RDONLY | O_DIRECTORY);
  if (onFlash < 0) return onFlash;
  const onDisk = tree.disk.open(disk, DOT, O_RDONLY | O_DIRECTORY);
  const [source, target] = down ? [onFlash, onDisk] : [onDisk, onFlash];
  let err = Math.min(onDisk, 0);
  if (err === 0 && statxFd(source, stat) >= 0) {
    const kept = flistxattr(source);
    const there = flistxattr(target);
    if (typeof kept !== 'number' && typeof there !== 'number')
      for (const name of there) if (!kept.includes(name)) fremovexattr(target, name);
    err = applyMetadata({ fd: target, dirFd: target, name: SELF }, stat, source, features, []);
  }
  if (onDisk >= 0) close(onDisk);
  close(onFlash);
  return err;
}
