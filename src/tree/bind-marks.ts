// Which marks speak of the names in a directory: found when the directory is, and again when it or one above it has moved.

import { find } from './marks.ts';
import type { Marks } from './marks.ts';
import { isDir } from './node.ts';
import type { DirNode } from './node.ts';

/** Finds the marks for `node`, and for the directories below it that are known. */
export function bindMarks(marks: Marks, node: DirNode): void {
  const { parent } = node;
  if (parent === null || !isDir(parent)) return;
  const { disk } = node.dir;
  node.dir.origins = parent.dir.origins?.child(node.name) ?? null;
  if (disk === null) node.dir.hides = null;
  else if (disk.parent === parent.dir.disk) node.dir.hides = parent.dir.hides?.child(disk.name) ?? null;
  else node.dir.hides = find(marks.disk, disk.path()) ?? null;
  for (const child of node.dir.children.values()) if (isDir(child)) bindMarks(marks, child);
}
