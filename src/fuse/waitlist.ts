// Requests that wait for a later answer. Belongs to the session's thread. Knows no operation.
// Invariant: each request in it is unanswered, and leaves it by exactly one of the endings of Deferred.

import { EIO } from '../errno.ts';
import type { Errno } from '../errno.ts';
import type { InHeader } from '../wire/header.ts';
import type { Writer } from '../wire/writer.ts';
import type { Counters } from './counters.ts';
import type { Deferred } from './operation.ts';
import type { Replies } from './replies.ts';

const WORD = 0x1_0000_0000;

// Exact below 2^53; the resend bit is left out, a session never has the same request with and without it.
function key(uniqueLo: number, uniqueHi: number): number {
  return (uniqueHi & 0x1f_ffff) * WORD + (uniqueLo >>> 0);
}

export class Waiting implements Deferred {
  readonly uniqueLo: number;
  readonly uniqueHi: number;
  readonly opcode: number;
  readonly nodeid: number;
  /** The whole request. */
  readonly frame: Buffer;
  /** When it was received, performance.now(). */
  readonly receivedAt: number;
  onInterrupt: (() => void) | undefined = undefined;
  private readonly list: Waitlist;

  constructor(list: Waitlist, header: InHeader, frame: Buffer, receivedAt: number) {
    this.list = list;
    this.uniqueLo = header.uniqueLo;
    this.uniqueHi = header.uniqueHi;
    this.opcode = header.opcode;
    this.nodeid = header.nodeid;
    this.frame = frame;
    this.receivedAt = receivedAt;
  }

  fail(err: Errno): void {
    this.list.fail(this, err);
  }

  reply(write?: (out: Writer) => void): void {
    this.list.reply(this, write);
  }

  retry(): void {
    this.list.retry(this);
  }

  answered(): void {
    this.list.answered(this);
  }
}

export class Waitlist {
  private readonly requests = new Map<number, Waiting>();
  private retries: Waiting[] = [];
  private readonly replies: Replies;
  private readonly counters: Counters;
  private readonly report: (error: unknown) => void;

  constructor(replies: Replies, counters: Counters, report: (error: unknown) => void) {
    this.replies = replies;
    this.counters = counters;
    this.report = report;
  }

  /** Requests waiting. */
  get size(): number {
    return this.requests.size;
  }

  /** Takes a request in; its frame must not change any more. */
  add(header: InHeader, frame: Buffer, receivedAt: number): Waiting {
    const waiting = new Waiting(this, header, frame, receivedAt);
    this.requests.set(key(header.uniqueLo, header.uniqueHi), waiting);
    this.counters.waiting(this.requests.size);
    return waiting;
  }

  /** Takes a request out unanswered: its handler has answered by other means after all. */
  drop(waiting: Waiting): void {
    this.requests.delete(key(waiting.uniqueLo, waiting.uniqueHi));
    this.counters.waiting(this.requests.size);
  }

  /** Tells a waiting request, if there is one of that number, that its caller was interrupted. */
  interrupt(uniqueLo: number, uniqueHi: number): void {
    const waiting = this.requests.get(key(uniqueLo, uniqueHi));
    const told = waiting?.onInterrupt;
    if (waiting === undefined || told === undefined) return;
    waiting.onInterrupt = undefined;
    told();
  }

  fail(waiting: Waiting, err: Errno): void {
    if (!this.end(waiting, true)) return;
    this.replies.error(err, waiting.uniqueLo, waiting.uniqueHi);
  }

  reply(waiting: Waiting, write?: (out: Writer) => void): void {
    if (!this.holds(waiting)) return;
    const out = this.replies.spareWriter();
    try {
      write?.(out);
    } catch (error) {
      this.report(error);
      this.fail(waiting, EIO);
      return;
    }
    this.end(waiting, false);
    this.replies.body(out, 0, waiting.uniqueLo, waiting.uniqueHi);
  }

  retry(waiting: Waiting): void {
    if (!this.holds(waiting)) return;
    this.drop(waiting);
    this.retries.push(waiting);
  }

  answered(waiting: Waiting): void {
    this.end(waiting, false);
  }

  /** Requests to be dispatched again, in the order of their retries; they are then no longer here. */
  takeRetries(): Waiting[] | undefined {
    if (this.retries.length === 0) return undefined;
    const taken = this.retries;
    this.retries = [];
    return taken;
  }

  private end(waiting: Waiting, failed: boolean): boolean {
    if (!this.holds(waiting)) return false;
    this.drop(waiting);
    this.counters.request(waiting.opcode, performance.now() - waiting.receivedAt, failed, true);
    return true;
  }

  private holds(waiting: Waiting): boolean {
    if (this.requests.get(key(waiting.uniqueLo, waiting.uniqueHi)) === waiting) return true;
    this.report(new Error(`request with opcode ${String(waiting.opcode)} answered twice`));
    return false;
  }
}
