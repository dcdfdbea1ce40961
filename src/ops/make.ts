// MKNOD, MKDIR and SYMLINK: a new object without a handle, on the branch that its route says.

import { EINVAL } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import type { ByteString } from '../bytes.ts';
import { mkdirat, mknodat, rmdirat, symlinkat, unlinkat } from '../sys/link.ts';
import type { MkdirIn, MknodIn, SymlinkIn } from '../wire/requests/names.ts';
import { S_IFDIR, S_IFLNK, S_IFMT } from '../tree/node.ts';
import { adoptNew, giveToCaller, markNew, maskedMode, notMade, siteFd, siteForNew } from './creation.ts';
import type { Site } from './creation.ts';
import type { Engine } from './engine.ts';
import { replyEntry } from './entry.ts';

export const mknod: Operation<Engine, MknodIn> = (engine, req, { name, mode, umask, rdevMajor, rdevMinor }) => {
  const site = siteForNew(engine, req, name, mode & S_IFMT);
  if (typeof site === 'number') return site;
  const marked = markNew(engine, req, site, name, mode & S_IFMT);
  if (marked !== OK) return marked;
  const wanted = (mode & S_IFMT) | (maskedMode(engine, site, mode, umask) & 0o7777);
  const dirfd = siteFd(engine, site);
  engine.tree.disk.calls.begun();
  const made = dirfd < 0 ? dirfd : mknodat(dirfd, name, wanted, rdevMajor, rdevMinor);
  return made < 0 ? notMade(engine, site, name, made) : finish(engine, req, site, name, wanted & 0o7777, unlinkat);
};

export const symlink: Operation<Engine, SymlinkIn> = (engine, req, { name, target }) => {
  if (target.length === 0) return EINVAL;
  const site = siteForNew(engine, req, name, S_IFLNK);
  if (typeof site === 'number') return site;
  const marked = markNew(engine, req, site, name, S_IFLNK);
  if (marked !== OK) return marked;
  const dirfd = siteFd(engine, site);
  engine.tree.disk.calls.begun();
  const made = dirfd < 0 ? dirfd : symlinkat(target, dirfd, name);
  return made < 0 ? notMade(engine, site, name, made) : finish(engine, req, site, name, 0, unlinkat);
};

export const mkdir: Operation<Engine, MkdirIn> = (engine, req, { name, mode, umask }) => {
  const site = siteForNew(engine, req, name, S_IFDIR);
  if (typeof site === 'number') return site;
  const marked = markNew(engine, req, site, name, S_IFDIR);
  if (marked !== OK) return marked;
  const wanted = maskedMode(engine, site, mode, umask) & 0o7777;
  const dirfd = siteFd(engine, site);
  engine.tree.disk.calls.begun();
  const made = dirfd < 0 ? dirfd : mkdirat(dirfd, name, wanted);
  return made < 0 ? notMade(engine, site, name, made) : finish(engine, req, site, name, wanted, rmdirat);
};

function finish(
  engine: Engine,
  req: Request,
  site: Site,
  name: ByteString,
  mode: number,
  undo: (dirfd: number, name: ByteString) => number,
): number {
  const dirfd = siteFd(engine, site);
  const given = giveToCaller(engine, site, dirfd, name, req.uid, req.gid, mode);
  const node = given < 0 ? given : adoptNew(engine, site, name);
  if (typeof node === 'number') {
    undo(dirfd, name);
    return notMade(engine, site, name, node);
  }
  return replyEntry(engine, req, node);
}
