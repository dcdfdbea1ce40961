// Lines for people on stderr. Written with write(2) at once: a Node stream would set O_NONBLOCK on a pipe that is shared with COMMAND.

import { writeSync } from 'node:fs';
import { isatty } from 'node:tty';

const STDERR = 2;

/** Whether people watch stderr. */
export const onTerminal = isatty(STDERR);

/** Writes all of a text to a descriptor, waiting while a non-blocking pipe is full. False: nobody reads there any more. */
export function writeAll(fd: number, text: string | Uint8Array): boolean {
  let rest = typeof text === 'string' ? Buffer.from(text) : text;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(fd, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return false;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
  return true;
}

/** `rootsync: TEXT`; further lines of it as they are. */
export function say(text: string): void {
  writeAll(STDERR, `rootsync: ${text}\n`);
}
