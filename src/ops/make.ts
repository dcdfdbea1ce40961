// MKNOD, MKDIR and SYMLINK: a new object without a handle. Only ever on flash.

import { EINVAL } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import type { ByteString } from '../bytes.ts';
import { mkdirat, mknodat, rmdirat, symlinkat, unlinkat } from '../sys/link.ts';
import { S_IFDIR, S_IFLNK, S_IFMT } from '../tree/node.ts';
import type { DirNode } from '../tree/node.ts';
import type { MkdirIn, MknodIn, SymlinkIn } from '../wire/requests/names.ts';
import { adoptNew, flashFd, giveToCaller, markNew, maskedMode, nameIsFree, notMade, parentForNew } from './creation.ts';
import type { Engine } from './engine.ts';
import { replyEntry } from './entry.ts';

export const mknod: Operation<Engine, MknodIn> = (engine, req, { name, mode, umask, rdevMajor, rdevMinor }) => {
  const parent = prepare(engine, req, name);
  if (typeof parent === 'number') return parent;
  const marked = markNew(engine, req, parent, name, mode & S_IFMT);
  if (marked !== OK) return marked;
  const wanted = (mode & S_IFMT) | (maskedMode(engine, parent, mode, umask) & 0o7777);
  const dirfd = flashFd(engine, parent);
  const made = dirfd < 0 ? dirfd : mknodat(dirfd, name, wanted, rdevMajor, rdevMinor);
  return made < 0 ? notMade(engine, parent, name, made) : finish(engine, req, parent, name, wanted & 0o7777, unlinkat);
};

export const symlink: Operation<Engine, SymlinkIn> = (engine, req, { name, target }) => {
  if (target.length === 0) return EINVAL;
  const parent = prepare(engine, req, name);
  if (typeof parent === 'number') return parent;
  const marked = markNew(engine, req, parent, name, S_IFLNK);
  if (marked !== OK) return marked;
  const dirfd = flashFd(engine, parent);
  const made = dirfd < 0 ? dirfd : symlinkat(target, dirfd, name);
  return made < 0 ? notMade(engine, parent, name, made) : finish(engine, req, parent, name, 0, unlinkat);
};

export const mkdir: Operation<Engine, MkdirIn> = (engine, req, { name, mode, umask }) => {
  const parent = prepare(engine, req, name);
  if (typeof parent === 'number') return parent;
  const marked = markNew(engine, req, parent, name, S_IFDIR);
  if (marked !== OK) return marked;
  const wanted = maskedMode(engine, parent, mode, umask) & 0o7777;
  const dirfd = flashFd(engine, parent);
  const made = dirfd < 0 ? dirfd : mkdirat(dirfd, name, wanted);
  return made < 0 ? notMade(engine, parent, name, made) : finish(engine, req, parent, name, wanted, rmdirat);
};

function prepare(engine: Engine, req: Request, name: ByteString): DirNode | number {
  const parent = parentForNew(engine, req, name);
  if (typeof parent === 'number') return parent;
  const free = nameIsFree(engine, parent, name);
  return free < 0 ? free : parent;
}

function finish(
  engine: Engine,
  req: Request,
  parent: DirNode,
  name: ByteString,
  mode: number,
  undo: (dirfd: number, name: ByteString) => number,
): number {
  const dirfd = flashFd(engine, parent);
  const given = giveToCaller(engine, parent, dirfd, name, req.uid, req.gid, mode);
  const node = given < 0 ? given : adoptNew(engine, parent, name);
  if (typeof node === 'number') {
    undo(dirfd, name);
    return notMade(engine, parent, name, node);
  }
  return replyEntry(engine, req, node);
}
