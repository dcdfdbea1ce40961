// RELEASE of what was open to be read: nobody waits for it, and who has just closed a file is about to ask for another. It is kept until no request
// is waiting, or for as many as the session serves between two looks at its owner. A writer's is not: what it has written counts as done by then.
// Invariant: what is taken out comes in the order in which it came in.

import { O_ACCMODE, O_RDONLY } from '../sys/open.ts';
import { SIZE } from '../wire/constants.ts';

const RELEASE = 18;
const OPCODE_AT = 4;
const FLAGS_AT = SIZE.fuse_in_header + 8;
/** Bytes of each. */
export const FRAME = SIZE.fuse_in_header + SIZE.fuse_release_in;
/** So many may wait. */
const MOST = 8;

export class Postponed {
  readonly #frames = Buffer.allocUnsafeSlow(MOST * FRAME);
  readonly #receivedAt = new Float64Array(MOST);
  #first = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** Takes the request of `size` bytes in `frame`, received at `now` (ms), if it can wait; else it is to be served. */
  add(frame: Buffer, size: number, now: number): boolean {
    if (size !== FRAME || frame.readUInt32LE(OPCODE_AT) !== RELEASE || this.#count === MOST) return false;
    if ((frame.readUInt32LE(FLAGS_AT) & O_ACCMODE) !== O_RDONLY) return false;
    const slot = (this.#first + this.#count++) % MOST;
    frame.copy(this.#frames, slot * FRAME, 0, FRAME);
    this.#receivedAt[slot] = now;
    return true;
  }

  /** Puts the next one into `frame`, `FRAME` bytes: when it was received. There must be one. */
  take(frame: Buffer): number {
    const slot = this.#first;
    this.#frames.copy(frame, 0, slot * FRAME, (slot + 1) * FRAME);
    this.#first = (slot + 1) % MOST;
    this.#count--;
    return this.#receivedAt[slot] ?? 0;
  }
}
