// What copy threads are asked and what they answer, as plain values that travel between threads. Descriptors are the process's,
// so they travel as numbers.

import type { MessagePort } from 'node:worker_threads';
import type { ByteString } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import type { Copied } from './exact-copy.ts';
import type { Features } from './features.ts';

/** Which durability a sync is for: content with attributes, content, or the whole filesystem of `fd`. */
export type SyncKind = 'fsync' | 'fdatasync' | 'syncfs';

interface ObjectTask {
  /** As CopyOrder's; the task owns it: it is closed when the task is done, however it ends. */
  sourceFd: number;
  /** From Stage.name(). */
  stageName: ByteString;
  /** False: a regular file is copied without its data. */
  data: boolean;
}

/** A capture: its result comes once the copy is durable; waits for others so that they are synced together. */
export interface CopyTask extends ObjectTask {
  kind: 'copy';
}

/** A copy that somebody waits for: not held back for others. */
export interface CopyUpTask extends ObjectTask {
  kind: 'copyUp';
  durable: boolean;
  /** Another stage than flash's, and what its filesystem can hold. */
  to?: { fd: number; features: Features };
}

interface ReplyTask {
  /** Stays the caller's, and open until the task is done. */
  fd: number;
  uniqueLo: number;
  uniqueHi: number;
}

/** Reads, and answers a READ with the bytes (fewer than `length` at the end of the file only). The result is their number. */
export interface ReadReplyTask extends ReplyTask {
  kind: 'readReply';
  offset: number;
  length: number;
}

/** Writes, and answers a WRITE. The result is the number of bytes written. */
export interface WriteReplyTask extends ReplyTask {
  kind: 'writeReply';
  offset: number;
  /** Copied by `submit`, so it may lie in a buffer that is used again. */
  data: Uint8Array;
}

/** Syncs, and answers with an empty body. */
export interface SyncReplyTask extends ReplyTask {
  kind: 'syncReply';
  how: SyncKind;
}

/** Syncs; nothing is answered. */
export interface SyncTask {
  kind: 'sync';
  fd: number;
  how: SyncKind;
}

export type Task = CopyTask | CopyUpTask | ReadReplyTask | WriteReplyTask | SyncReplyTask | SyncTask;

/** What a task's callback is given: for copies what was copied, for others a count or 0; a negative Errno for all. */
export type TaskResult<T extends Task> = T extends CopyTask | CopyUpTask ? Copied | Errno : number;

/** A task on its way to a thread. */
export interface Envelope {
  id: number;
  task: Task;
}

/** A result on its way back; `bug` is the stack of an exception, which is answered with EIO. */
export interface Answer {
  id: number;
  result: Copied | number;
  bug?: string;
}

/** What a copy thread is started with. `control` is shared: see the indices below. */
export interface ThreadData {
  control: Int32Array;
  port: MessagePort;
}

/** What it is told first, before any task. */
export interface ThreadGround {
  /** Eventfd that is signalled when answers have come. May be shared with other wakers. */
  wakeFd: number;
  /** Directory descriptor of a proc filesystem. */
  procFd: number;
  /** The FUSE connection, for tasks that reply; -1 for none. */
  fuseFd: number;
  /** Stage.fd, and what its filesystem can hold. */
  stageDirFd: number;
  features: Features;
}

/** 1 while answers wait that the eventfd has been signalled for. */
export const WAKING = 0;
/** How many threads are ready, and how many have ended. */
export const READY = 1;
export const ENDED = 2;
/** First Errno met by a thread that could not start; 0 when all did. */
export const FAILED = 3;
export const CONTROL_WORDS = 4;
