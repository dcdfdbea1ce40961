// WRITE to served files. The file is where changes of it go: opening it to write saw to that. Offsets of O_APPEND writers are the kernel's.

import { EBADF } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { pwrite } from '../sys/io.ts';
import { FUSE_WRITE_KILL_SUIDGID } from '../wire/constants.ts';
import { writeOut } from '../wire/replies.ts';
import type { WriteIn } from '../wire/requests/handles.ts';
import type { Engine } from './engine.ts';
import { killPrivileges } from './privileges.ts';

export const write: Operation<Engine, WriteIn> = (engine, req, { fh, offset, data, writeFlags }) => {
  const handle = engine.files.get(fh);
  if (handle === undefined) return EBADF;
  const fd = engine.data.writable(handle.node);
  if (fd < 0) return fd;
  const n = pwrite(fd, data, 0, data.length, offset);
  if (n < 0) return n;
  if ((writeFlags & FUSE_WRITE_KILL_SUIDGID) !== 0) {
    const err = killPrivileges(engine, handle.node, req);
    if (err < 0) return err;
  }
  writeOut(req.out, n);
  return OK;
};
