// Keeping an object what it is while its name changes: the inode number that it shows, and for a directory the part of disk that
// shows through. Both are `origin` marks at the new name, written before flash changes; until flash has the object there they mean nothing.

import type { ByteString } from '../bytes.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import { isDir } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { locate, locateOnFlash } from '../tree/place.ts';
import { diskHas, isMistakable, spend } from './creation.ts';
import type { Engine } from './engine.ts';

const stat = newStat();

/**
 * Marks that flash's object (`parent`, `name`) will be `node`, which lies on flash: the number of the record that must be durable before, 0 where
 * none need be, or an Errno. What has the name now keeps its own marks, until it goes. `asFlashs`: it will show the number that it has on flash.
 */
export function markAs(engine: Engine, node: Node, parent: DirNode, name: ByteString, asFlashs = false): number {
  const { tree, marks } = engine;
  const place = locateOnFlash(tree, node);
  if (typeof place === 'number') return place;
  const err = statxAt(place.dirfd, place.name, stat);
  if (err < 0) return err;
  const { inoLo: flashLo, inoHi: flashHi } = stat;
  const onDisk = diskHas(engine, parent, name);
  const diskPath = isDir(node) && node.dir.disk !== null ? node.dir.disk.path() : null;
  tree.inos.ofFlash(flashLo, flashHi);
  const [inoLo, inoHi] = asFlashs ? [tree.inos.lo, tree.inos.hi] : [node.inoLo, node.inoHi];
  const evident = diskPath === null && tree.inos.lo === inoLo && tree.inos.hi === inoHi;
  if (evident && !onDisk && !marks.hasOrigin(parent, name)) return 0;
  const durable = isDir(node) || (onDisk && isMistakable(engine, node.kind));
  const record = marks.together(() => {
    const spent = onDisk ? spend(engine, parent, name) : 0;
    return spent < 0 ? spent : marks.origin(parent, name, { inoLo, inoHi, diskPath, flashLo, flashHi });
  });
  return record < 0 || durable ? record : 0;
}

/** `node`, a file with one name, shows from now on the number that it has on the branch where it is. */
export function renumber({ tree }: Engine, node: Node): void {
  const place = locate(tree, node);
  if (typeof place === 'number' || statxAt(place.dirfd, place.name, stat) < 0) return;
  if (node.onFlash) tree.inos.ofFlash(stat.inoLo, stat.inoHi);
  else tree.inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
  tree.renumber(node, tree.inos.lo, tree.inos.hi);
}
