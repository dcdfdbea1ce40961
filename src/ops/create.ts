// CREATE and TMPFILE: a new file, open. Only ever on flash.

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
import { adoptNew, flashFd, giveToCaller, markNew, maskedMode, nameIsFree, notMade, parentForNew } from './creation.ts';
import type { Engine } from './engine.ts';
import { entryOf } from './entry.ts';
import { beginOpen, replyOpen } from './open.ts';
import { hasPrivileges } from './privileges.ts';

const EMPTY = asBytes('');

export const create: Operation<Engine, CreateIn> = (engine, req, { mode, umask, name }) => {
  const parent = parentForNew(engine, req, name);
  if (typeof parent === 'number') return parent;
  const free = nameIsFree(engine, parent, name);
  if (free < 0) return free;
  const marked = markNew(engine, req, parent, name, S_IFREG);
  if (marked !== OK) return marked;
  const dirfd = flashFd(engine, parent);
  const wanted = maskedMode(engine, parent, mode, umask) & 0o7777;
  const fd = dirfd < 0 ? dirfd : openat(dirfd, name, O_RDWR | O_CREAT | O_EXCL, wanted);
  if (fd < 0) return notMade(engine, parent, name, fd);
  close(fd);
  const given = giveToCaller(engine, parent, dirfd, name, req.uid, req.gid, wanted);
  const node = given < 0 ? given : adoptNew(engine, parent, name);
  if (typeof node === 'number') {
    unlinkat(dirfd, name);
    return notMade(engine, parent, name, node);
  }
  return replyCreated(engine, req, node);
};

export const tmpfile: Operation<Engine, CreateIn> = (engine, req, { mode, umask }) => {
  const parent = parentForNew(engine, req, EMPTY);
  if (typeof parent === 'number') return parent;
  if (!engine.tmpfile) return EOPNOTSUPP;
  const dirfd = flashFd(engine, parent);
  const wanted = maskedMode(engine, parent, mode, umask) & 0o7777;
  const fd = dirfd < 0 ? dirfd : openat(dirfd, asBytes('.'), O_TMPFILE | O_RDWR, wanted);
  if (fd < 0) return fd;
  const { tree } = engine;
  let err = giveToCaller(engine, parent, fd, EMPTY, req.uid, req.gid, wanted);
  if (err >= 0) err = statxFd(fd, tree.stat);
  if (err < 0) {
    close(fd);
    return err;
  }
  const node = tree.adoptOrphan(tree.stat, fd);
  tree.stat.inoLo = node.inoLo;
  tree.stat.inoHi = node.inoHi;
  return replyCreated(engine, req, node);
};

function replyCreated(engine: Engine, req: Request, node: Node): number {
  const { mode } = engine.tree.stat;
  const begun = beginOpen(engine, node, true, !hasPrivileges(mode));
  if (begun < 0) {
    engine.tree.release(node);
    return begun;
  }
  entryOut(req.out, entryOf(engine, node));
  replyOpen(engine, req.out, node, true);
  return OK;
}
