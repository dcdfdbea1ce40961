// WRITE to served files. The file is where changes of it go: opening it to write saw to that. Offsets of O_APPEND writers are the kernel's.

import { EBADF } from '../errno.ts';
import { DEFERRED, OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { pwrite } from '../sys/io.ts';
import type { Node } from '../tree/node.ts';
import { FUSE_WRITE_KILL_SUIDGID } from '../wire/constants.ts';
import { writeOut } from '../wire/replies.ts';
import type { WriteIn } from '../wire/requests/handles.ts';
import type { Engine } from './engine.ts';
import { killPrivileges } from './privileges.ts';

export const write: Operation<Engine, WriteIn> = (engine, req, arg) => {
  const { fh, offset, data, writeFlags } = arg;
  const handle = engine.files.get(fh);
  if (handle === undefined) return EBADF;
  const fd = engine.data.writable(handle.node);
  if (fd < 0) return fd;
  if (engine.remote !== null && engine.tree.shownByDisk(handle.node))
    return writeRemote(engine, req, handle.node, fd, arg);
  const n = pwrite(fd, data, 0, data.length, offset);
  if (n < 0) return n;
  if ((writeFlags & FUSE_WRITE_KILL_SUIDGID) !== 0) {
    const err = killPrivileges(engine, handle.node, req);
    if (err < 0) return err;
  }
  writeOut(req.out, n);
  return OK;
};

/** To a disk that may wait: left to the copy threads, which answer in their turn. Privileges go first, as the answer is not ours to hold back. */
function writeRemote(engine: Engine, req: Request, node: Node, fd: number, arg: WriteIn): number {
  const kills = (arg.writeFlags & FUSE_WRITE_KILL_SUIDGID) !== 0;
  const killed = kills ? killPrivileges(engine, node, req) : OK;
  if (killed < 0) return killed;
  const { uniqueLo, uniqueHi } = req;
  const { offset, data } = arg;
  const waiting = req.defer();
  const state = node.open;
  state?.borrow();
  engine.pool.submit('remote', { kind: 'writeReply', fd, offset, data, uniqueLo, uniqueHi }, () => {
    state?.giveBack();
    waiting.answered();
  });
  return DEFERRED;
}
