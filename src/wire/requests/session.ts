// Requests of the session itself: forgetting, interrupting, what has no body. INIT is in ../init.ts.

import { SIZE } from '../constants.ts';
import { FrameError } from '../frame-error.ts';
import type { Reader } from '../reader.ts';

/** Requests whose header says all (READLINK, STATFS, DESTROY) or whose body says nothing (SYNCFS). */
export type EmptyIn = null;

/** FORGET; never answered. */
export interface ForgetIn {
  /** Lookups that the kernel no longer holds on the header's nodeid. */
  nlookup: number;
}

/** BATCH_FORGET; never answered. Up to 65,536 pairs in a frame, so they are left in it: forEachForget reads them. */
export interface BatchForgetIn {
  count: number;
  /** View of `count` fuse_forget_one. */
  list: Buffer;
}

export interface InterruptIn {
  /** The request to be given up, as halves; it may be answered already. */
  uniqueLo: number;
  uniqueHi: number;
}

/** NOTIFY_REPLY: the answer to notifyRetrieve, with its `unique` in the header. */
export interface NotifyReplyIn {
  offset: number;
  size: number;
  /** View of `size` bytes. */
  data: Buffer;
}

export function decodeEmpty(): EmptyIn {
  return null;
}

export function decodeSyncfs(r: Reader): EmptyIn {
  r.expect(SIZE.fuse_syncfs_in, 'fuse_syncfs_in');
  r.skip(8);
  return null;
}

export function decodeForget(r: Reader): ForgetIn {
  r.expect(SIZE.fuse_forget_in, 'fuse_forget_in');
  return { nlookup: r.u64() };
}

export function decodeBatchForget(r: Reader): BatchForgetIn {
  r.expect(SIZE.fuse_batch_forget_in, 'fuse_batch_forget_in');
  const count = r.u32();
  r.skip(4);
  return { count, list: r.bytes(count * SIZE.fuse_forget_one, 'fuse_forget_one') };
}

/** Calls `visit` for each pair, in order. */
export function forEachForget(batch: BatchForgetIn, visit: (nodeid: number, nlookup: number) => void): void {
  const { list } = batch;
  for (let at = 0; at < list.length; at += SIZE.fuse_forget_one) visit(ours(list, at), ours(list, at + 8));
}

export function decodeInterrupt(r: Reader): InterruptIn {
  r.expect(SIZE.fuse_interrupt_in, 'fuse_interrupt_in');
  const uniqueLo = r.i32();
  return { uniqueLo, uniqueHi: r.i32() };
}

export function decodeNotifyReply(r: Reader): NotifyReplyIn {
  r.expect(SIZE.fuse_notify_retrieve_in, 'fuse_notify_retrieve_in');
  r.skip(8);
  const offset = r.u64sat();
  const size = r.u32();
  r.skip(20);
  return { offset, size, data: r.bytes(size, 'retrieved data') };
}

function ours(list: Buffer, at: number): number {
  const value = list.readUInt32LE(at + 4) * 0x1_0000_0000 + list.readUInt32LE(at);
  if (value > Number.MAX_SAFE_INTEGER) throw new FrameError('u64 beyond 2^53 - 1 in fuse_forget_one', at);
  return value;
}
