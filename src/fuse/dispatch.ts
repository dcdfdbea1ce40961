// One request from frame to answer: header, decoder, handler, reply. Owns the reused Request object and the reply buffer.
// The one place where what a handler throws becomes EIO and a report. Requests of the session itself go to `own`.

import { EIO, ENOSYS } from '../errno.ts';
import { FrameError } from '../wire/frame-error.ts';
import { readHeader } from '../wire/header.ts';
import type { InHeader } from '../wire/header.ts';
import { decodeByOpcode, decodeByOpcodeSetxattrExt, opcodes } from '../wire/opcodes.ts';
import type { Entry, OpArgs } from '../wire/opcodes.ts';
import { Reader } from '../wire/reader.ts';
import type { Writer } from '../wire/writer.ts';
import type { Counters } from './counters.ts';
import { DEFERRED, NO_REPLY, OK } from './operation.ts';
import type { Deferred, Operation, Operations, Request, SessionOp } from './operation.ts';
import { BODY } from './replies.ts';
import type { Replies } from './replies.ts';
import type { Waiting, Waitlist } from './waitlist.ts';

/** Handlers for the requests that the session answers itself. */
export type OwnOperations = { readonly [K in SessionOp]: (req: Request, arg: OpArgs[K]) => number };

/** What is known of a request that went wrong. */
export interface BugReport {
  readonly operation: string;
  readonly opcode: number;
  readonly nodeid: number;
  readonly uid: number;
  readonly pid: number;
}

type AnyHandler = (req: Request, arg: unknown) => number;

class CurrentRequest implements Request, InHeader {
  len = 0;
  opcode = 0;
  uniqueLo = 0;
  uniqueHi = 0;
  nodeid = 0;
  uid = 0;
  gid = 0;
  pid = 0;
  totalExtlen = 0;
  readonly out: Writer;
  /** Set by `defer`. */
  deferred: Waiting | undefined = undefined;
  receivedAt = 0;
  /** The frame, and whether it is a copy already. */
  frame: Buffer;
  size = 0;
  kept = false;
  private readonly waitlist: Waitlist;

  constructor(out: Writer, waitlist: Waitlist) {
    this.out = out;
    this.frame = out.buf;
    this.waitlist = waitlist;
  }

  defer(): Deferred {
    if (this.deferred !== undefined) return this.deferred;
    const frame = this.kept ? this.frame : Buffer.from(this.frame.subarray(0, this.size));
    this.deferred = this.waitlist.add(this, frame, this.receivedAt);
    return this.deferred;
  }
}

function neverAnswered(op: Entry['op']): boolean {
  return op === 'forget' || op === 'batchForget' || op === 'interrupt' || op === 'notifyReply';
}

const unanswered = opcodes.filter((entry) => neverAnswered(entry.op)).map((entry) => entry.opcode);

export interface DispatcherParts<C> {
  readonly operations: Partial<Operations<C>>;
  readonly context: C;
  readonly own: OwnOperations;
  /** Replies are written to `out` from `start` on, header included. */
  readonly out: Writer;
  readonly start: number;
  readonly replies: Replies;
  readonly waitlist: Waitlist;
  readonly counters: Counters;
  readonly report: (error: unknown) => void;
}

export class Dispatcher<C> {
  private readonly reader = new Reader();
  private readonly current: CurrentRequest;
  private readonly handlers: (AnyHandler | undefined)[] = [];
  private readonly silent: boolean[] = [];
  private table = decodeByOpcode;
  private readonly parts: DispatcherParts<C>;
  private serving = false;

  constructor(parts: DispatcherParts<C>) {
    this.parts = parts;
    this.current = new CurrentRequest(parts.out, parts.waitlist);
    const { operations, own, context } = parts;
    for (const { opcode, op } of opcodes) {
      while (this.handlers.length <= opcode) this.handlers.push(undefined);
      while (this.silent.length <= opcode) this.silent.push(false);
      this.silent[opcode] = unanswered.includes(opcode);
      this.handlers[opcode] = handlerOf(op, operations, own, context);
    }
  }

