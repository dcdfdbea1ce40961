// Where numbering stopped: the last complete record of a log file, found from its end. A line that is not a record (what was torn by a
// crash, bytes that a power cut left as zeros) is passed over.

import { pread } from '../sys/io.ts';

export interface Tail {
  /** Of the last line that is a record; 0 when there is none. */
  readonly lastSeq: number;
  /** Bytes follow the last newline. */
  readonly torn: boolean;
}

const FIRST_WINDOW = 64 * 1024;
const RECORD = /^\{"v":1,"seq":(\d+),.*\}$/;

/** Reads the end of a file of `size` bytes. A read error counts as the end of what can be known. */
export function readTail(fd: number, size: number): Tail {
  let torn = false;
  for (let window = Math.min(FIRST_WINDOW, size); window > 0; window = Math.min(window * 4, size)) {
    const bytes = Buffer.alloc(window);
    if (pread(fd, bytes, 0, window, size - window) !== window) break;
    torn = bytes[window - 1] !== 0x0a;
    // The first line may have begun before the window, the last is empty or torn.
    const lines = bytes
      .toString('latin1')
      .split('\n')
      .slice(window < size ? 1 : 0, -1);
    for (const line of lines.reverse()) {
      const seq = RECORD.exec(line)?.[1];
      if (seq !== undefined) return { lastSeq: Number(seq), torn };
    }
    if (window === size) break;
  }
  return { lastSeq: 0, torn };
}
