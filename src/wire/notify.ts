// Notifications: frames that we send unasked. Each function writes a whole frame, header included, from the writer's position.
// The kernel refuses one whose length is not exact. Never to be sent from inside a request that holds the same inode's lock.

import type { ByteString } from '../bytes.ts';
import * as c from './constants.ts';
import { SIZE } from './constants.ts';
import { outHeader } from './replies.ts';
import type { Writer } from './writer.ts';

function notifyHeader(w: Writer, code: number, bodySize: number): void {
  const len = SIZE.fuse_out_header + bodySize;
  if (len > w.room) throw new RangeError(`a notification of ${String(len)} bytes does not fit in ${String(w.room)}`);
  outHeader(w, len, code, 0, 0);
}

/** Wakes those who poll the handle that POLL gave as `kh`. */
export function notifyPoll(w: Writer, kh: number): void {
  notifyHeader(w, c.FUSE_NOTIFY_POLL, SIZE.fuse_notify_poll_wakeup_out);
  w.u64(kh);
}

/** Drops the inode's cached attributes, and its data from `off` (none when negative) over `len` bytes (0: to the end). */
export function notifyInvalInode(w: Writer, nodeid: number, off: number, len: number): void {
  notifyHeader(w, c.FUSE_NOTIFY_INVAL_INODE, SIZE.fuse_notify_inval_inode_out);
  w.u64(nodeid);
  w.u64(off);
  w.u64(len);
}

/** Drops a name from the cache (detaching what is mounted below it), or with FUSE_EXPIRE_ONLY makes the kernel ask again. */
export function notifyInvalEntry(w: Writer, parent: number, name: ByteString, flags: number): void {
  notifyHeader(w, c.FUSE_NOTIFY_INVAL_ENTRY, SIZE.fuse_notify_inval_entry_out + name.length + 1);
  w.u64(parent);
  w.u32(name.length);
  w.u32(flags);
  w.name(name);
  w.zeros(1);
}

/** Says that a name of `child` is gone. */
export function notifyDelete(w: Writer, parent: number, child: number, name: ByteString): void {
  notifyHeader(w, c.FUSE_NOTIFY_DELETE, SIZE.fuse_notify_delete_out + name.length + 1);
  w.u64(parent);
  w.u64(child);
  w.u32(name.length);
  w.u32(0);
  w.name(name);
  w.zeros(1);
}

/** Puts `size` bytes into the page cache of an inode: all but the bytes, for which room is left; where they belong in `w.buf`. */
export function notifyStore(w: Writer, nodeid: number, offset: number, size: number): number {
  notifyHeader(w, c.FUSE_NOTIFY_STORE, SIZE.fuse_notify_store_out + size);
  w.u64(nodeid);
  w.u64(offset);
  w.u32(size);
  w.u32(0);
  return w.claim(size);
}

/** Asks for cached data; the answer is a NOTIFY_REPLY request whose `unique` is the one given here. */
export function notifyRetrieve(
  w: Writer,
  uniqueLo: number,
  uniqueHi: number,
  nodeid: number,
  offset: number,
  size: number,
): void {
  notifyHeader(w, c.FUSE_NOTIFY_RETRIEVE, SIZE.fuse_notify_retrieve_out);
  w.halves(uniqueLo, uniqueHi);
  w.u64(nodeid);
  w.u64(offset);
  w.u32(size);
  w.u32(0);
}

/** Has the kernel send all requests again that are read but not answered (needs FUSE_HAS_RESEND). */
export function notifyResend(w: Writer): void {
  notifyHeader(w, c.FUSE_NOTIFY_RESEND, 0);
}

/** Makes every cached name be asked about again (7.44). */
export function notifyIncEpoch(w: Writer): void {
  notifyHeader(w, c.FUSE_NOTIFY_INC_EPOCH, 0);
}

/** Has the kernel forget inodes that nobody uses (7.45). */
export function notifyPrune(w: Writer, nodeids: readonly number[]): void {
  notifyHeader(w, c.FUSE_NOTIFY_PRUNE, SIZE.fuse_notify_prune_out + nodeids.length * 8);
  w.u32(nodeids.length);
  w.u32(0);
  w.u64(0);
  for (const nodeid of nodeids) w.u64(nodeid);
}
