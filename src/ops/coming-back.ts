// Disk is here again, opened anew: what is known of it is held against it, and what is no longer so is forgotten, before its names show.

import type { OpenedTree } from '../branch/branch.ts';
import { newStat } from '../sys/stat.ts';
import { isDir, S_IFMT } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import type { Tree } from '../tree/tree.ts';

const stat = newStat();

/** False: it is another disk than the one that was let go; its descriptors are closed. */
export function comeBack(tree: Tree, opened: OpenedTree): boolean {
  if (!tree.disk.comeBack(opened)) return false;
  const { devMajor, devMinor } = tree.disk.rootStat;
  tree.inos.moveMain(devMajor, devMinor);
  for (const node of [...tree.table]) {
    const { parent, name } = node;
    if (node.onFlash || parent === null || !isDir(parent) || isStill(tree, node)) continue;
    if (isDir(node)) tree.gone(node);
    tree.unlink(node, parent, name);
  }
  return true;
}

/** Whether disk has this very object under the name by which it is known. */
function isStill(tree: Tree, node: Node): boolean {
  const disk = node.parent?.dir?.disk;
  if (disk == null || tree.disk.stat(disk, node.name, stat) < 0 || (stat.mode & S_IFMT) !== node.kind) return false;
  tree.inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
  return tree.inos.lo === node.inoLo && tree.inos.hi === node.inoHi;
}
