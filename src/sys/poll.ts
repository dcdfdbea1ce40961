// Waiting: ppoll(2) over a fixed set of descriptors, eventfds to wake another thread, and the monotonic clock.

import { PTR, declare, result } from './koffi.ts';
import { addressOf } from './koffi.ts';
import { getI64, putI64, struct, structU32 } from './scratch.ts';

export const POLLIN = 1;
export const POLLOUT = 4;
export const POLLERR = 8;
export const POLLHUP = 16;
export const POLLNVAL = 32;

const EFD_CLOEXEC = 0o2000000;
const EFD_NONBLOCK = 0o4000;
const CLOCK_MONOTONIC = 1;

const cPpoll = declare('ppoll', 'int', [PTR, 'uint64_t', PTR, PTR]);
const cEventfd = declare('eventfd', 'int', ['uint32_t', 'int']);
const cRead = declare('read', 'int', ['int', PTR, 'size_t']);
const cWrite = declare('write', 'int', ['int', PTR, 'size_t']);
const cClock = declare('clock_gettime', 'int', ['int', PTR]);

/** Descriptors to wait for. Belongs to one thread. */
export class PollSet {
  readonly #fds: Int32Array;
  readonly #events: Int16Array;
  readonly #address: number;
  readonly #size: number;

  constructor(size: number) {
    const memory = Buffer.allocUnsafeSlow(size * 8);
    this.#size = size;
    this.#address = addressOf(memory);
    this.#fds = new Int32Array(memory.buffer, 0, size * 2);
    this.#events = new Int16Array(memory.buffer, 0, size * 4);
    for (let i = 0; i < size; i++) this.watch(i, -1, 0);
  }

  /** Puts a descriptor (-1: none) and the events wanted (POLL*) into a place. */
  watch(place: number, fd: number, events: number): void {
    if (!(place >= 0 && place < this.#size)) throw new RangeError(`place ${String(place)} of ${String(this.#size)}`);
    this.#fds[place * 2] = fd;
    this.#events[place * 4 + 2] = events;
    this.#events[place * 4 + 3] = 0;
  }

  /** Waits at most `ns` nanoseconds (negative: without end): how many places are ready, 0 when time is up, EINTR after a signal. */
  wait(ns: number): number {
    if (ns < 0) return result(cPpoll(this.#address, this.#size, 0, 0));
    const seconds = Math.floor(ns / 1e9);
    putI64(0, seconds);
    putI64(1, ns - seconds * 1e9);
    return result(cPpoll(this.#address, this.#size, struct, 0));
  }

  /** What happened at a place (POLL* bits). */
  ready(place: number): number {
    return this.#events[place * 4 + 3] ?? 0;
  }
}

/** A new eventfd, non-blocking. */
export function eventfd(): number {
  return result(cEventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

/** Makes an eventfd readable, from any thread. */
export function signalEvent(fd: number): number {
  putI64(0, 1);
  const n = cWrite(fd, struct, 8);
  return n < 0 ? result(n) : 0;
}

/** Makes an eventfd unreadable again: how often it was signalled, or EAGAIN when it was not. */
export function drainEvent(fd: number): number {
  const n = cRead(fd, struct, 8);
  return n < 0 ? result(n) : getI64(0);
}

/** Nanoseconds of the monotonic clock. */
export function monotonicNs(): number {
  cClock(CLOCK_MONOTONIC, struct);
  return structU32[0]! * 1e9 + structU32[2]!;
}
