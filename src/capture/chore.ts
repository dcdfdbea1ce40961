// Work that somebody asked for on a live mount and that may be of any size: done in pieces between requests, on the session's thread.

import type { ByteString } from '../bytes.ts';

export interface Chore {
  /** Does a piece of it, of about a millisecond: whether there was anything to do at present. */
  step(): boolean;
  /** Nothing is left of it. */
  readonly over: boolean;
  /** Objects still to be done, as far as is known: more may be found. */
  readonly left: number;
}

/** A path that was left as it was. */
export interface LeftOut {
  /** Without a leading slash. */
  readonly path: ByteString;
  /** For people. */
  readonly reason: string;
}

/** What was left out, of which the first are told one by one. */
export class LeftOuts {
  readonly first: LeftOut[] = [];
  count = 0;

  add(path: ByteString, reason: string): void {
    this.count++;
    if (this.first.length < MOST_TOLD) this.first.push({ path, reason });
  }
}

const MOST_TOLD = 100;
const PIECE_MS = 1;

/** Runs pieces of `work` until about a millisecond has passed: whether it has come to its end. */
export function runPiece(work: Iterator<unknown>, mayGoOn: () => boolean): boolean {
  const end = performance.now() + PIECE_MS;
  while (mayGoOn()) {
    if (work.next().done === true) return true;
    if (performance.now() >= end) return false;
  }
  return false;
}
