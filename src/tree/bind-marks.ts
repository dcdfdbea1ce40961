// Which marks speak of the names in a directory: found when the directory is, and again when it or one above it has moved.

import type { Marks } from './marks.ts';
import { NONE } from './name-trie.ts';
import { isDir } from './node.ts';
import type { DirNode } from './node.ts';

/** Finds the marks for `node`, and for the directories below it that are known. */
export function bindMarks(marks: Marks, node: DirNode): void {
  const { parent } = node;
  if (parent === null || !isDir(parent)) return;
  const { disk } = node.dir;
  node.dir.origins = marks.merged.child(parent.dir.origins, node.name);
  if (disk === null) node.dir.hides = NONE;
  else if (disk.parent === parent.dir.disk) node.dir.hides = marks.disk.child(parent.dir.hides, disk.name);
  else node.dir.hides = marks.disk.find(disk.path());
  for (const child of node.dir.children.values()) if (isDir(child)) bindMarks(marks, child);
}
