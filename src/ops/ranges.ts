// FALLOCATE, LSEEK and COPY_FILE_RANGE: what a branch's filesystem can do with parts of a file, on its own descriptors.

import { EBADF, EXDEV } from '../errno.ts';
import { OK } from '../fuse/operation.ts';
import type { Operation, Request } from '../fuse/operation.ts';
import { copyFileRange as copyRange, fallocate as allocate, lseek as seek } from '../sys/io.ts';
import { PAGES_STALE } from '../tree/node.ts';
import { copyFileRangeOut, lseekOut, writeOut } from '../wire/replies.ts';
import type { CopyFileRangeIn, FallocateIn, LseekIn } from '../wire/requests/ranges.ts';
import type { Engine } from './engine.ts';
import { killUnlessRoot } from './privileges.ts';

export const fallocate: Operation<Engine, FallocateIn> = (engine, req, { fh, mode, offset, length }) => {
  const handle = engine.files.get(fh);
  if (handle === undefined) return EBADF;
  const fd = engine.data.writable(handle.node);
  if (fd < 0) return fd;
  const err = allocate(fd, mode, offset, length);
  return err < 0 ? err : killUnlessRoot(engine, handle.node, req);
};

export const lseek: Operation<Engine, LseekIn> = (engine, req, { fh, offset, whence }) => {
  const node = engine.files.get(fh)?.node;
  const state = node?.open;
  if (node === undefined || state == null) return EBADF;
  const { remote, tree } = engine;
  const isRemote = remote !== null && tree.shownByDisk(node);
  const at = isRemote ? remote.disk.seek(state.fd, offset, whence) : seek(state.fd, offset, whence);
  if (at < 0) return at;
  lseekOut(req.out, at);
  return OK;
};

export const copyFileRange: Operation<Engine, CopyFileRangeIn> = (engine, req, arg) => {
  const copied = copy(engine, req, arg);
  if (copied < 0) return copied;
  writeOut(req.out, copied);
  return OK;
};

export const copyFileRange64: Operation<Engine, CopyFileRangeIn> = (engine, req, arg) => {
  const copied = copy(engine, req, arg);
  if (copied < 0) return copied;
  copyFileRangeOut(req.out, copied);
  return OK;
};

/** One reply must not take long: the caller asks again for the rest. */
const MOST = 16 * 1024 * 1024;

function copy(engine: Engine, req: Request, { fhIn, offIn, fhOut, offOut, len }: CopyFileRangeIn): number {
  const from = engine.files.get(fhIn)?.node;
  const to = engine.files.get(fhOut)?.node;
  if (from?.open == null || to === undefined) return EBADF;
  // The kernel reads and writes instead: that does not wait for disk here.
  if (engine.remote !== null && (engine.tree.shownByDisk(from) || engine.tree.shownByDisk(to))) return EXDEV;
  const fdOut = engine.data.writable(to);
  if (fdOut < 0) return fdOut;
  const copied = copyRange(from.open.fd, offIn, fdOut, offOut, Math.min(len, MOST));
  if (copied > 0) {
    to.flags |= PAGES_STALE;
    const err = killUnlessRoot(engine, to, req);
    if (err < 0) return err;
  }
  return copied;
}
