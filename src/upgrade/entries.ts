// All paths that flash has still to follow, by path and by state, so that what is to be done next is found without a look at the others.

import type { ByteString } from '../bytes.ts';
import { newEntry } from './entry.ts';
import type { Entry, EntryState } from './entry.ts';

export class Entries {
  readonly #all = new Map<ByteString, Entry>();
  readonly #by: Readonly<Record<EntryState, Set<Entry>>> = {
    queued: new Set(),
    copying: new Set(),
    open: new Set(),
    stored: new Set(),
    failed: new Set(),
  };

  get byPath(): ReadonlyMap<ByteString, Entry> {
    return this.#all;
  }

  /** Those in this state, the longest first. May be walked while they change. */
  in(state: EntryState): ReadonlySet<Entry> {
    return this.#by[state];
  }

  /** Nothing is queued, copied or stored: what is left waits for somebody else. */
  get idle(): boolean {
    return this.#by.queued.size + this.#by.copying.size + this.#by.stored.size === 0;
  }

  /** A new one, queued. */
  add(path: ByteString): void {
    const entry = newEntry(path);
    this.#all.set(path, entry);
    this.#by[entry.state].add(entry);
  }

  /** It keeps its place where it is in that state already: who walks those would meet it again and again. */
  turn(entry: Entry, state: EntryState): void {
    if (entry.state === state) return;
    this.#by[entry.state].delete(entry);
    entry.state = state;
    this.#by[state].add(entry);
  }

  /** Flash has followed. */
  drop(entry: Entry): void {
    this.#all.delete(entry.path);
    this.#by[entry.state].delete(entry);
  }
}
