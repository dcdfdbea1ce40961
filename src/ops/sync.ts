// FSYNC and FSYNCDIR, in a copy thread: a device that takes its time holds up only who asked. FLUSH has nothing to do, since data
// are written through; it must stay answered for filesystems mounted without FOPEN_NOFLUSH.

import { EBADF, ESTALE } from '../errno.ts';
import { DEFERRED, OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { close, O_DIRECTORY, O_RDONLY } from '../sys/open.ts';
import { openNode } from '../tree/place.ts';
import { FUSE_FSYNC_FDATASYNC } from '../wire/constants.ts';
import type { FlushIn, FsyncIn } from '../wire/requests/handles.ts';
import type { Engine } from './engine.ts';

export const flush: Operation<Engine, FlushIn> = () => OK;

export const fsync: Operation<Engine, FsyncIn> = (engine, req, { fh, fsyncFlags }) => {
  const node = engine.files.get(fh)?.node;
  const state = node?.open;
  if (node === undefined || state == null) return EBADF;
  // Disk is not ours to sync: nothing was written there.
  if (!node.onFlash) return OK;
  // What was synced keeps its inode number, which marks may say.
  const marked = engine.markSync.wait(engine.marks.log.appended, req);
  if (marked !== OK) return marked;
  state.borrow();
  const how = (fsyncFlags & FUSE_FSYNC_FDATASYNC) !== 0 ? 'fdatasync' : 'fsync';
  return inThread(engine, req, state.fd, how, () => {
    state.giveBack();
  });
};

export const fsyncdir: Operation<Engine, FsyncIn> = (engine, req) => {
  const node = engine.tree.directory(req.nodeid);
  if (typeof node === 'number') return node;
  // What was removed from it is known by marks: they must be as durable as the names are.
  const marked = engine.markSync.wait(engine.marks.log.appended, req);
  if (marked !== OK) return marked;
  if (!node.onFlash) return OK;
  if (node.dir.flash === null) return ESTALE;
  const fd = openNode(engine.tree, node, O_RDONLY | O_DIRECTORY);
  if (fd < 0) return fd;
  return inThread(engine, req, fd, 'fsync', () => {
    close(fd);
  });
};

function inThread(engine: Engine, req: Request, fd: number, how: 'fsync' | 'fdatasync', done: () => void): number {
  const waiting = req.defer();
  const { uniqueLo, uniqueHi } = req;
  engine.pool.submit('io', { kind: 'syncReply', fd, how, uniqueLo, uniqueHi }, () => {
    done();
    waiting.answered();
  });
  return DEFERRED;
}
