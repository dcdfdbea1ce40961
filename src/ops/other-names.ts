// The further names of a file that disk has by several: in upgrade mode a change of it by one name is one by all, and flash follows each that is wanted, also those that
// nobody has asked for since the mount.

import type { BranchDir } from '../branch/branch-dir.ts';
import type { ByteString } from '../bytes.ts';
import { asBytes } from '../bytes.ts';
import { newStat } from '../sys/stat.ts';
import { isDir, MULTI_LINK } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import type { Engine } from './engine.ts';

/** Of these all wanted names are known: names that they get while they live are. */
const searched = new WeakSet<Node>();
const stat = newStat();

/** Makes all wanted names of `node` known to the tree. Disk is asked about each wanted path: rare, and once for a node. */
export function knowOtherNames({ tree, wanted }: Engine, node: Node): void {
  if (isDir(node) || !node.has(MULTI_LINK) || searched.has(node)) return;
  searched.add(node);
  const { disk, inos } = tree;
  let above: string | undefined;
  let dir: BranchDir = disk.root;
  const found: ByteString[] = [];
  for (const path of wanted.all) {
    const slash = path.lastIndexOf('/');
    const parent = path.slice(0, Math.max(0, slash));
    // Names of one directory mostly follow each other.
    if (parent !== above) {
      disk.drop(dir);
      dir = disk.dirAt(asBytes(parent));
      above = parent;
    }
    if (disk.stat(dir, asBytes(path.slice(slash + 1)), stat) < 0) continue;
    inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
    if (inos.lo === node.inoLo && inos.hi === node.inoHi) found.push(path);
  }
  disk.drop(dir);
  for (const path of found) {
    const known = tree.walk(path);
    if (typeof known !== 'number') tree.release(known);
  }
}
