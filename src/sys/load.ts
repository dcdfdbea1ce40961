// Whether the machine's processors are all taken.

import { availableParallelism } from 'node:os';
import { asBytes } from '../bytes.ts';
import { AT_FDCWD, procPath } from './at.ts';
import { pread } from './io.ts';
import { O_RDONLY, openFollow } from './open.ts';

/** `0.51 0.40 0.30 2/117 4711`: before the slash, how many tasks run or would if a processor were free. */
const LINE_ROOM = 128;

/** How many tasks want a processor. Belongs to one thread; its descriptor is never closed. */
export class RunQueue {
  readonly #fd = openFollow(AT_FDCWD, asBytes(procPath('loadavg')), O_RDONLY);
  readonly #line = Buffer.alloc(LINE_ROOM);
  readonly #processors: number;

  constructor(processors = availableParallelism()) {
    this.#processors = processors;
  }

  /** Has every processor something to do, the calling thread included? True when that cannot be told. */
  isCrowded(): boolean {
    const n = pread(this.#fd, this.#line, 0, LINE_ROOM, 0);
    const running = n > 0 ? / (\d+)\//.exec(this.#line.toString('latin1', 0, n)) : null;
    return running === null || Number(running[1]) >= this.#processors;
  }
}
