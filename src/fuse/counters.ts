// How often and how fast: per-operation counts and latencies of a session, in memory that other threads may read at any time
// without asking the session. Written by the session's thread only; a reader may see a request half counted.

import { opcodes } from '../wire/opcodes.ts';
import type { OpName } from '../wire/opcodes.ts';

/** Bucket i counts latencies of [2^i, 2^(i+1)) ns; the last one all above. */
const BUCKETS = 34;
const COUNT = 0;
const ERRORS = 1;
const DEFERRED = 2;
const TOTAL_MS = 3;
const HISTOGRAM = 4;
const STRIDE = HISTOGRAM + BUCKETS;
const ROWS = 64;

/** Events of the session as a whole, and how many requests wait now: place in row 0, which no opcode uses. */
const SESSION = { sleeps: 0, wakes: 1, interrupts: 2, unknown: 3, bugs: 4, waiting: 5 } as const;
export type SessionEvent = keyof typeof SESSION;

/** Counts of one operation. */
export interface OpCounts {
  readonly count: number;
  /** Answered with an errno. */
  readonly errors: number;
  /** Answered later than by the handler's return. */
  readonly deferred: number;
  /** Sum of the times from receiving to answering, in ms. */
  readonly totalMs: number;
  /** Element i: requests that took [2^i, 2^(i+1)) ns. */
  readonly histogram: readonly number[];
}

/** A moment's counts; operations that never came are left out. */
export interface Counts {
  readonly operations: Readonly<Partial<Record<OpName, OpCounts>>>;
  readonly session: Readonly<Record<SessionEvent, number>>;
}

/** The session's side. */
export class Counters {
  readonly memory: SharedArrayBuffer;
  private readonly cells: Float64Array;

  constructor(memory: SharedArrayBuffer = newCounterMemory()) {
    this.memory = memory;
    this.cells = new Float64Array(memory);
  }

  /** One request ended, `ms` after it was received. */
  request(opcode: number, ms: number, failed: boolean, deferred: boolean): void {
    const { cells } = this;
    const row = (opcode < ROWS ? opcode : 0) * STRIDE;
    if (row === 0) return;
    add(cells, row + COUNT, 1);
    if (failed) add(cells, row + ERRORS, 1);
    if (deferred) add(cells, row + DEFERRED, 1);
    add(cells, row + TOTAL_MS, ms);
    add(cells, row + HISTOGRAM + bucketOf(ms), 1);
  }

  event(event: Exclude<SessionEvent, 'waiting'>): void {
    add(this.cells, SESSION[event], 1);
  }

  /** So many deferred requests are unanswered now. */
  waiting(count: number): void {
    this.cells[SESSION.waiting] = count;
  }
}

function add(cells: Float64Array, at: number, by: number): void {
  cells[at] = (cells[at] ?? 0) + by;
}

function bucketOf(ms: number): number {
  const ns = ms * 1e6;
  if (ns < 0x8000_0000) return 31 - Math.clz32(ns | 1);
  return Math.min(BUCKETS - 1, Math.floor(Math.log2(ns)));
}

/** Memory for the counters of one session. */
export function newCounterMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(ROWS * STRIDE * Float64Array.BYTES_PER_ELEMENT);
}

/** Reads a session's counters, from any thread. */
export function readCounters(memory: SharedArrayBuffer): Counts {
  const cells = new Float64Array(memory);
  const operations: Partial<Record<OpName, OpCounts>> = {};
  for (const { opcode, op } of opcodes) {
    const row = cells.subarray(opcode * STRIDE, (opcode + 1) * STRIDE);
    const [count = 0, errors = 0, deferred = 0, totalMs = 0] = row;
    if (count > 0) operations[op] = { count, errors, deferred, totalMs, histogram: [...row.subarray(HISTOGRAM)] };
  }
  const events = Object.entries(SESSION).map(([name, at]) => [name, cells[at] ?? 0]);
  return { operations, session: Object.fromEntries(events) as Record<SessionEvent, number> };
}

/** Upper bound in ms of the latency that `share` (0..1) of an operation's requests stayed below; 0 when there were none. */
export function quantile(counts: OpCounts, share: number): number {
  let left = counts.count * share;
  if (left === 0) return 0;
  for (const [i, n] of counts.histogram.entries()) {
    left -= n;
    if (left <= 0) return 2 ** (i + 1) / 1e6;
  }
  return Infinity;
}
