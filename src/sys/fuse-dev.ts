// The FUSE device: opening it, its ioctls. Knows nothing of the protocol that is spoken over it.

import { asBytes } from '../bytes.ts';
import { AT_FDCWD } from './at.ts';
import { PTR, declare, failure, result } from './koffi.ts';
import { O_RDWR, close, openFollow, reopen } from './open.ts';
import { putI64, struct, structI32 } from './scratch.ts';

const FUSE_DEV_IOC_CLONE = 0x8004e500;
const FUSE_DEV_IOC_BACKING_OPEN = 0x4010e501;
const FUSE_DEV_IOC_BACKING_CLOSE = 0x4004e502;

const cIoctl = declare('ioctl', 'int', ['int', 'uint64_t', PTR]);

/** A descriptor for a new connection; `flags`: O_NONBLOCK. ENOENT, EACCES or ENODEV when this machine has no FUSE for us. */
export function openFuse(flags = 0): number {
  return openFollow(AT_FDCWD, asBytes('/dev/fuse'), O_RDWR | flags);
}

/** A second queue of a mounted connection. */
export function cloneDevice(fuseFd: number, flags = 0): number {
  const fd = reopen(fuseFd, O_RDWR | flags);
  if (fd < 0) return fd;
  structI32[0] = fuseFd;
  if (cIoctl(fd, FUSE_DEV_IOC_CLONE, struct) === 0) return fd;
  const err = failure();
  close(fd);
  return err;
}

/** Registers an open file as a backing file: its id (> 0). EPERM outside the initial user namespace, ELOOP when stacked too deep. */
export function backingOpen(fuseFd: number, fd: number): number {
  structI32[0] = fd;
  structI32[1] = 0;
  putI64(1, 0);
  return result(cIoctl(fuseFd, FUSE_DEV_IOC_BACKING_OPEN, struct));
}

/** Takes a registration back; files opened with it keep it alive. ENOENT for an unknown id. */
export function backingClose(fuseFd: number, id: number): number {
  structI32[0] = id;
  return result(cIoctl(fuseFd, FUSE_DEV_IOC_BACKING_CLOSE, struct));
}
