// IOCTL: the flags that chattr and lsattr know, where the branch's filesystem has them. All else is ENOTTY and answered before anything is
// looked at: isatty() asks at each open of many programs.

import { ENOTTY, ESTALE } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation } from '../fuse/operation.ts';
import { getFlags, ioctl as request } from '../sys/ioctl.ts';
import { close, O_NONBLOCK, O_RDONLY } from '../sys/open.ts';
import { isDir, S_IFREG } from '../tree/node.ts';
import { openNode } from '../tree/place.ts';
import { ioctlOut } from '../wire/replies.ts';
import type { IoctlIn } from '../wire/requests/ranges.ts';
import { beforeChange } from './ahead.ts';
import { readyToChange } from './change.ts';
import type { Engine } from './engine.ts';

interface Flags {
  /** Bytes of the argument: an int (though the request's number says long), or struct fsxattr. */
  readonly size: number;
  readonly set: boolean;
}

const FS_IOC_SETFLAGS = 0x40086602;
/** FS_FL_USER_MODIFIABLE. */
const MODIFIABLE = 0x0003_80ff;

/** linux/fs.h: FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_FSGETXATTR (which the kernel asks before it sets), FS_IOC_FSSETXATTR. */
const REQUESTS = new Map<number, Flags>([
  [0x80086601, { size: 4, set: false }],
  [FS_IOC_SETFLAGS, { size: 4, set: true }],
  [0x801c581f, { size: 28, set: false }],
  [0x401c5820, { size: 28, set: true }],
]);
// As large as the largest, and as the long that GETFLAGS and SETFLAGS may be taken for.
const argument = Buffer.alloc(32);

export const ioctl: Operation<Engine, IoctlIn> = (engine, req, { cmd, data }) => {
  const wanted = REQUESTS.get(cmd);
  if (wanted === undefined || (wanted.set && data.length < wanted.size)) return ENOTTY;
  const node = engine.tree.get(req.nodeid);
  if (node === undefined) return ESTALE;
  if (node.kind !== S_IFREG && !isDir(node)) return ENOTTY;
  if (wanted.set) {
    beforeChange(engine);
    const ready = readyToChange(engine, node, req, true);
    if (ready !== OK) return ready;
  }
  const fd = openNode(engine.tree, node, O_RDONLY | O_NONBLOCK);
  if (fd < 0) return fd;
  argument.fill(0);
  if (wanted.set) data.copy(argument, 0, 0, wanted.size);
  if (cmd === FS_IOC_SETFLAGS) keepOwn(fd);
  const err = request(fd, cmd, argument);
  close(fd);
  if (err < 0) return err;
  ioctlOut(req.out, 0);
  if (!wanted.set) req.out.bytes(argument.subarray(0, wanted.size));
  return OK;
};

// The other flags say how a filesystem stores the file. Who sets flags has read them before, from disk's perhaps, and flash's may refuse those.
function keepOwn(fd: number): void {
  const own = getFlags(fd);
  if (own >= 0) argument.writeInt32LE((argument.readInt32LE() & MODIFIABLE) | (own & ~MODIFIABLE));
}
