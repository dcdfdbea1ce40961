// Keeping an object what it is while its name changes: the inode number that it shows, and for a directory the part of disk that
// shows through. Both are `origin` marks at the new name, written before flash changes; without flash's object they mean nothing.

import type { ByteString } from '../bytes.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { locate } from '../tree/place.ts';
import { diskHas, markNew, spend } from './creation.ts';
import type { Engine } from './engine.ts';

const stat = newStat();

/** Marks that flash's object (`parent`, `name`) will be `node`: the record's number, 0 where nothing is needed, or an Errno. */
export function markAs(engine: Engine, node: Node, parent: DirNode, name: ByteString): number {
  const diskPath = isDir(node) && node.dir.disk !== null ? node.dir.disk.path() : null;
  if (diskPath === null && showsFlashIno(engine, node)) return markNew(engine, parent, name);
  const spent = diskHas(engine, parent, name) ? spend(engine, parent, name) : 0;
  if (spent < 0) return spent;
  return engine.marks.origin(parent, name, { inoLo: node.inoLo, inoHi: node.inoHi, diskPath });
}

function showsFlashIno({ tree }: Engine, node: Node): boolean {
  const place = locate(tree, node);
  if (typeof place === 'number' || statxAt(place.dirfd, place.name, stat) < 0) return false;
  tree.inos.ofFlash(stat.inoLo, stat.inoHi);
  return tree.inos.lo === node.inoLo && tree.inos.hi === node.inoHi;
}
