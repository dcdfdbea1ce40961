// CREATE and TMPFILE: a new file, open, on the branch that its route says.

import { asBytes } from '../bytes.ts';
import { EOPNOTSUPP } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { unlinkat } from '../sys/link.ts';
import { close, O_CREAT, O_EXCL, O_RDWR, O_TMPFILE, openat } from '../sys/open.ts';
import { statxFd } from '../sys/stat.ts';
import { S_IFREG } from '../tree/node.ts';
import type { Node } from '../tree/node.ts';
import { entryOut } from '../wire/replies.ts';
import type { CreateIn } from '../wire/requests/handles.ts';
import { adoptNew, giveToCaller, markNew, maskedMode, notMade, siteFd, siteForNew } from './creation.ts';
import type { Engine } from './engine.ts';
import { entryOf } from './entry.ts';
import { beginOpen, replyOpen } from './open.ts';
import { hasSetId } from './set-id.ts';

const EMPTY = asBytes('');

export const create: Operation<Engine, CreateIn> = (engine, req, { mode, umask, name }) => {
  const site = siteForNew(engine, req, name, S_IFREG);
  if (typeof site === 'number') return site;
  const marked = markNew(engine, req, site, name, S_IFREG);
  if (marked !== OK) return marked;
  const dirfd = siteFd(engine, site);
  const wanted = maskedMode(engine, site, mode, umask) & 0o7777;
  engine.tree.disk.calls.begun();
  const fd = dirfd < 0 ? dirfd : openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL, wanted);
  if (fd < 0) return notMade(engine, site, name, fd);
  close(fd);
  const given = giveToCaller(engine, site, dirfd, name, req.uid, req.gid, wanted);
  const node = given < 0 ? given : adoptNew(engine, site, name);
  if (typeof node === 'number') {
    unlinkat(dirfd, name);
    return notMade(engine, site, name, node);
  }
  return replyCreated(engine, req, node);
};

export const tmpfile: Operation<Engine, CreateIn> = (engine, req, { mode, umask }) => {
  const site = siteForNew(engine, req, EMPTY, S_IFREG);
  if (typeof site === 'number') return site;
  if (!site.onDisk && !engine.features.tmpfile) return EOPNOTSUPP;
  const dirfd = siteFd(engine, site);
  const wanted = maskedMode(engine, site, mode, umask) & 0o7777;
  engine.tree.disk.calls.begun();
  const fd = dirfd < 0 ? dirfd : openat(dirfd, asBytes('.'), O_TMPFILE | O_RDWR, wanted);
  if (fd < 0) return fd;
  const { tree } = engine;
  let err = giveToCaller(engine, site, fd, EMPTY, req.uid, req.gid, wanted);
  if (err >= 0) err = statxFd(fd, tree.stat);
  if (err < 0) {
    close(fd);
    return err;
  }
  const node = tree.adoptOrphan(tree.stat, fd, site.onDisk);
  tree.stat.inoLo = node.inoLo;
  tree.stat.inoHi = node.inoHi;
  return replyCreated(engine, req, node);
};

function replyCreated(engine: Engine, req: Request, node: Node): number {
  const { mode } = engine.tree.stat;
  const begun = beginOpen(engine, node, true, !hasSetId(mode));
  if (begun < 0) {
    engine.tree.release(node);
    return begun;
  }
  entryOut(req.out, entryOf(engine, node));
  replyOpen(engine, req.out, node, true);
  return OK;
}
