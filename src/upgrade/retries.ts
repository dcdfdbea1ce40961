// When the mirror tries again what failed. A while after all else has ended: a round of many may take longer than any pause, and who waits until nothing is under way
// must see such a moment. What flash had no room for, only where it has more by now: each attempt wears it.

import type { Room, Space } from '../capture/space.ts';
import { ENOSPC } from '../errno.ts';
import type { Entry } from './entry.ts';

/** Between the end of a round and the next one; ms. */
const PAUSE = 2000;
const NONE: Room = { free: 0, files: 0 };

export class Retries {
  readonly #space: Pick<Space, 'room'>;
  /** When something was under way last; ms. */
  #busyAt = 0;
  /** Of flash, when it was tried last. */
  #lastRoom = NONE;

  constructor(space: Pick<Space, 'room'>) {
    this.#space = space;
  }

  /** What is to be tried again now; `idle`: nothing is under way. */
  due(idle: boolean, entries: Iterable<Entry>, now = performance.now()): readonly Entry[] {
    if (!idle) this.#busyAt = now;
    if (now - this.#busyAt <= PAUSE) return [];
    this.#busyAt = now;
    const failed = [...entries].filter(({ state }) => state === 'failed');
    const { room } = this.#space;
    const isMore = room.free > this.#lastRoom.free || room.files > this.#lastRoom.files;
    this.#lastRoom = failed.length === 0 ? NONE : room;
    return failed.filter(({ err }) => isMore || err !== ENOSPC);
  }
}
