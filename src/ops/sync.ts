// FSYNC and FSYNCDIR, in a copy thread: a device that takes its time holds up only who asked. FLUSH has nothing to do, since data
// are written through; it must stay answered for filesystems mounted without FOPEN_NOFLUSH.

import { asBytes } from '../bytes.ts';
import type { Lane } from '../copy/copy-threads.ts';
import { EBADF, ESTALE } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { DEFERRED, OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { close, O_DIRECTORY, O_RDONLY } from '../sys/open.ts';
import { FUSE_FSYNC_FDATASYNC } from '../wire/constants.ts';
import type { FlushIn, FsyncIn } from '../wire/requests/handles.ts';
import type { Engine } from './engine.ts';

const DOT = asBytes('.');

export const flush: Operation<Engine, FlushIn> = () => OK;

export const fsync: Operation<Engine, FsyncIn> = (engine, req, { fh, fsyncFlags }) => {
  const node = engine.files.get(fh)?.node;
  const state = node?.open;
  if (node === undefined || state == null) return EBADF;
  // What is not changed on disk is not ours to sync there.
  const onDisk = engine.tree.shownByDisk(node);
  if (onDisk && engine.routes.of(node) !== 'disk') return OK;
  // What was synced keeps its inode number, which marks may say.
  const marked = onDisk ? OK : engine.markSync.wait(engine.marks.log.appended, req);
  if (marked !== OK) return marked;
  // On flash first, while it may still be told.
  const mirrored = onDisk ? engine.mirror.flush(engine.tree.path(node), req) : OK;
  if (mirrored !== OK) return mirrored;
  state.borrow();
  const how = (fsyncFlags & FUSE_FSYNC_FDATASYNC) !== 0 ? 'fdatasync' : 'fsync';
  const lane = onDisk && engine.remote !== null ? 'remote' : 'io';
  return inThread(engine, req, lane, state.fd, how, () => {
    state.giveBack();
  });
};

export const fsyncdir: Operation<Engine, FsyncIn> = (engine, req) => {
  const node = engine.tree.directory(req.nodeid);
  if (typeof node === 'number') return node;
  // What was removed from it is known by marks: they must be as durable as the names are.
  const marked = engine.markSync.wait(engine.marks.log.appended, req);
  if (marked !== OK) return marked;
  const { flash, disk } = node.dir;
  if (flash === null && disk === null) return ESTALE;
  const open: number[] = [];
  if (engine.routes.diskChanged && disk !== null) open.push(engine.tree.disk.open(disk, DOT, O_RDONLY | O_DIRECTORY));
  if (flash !== null) open.push(engine.tree.flash.open(flash, DOT, O_RDONLY | O_DIRECTORY));
  const [first, second] = open.filter((fd) => fd >= 0);
  if (first === undefined) return open[0] ?? OK;
  const lane = engine.remote !== null ? 'remote' : 'io';
  if (second === undefined) return inThread(engine, req, lane, first, 'fsync', () => close(first));
  return both(engine, req, lane, first, second);
};

/** Names may have come and gone on both branches: the answer is given once both are on their devices. */
function both(engine: Engine, req: Request, lane: Lane, first: number, second: number): number {
  const waiting = req.defer();
  engine.pool.submit(lane, { kind: 'sync', fd: first, how: 'fsync' }, (err) => {
    close(first);
    engine.pool.submit(lane, { kind: 'sync', fd: second, how: 'fsync' }, (other) => {
      close(second);
      const failed = Math.min(err, other);
      if (failed < 0) waiting.fail(failed as Errno);
      else waiting.reply();
    });
  });
  return DEFERRED;
}

function inThread(
  engine: Engine,
  req: Request,
  lane: Lane,
  fd: number,
  how: 'fsync' | 'fdatasync',
  done: () => void,
): number {
  const waiting = req.defer();
  const { uniqueLo, uniqueHi } = req;
  engine.pool.submit(lane, { kind: 'syncReply', fd, how, uniqueLo, uniqueHi }, () => {
    done();
    waiting.answered();
  });
  return DEFERRED;
}