  /** A handler is running. */
  get busy(): boolean {
    return this.serving;
  }

  /** SETXATTR comes in its long form from now on, or not. */
  useSetxattrExt(on: boolean): void {
    this.table = on ? decodeByOpcodeSetxattrExt : decodeByOpcode;
  }

  /** The request being served, for a report; undefined between requests. */
  describe(): BugReport | undefined {
    if (!this.serving) return undefined;
    const { opcode, nodeid, uid, pid } = this.current;
    return { operation: this.table[opcode]?.op ?? String(opcode), opcode, nodeid, uid, pid };
  }

  /** Serves a frame received now; when it has been answered, performance.now(). */
  serve(frame: Buffer, size: number, receivedAt: number): number {
    this.begin(frame, size, receivedAt, false);
    return this.finish(this.run());
  }

  /** Serves a frame again that was deferred. */
  serveAgain(waiting: Waiting): number {
    this.begin(waiting.frame, waiting.frame.length, waiting.receivedAt, true);
    return this.finish(this.run());
  }

  private begin(frame: Buffer, size: number, receivedAt: number, kept: boolean): void {
    const { current, parts } = this;
    current.frame = frame;
    current.size = size;
    current.receivedAt = receivedAt;
    current.kept = kept;
    current.deferred = undefined;
    current.opcode = 0;
    current.uniqueLo = 0;
    current.uniqueHi = 0;
    current.out.reset(parts.start + BODY);
    this.reader.reset(frame, 0, size);
    this.serving = true;
  }

  private run(): number {
    const { current, reader } = this;
    try {
      readHeader(reader, current);
      const entry = this.table[current.opcode];
      if (entry === undefined) {
        this.parts.counters.event('unknown');
        return ENOSYS;
      }
      const handler = this.handlers[current.opcode];
      if (handler === undefined) return ENOSYS;
      const result = handler(current, entry.decode(reader));
      return current.deferred === undefined && result <= NO_REPLY ? result : this.checked(result);
    } catch (error) {
      return this.failed(error);
    }
  }

  /** What a handler that deferred, or returned something strange, gets. */
  private checked(result: number): number {
    const { deferred } = this.current;
    if (result === DEFERRED && deferred !== undefined) return DEFERRED;
    if (deferred !== undefined) this.parts.waitlist.drop(deferred);
    this.parts.report(
      new Error(`handler returned ${String(result)}, ${deferred === undefined ? 'not' : 'having'} deferred`),
    );
    return result <= OK ? result : EIO;
  }

  private failed(error: unknown): number {
    const { current, parts } = this;
    if (current.deferred !== undefined) parts.waitlist.drop(current.deferred);
    const errno = error instanceof FrameError ? error.errno : EIO;
    if (errno === EIO) parts.report(error);
    return errno;
  }

  private finish(result: number): number {
    const { current, parts } = this;
    const { opcode, uniqueLo, uniqueHi } = current;
    if (this.silent[opcode] !== true) {
      if (result === OK) parts.replies.body(current.out, parts.start, uniqueLo, uniqueHi);
      else if (result < 0) parts.replies.error(result, uniqueLo, uniqueHi);
    }
    this.serving = false;
    const now = performance.now();
    if (result !== DEFERRED) parts.counters.request(opcode, now - current.receivedAt, result < 0, current.kept);
    return now;
  }
}

function handlerOf<C>(
  op: Entry['op'],
  operations: Partial<Operations<C>>,
  own: OwnOperations,
  context: C,
): AnyHandler | undefined {
  if (op === 'init' || op === 'interrupt' || op === 'destroy' || op === 'notifyReply') {
    return own[op] as AnyHandler;
  }
  const handler = operations[op] as Operation<C, unknown> | undefined;
  return handler && ((req, arg) => handler(context, req, arg));
}
