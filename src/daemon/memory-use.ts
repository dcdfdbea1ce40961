// What this process takes, asked without a path: process.memoryUsage wants a /proc, which the daemon of a root has not.

import { getHeapStatistics } from 'node:v8';
import { asBytes } from '../bytes.ts';
import { readProc } from './proc-file.ts';

/** Memory of this process that is in RAM, in bytes; 0 where it cannot be told. */
export function residentBytes(procFd: number): number {
  const [, kilobytes] = /^VmRSS:\s*(\d+) kB$/m.exec(readProc(procFd, asBytes('self/status'))) ?? [];
  return Number(kilobytes ?? 0) * 1024;
}

/** Bytes of this thread's heap that are in use. */
export function heapUsed(): number {
  return getHeapStatistics().used_heap_size;
}
