// Bringing down: in upgrade mode, what flash shows and disk lacks or has otherwise (made or customised on flash) gets to disk before it is changed, so that the
// change can be made there and flash can follow. Durably: from then on disk's object counts.

import { EEXIST, EISDIR, ENOTDIR, EXDEV } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Request } from '../fuse/operation.ts';
import { asBytes } from '../bytes.ts';
import { fsync } from '../sys/io.ts';
import { renameat2, unlinkat } from '../sys/link.ts';
import { close, O_DIRECTORY, O_RDONLY } from '../sys/open.ts';
import { newStat } from '../sys/stat.ts';
import { FROM_DISK, isDir, MULTI_LINK, S_IFMT, SIDE_KNOWN } from '../tree/node.ts';
import type { DirNode, Node } from '../tree/node.ts';
import { copyAttributes } from '../upgrade/attributes.ts';
import { diskFd, freeOnDisk } from './disk-names.ts';
import type { Engine } from './engine.ts';
import { UNSUITED } from './rename-on-disk.ts';

const stat = newStat();

/** OK once `node` is shown by disk; DEFERRED while it is being copied; UNSUITED: it stays flash's; or an Errno. */
export function bringDown(engine: Engine, node: Node, req: Request): number {
  const { routes, tree } = engine;
  if (tree.shownByDisk(node)) return OK;
  const { parent } = node;
  if (parent === null || !isDir(parent) || node.has(MULTI_LINK) || node.open?.fixed === true) return UNSUITED;
  if (!routes.mirrors || routes.of(node) !== 'disk') return UNSUITED;
  return isDir(node) ? bringDirectory(engine, node) : bringFile(engine, node, parent, req);
}

/** What is no directory. As `bringDown`. */
function bringFile(engine: Engine, node: Node, parent: DirNode, req: Request): number {
  const { routes, tree } = engine;
  // Another object has the place on disk, and shows elsewhere or not at all: marks say so, which must stay.
  const { disk } = parent.dir;
  if (disk !== null && tree.disk.stat(disk, node.name, stat) >= 0 && (stat.mode & S_IFMT) !== node.kind)
    return UNSUITED;
  const free = freeOnDisk(engine, parent, node.name);
  if (free < 0) return free === EEXIST || free === EXDEV ? UNSUITED : free;
  const copy = engine.copyDown.take(node, req);
  if (typeof copy === 'number') return copy;
  const dirfd = diskFd(engine, parent);
  const done = dirfd < 0 ? dirfd : renameat2(copy.stage.fd, copy.name, dirfd, node.name);
  if (done < 0) {
    unlinkat(copy.stage.fd, copy.name);
    return done === EISDIR || done === ENOTDIR || done === EXDEV ? UNSUITED : done;
  }
  routes.diskChanged = true;
  const synced = syncDirectory(engine, parent);
  return synced < 0 ? synced : nowOnDisk(engine, node, parent);
}

function bringDirectory(engine: Engine, node: DirNode): number {
  const { diskDirectories, features, routes, tree } = engine;
  if (node === tree.root) return UNSUITED;
  const made = diskDirectories.ensure(node);
  if (made < 0) return made === EEXIST ? UNSUITED : made;
  const err = copyAttributes(tree, features, node, true);
  if (err < 0) return err;
  routes.diskChanged = true;
  node.flags |= SIDE_KNOWN | FROM_DISK;
  return OK;
}

/** Who has it open goes on with disk's object, whose number it shows from now on. */
function nowOnDisk({ data, nextFile, tree }: Engine, node: Node, parent: DirNode): number {
  node.flags |= SIDE_KNOWN | FROM_DISK;
  if (parent.dir.disk !== null && tree.disk.stat(parent.dir.disk, node.name, stat) >= 0) {
    tree.inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
    tree.renumber(node, tree.inos.lo, tree.inos.hi);
  }
  nextFile.clear();
  return Math.min(data.moved(node), OK);
}

function syncDirectory({ tree }: Engine, { dir }: DirNode): number {
  if (dir.disk === null) return OK;
  const fd = tree.disk.open(dir.disk, asBytes('.'), O_RDONLY | O_DIRECTORY);
  if (fd < 0) return fd;
  const err = fsync(fd);
  close(fd);
  return err;
}
