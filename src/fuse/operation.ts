// The shape of a FUSE operation: what a handler is given and what its number means.
// Knows nothing of mounts, threads or branches. Invariant: a handler gives exactly one answer to its request, either
// by its return value or, after DEFERRED, once through the Deferred.

import type { Errno } from '../errno.ts';
import type { OpArgs, OpName } from '../wire/opcodes.ts';
import type { Writer } from '../wire/writer.ts';

/** Reply with what the handler wrote to `req.out` (nothing: an empty body). */
export const OK = 0;
/** The request has no answer (FORGET), or has been answered by other means. */
export const NO_REPLY = 1;
/** The answer comes later through the Deferred that `req.defer()` gave. */
export const DEFERRED = 2;

/** The request being served; one reused object, valid only during the handler's call. */
export interface Request {
  readonly opcode: number;
  readonly nodeid: number;
  readonly uid: number;
  readonly gid: number;
  /** Caller's pid; may be a thread id, and 0 from a foreign pid namespace. */
  readonly pid: number;
  readonly uniqueLo: number;
  readonly uniqueHi: number;
  /** The reply body, at least MAX_IO bytes of room; READ may read straight into `out.buf` at `out.pos`. */
  readonly out: Writer;
  /** Keeps the request, its frame copied, for an answer after the handler has returned DEFERRED. */
  defer(): Deferred;
}

/**
 * A request that waits for its answer. One of the four endings is called once, from the session's thread; a retried
 * request that is deferred again has a new Deferred.
 */
export interface Deferred {
  readonly uniqueLo: number;
  readonly uniqueHi: number;
  readonly opcode: number;
  readonly nodeid: number;
  /** Called at most once, when the kernel says that the caller was interrupted; the request still needs its answer. */
  onInterrupt: (() => void) | undefined;
  /** Answers with an error. */
  fail(err: Errno): void;
  /** Answers with a body. */
  reply(write?: (out: Writer) => void): void;
  /** Dispatches the saved frame again, from the start: the handler runs anew, after the request being served now. */
  retry(): void;
  /** Another thread has written the reply itself; only bookkeeping ends. */
  answered(): void;
}

/** Serves one request: OK, a negative Errno, NO_REPLY or DEFERRED. */
export type Operation<C, In> = (context: C, req: Request, arg: In) => number;

/** Requests that the session answers by itself. */
export type SessionOp = 'init' | 'interrupt' | 'destroy' | 'notifyReply';

/** Operations that have handlers. */
export type ServedOp = Exclude<OpName, SessionOp>;

/** A handler for each operation; a session takes a part of it too, and answers ENOSYS for the rest. */
export type Operations<C> = { readonly [K in ServedOp]: Operation<C, OpArgs[K]> };
