// What a rehearsal missed, gathered from the events as they come: each path once, of who asked first. Pure.

import type { EventDraft } from '../capture/event.ts';
import type { Miss, Missed } from '../control/protocol.ts';

/** Kept in memory, and told in one reply. */
const MOST = 16_384;

export class Misses {
  readonly #byPath = new Map<string, Miss>();
  #more = 0;

  /** Takes the misses among some events. */
  take(events: readonly EventDraft[]): void {
    for (const { kind, path, pathBytes, objectKind, operation, requester } of events) {
      if (kind !== 'miss') continue;
      const key = pathBytes ?? path;
      if (this.#byPath.has(key)) continue;
      if (this.#byPath.size >= MOST) this.#more++;
      else {
        const exact = pathBytes === undefined ? {} : { pathBytes };
        this.#byPath.set(key, { path, ...exact, objectKind, operation, requester });
      }
    }
  }

  get all(): Missed {
    return { misses: [...this.#byPath.values()], more: this.#more };
  }
}

/** Whether a process below `ancestor`, or itself, was it that missed something. What nobody asked for, everybody lacks. */
export function isMissedBy({ requester }: Miss, ancestor: number): boolean {
  if (requester === null) return true;
  return requester.pid === ancestor || requester.parents.some(({ pid }) => pid === ancestor);
}
