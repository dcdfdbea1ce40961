// Timers of the kernel, which go on while the process is stopped.

import { declare, failure, PTR, result } from './koffi.ts';
import { getI64, putI64, struct, structI32, structU32 } from './scratch.ts';

export const SIGCONT = 18;

const CLOCK_MONOTONIC = 1;
const SIGEV_SIGNAL = 0;
const NS_PER_MS = 1e6;
/** Slots of 8 bytes in the room for structures: struct sigevent is 64 bytes long. */
const ID_SLOT = 8;

const cCreate = declare('timer_create', 'int', ['int', PTR, PTR]);
const cSettime = declare('timer_settime', 'int', ['int64_t', 'int', PTR, PTR]);

/** Sends a signal to this process every `ms` milliseconds from now on, until its end. EAGAIN: the kernel has no room for a timer. */
export function signalEvery(ms: number, signal: number): number {
  // struct sigevent {union sigval (8 bytes); int signo; int notify; ...}
  structU32.fill(0, 0, 2 * (ID_SLOT + 1));
  structI32[2] = signal;
  structI32[3] = SIGEV_SIGNAL;
  if (cCreate(CLOCK_MONOTONIC, struct, struct + 8 * ID_SLOT) < 0) return failure();
  const id = getI64(ID_SLOT);
  // struct itimerspec {timespec interval; timespec first}
  const seconds = Math.floor(ms / 1000);
  for (const slot of [0, 2]) {
    putI64(slot, seconds);
    putI64(slot + 1, (ms - seconds * 1000) * NS_PER_MS);
  }
  return result(cSettime(id, 0, struct, 0));
}
