// Which paths were changed, and on which branch, while somebody wants to know: `rootsync upgrade`. What comes out at the end counts: a name that was made and removed
// again is none, and a directory that was renamed stands for what is below it.

import type { ByteString } from '../bytes.ts';
import { asBytes } from '../bytes.ts';
import type { Stat } from '../sys/stat.ts';

/** Paths that are kept; of further ones only the number is. */
const MOST = 65_536;

export type Side = 'flash' | 'disk';

interface Entry {
  /** When it was first heard of, and now. */
  readonly existed: boolean;
  exists: boolean;
  flash: boolean;
  disk: boolean;
  /** It was opened for writing and nothing else is known: changed if these are others by then. */
  opened: Stamp | null;
}

interface Stamp {
  readonly ctime: number;
  readonly ctimeNsec: number;
}

/** One path that is not as it was. */
export interface Changed {
  readonly path: ByteString;
  readonly what: 'added' | 'changed' | 'removed';
  readonly on: 'both' | Side;
}

export class Changes {
  #watched = false;
  readonly #entries = new Map<ByteString, Entry>();
  #more = 0;

  /** Whether anybody wants to know. */
  get watched(): boolean {
    return this.#watched;
  }

  /** Begins anew, or ends. */
  watch(on: boolean): void {
    this.#watched = on;
    this.#entries.clear();
    this.#more = 0;
  }

  /** `path` is now the name of something; `before`: it was of something else. */
  made(path: ByteString, side: Side, before = false): void {
    const entry = this.#entry(path, before);
    if (entry === undefined) return;
    entry.exists = true;
    this.#set(entry, side);
  }

  gone(path: ByteString, side: Side): void {
    const entry = this.#entry(path, true);
    if (entry === undefined) return;
    entry.exists = false;
    this.#set(entry, side);
    if (!entry.existed) this.#entries.delete(path);
  }

  changed(path: ByteString, side: Side): void {
    this.made(path, side, true);
  }

  /** May be changed from now on; `stat` as it is now. */
  opened(path: ByteString, side: Side, { ctime, ctimeNsec }: Stat): void {
    if (this.#entries.has(path)) {
      this.changed(path, side);
      return;
    }
    const entry = this.#entry(path, true);
    if (entry === undefined) return;
    this.#set(entry, side);
    entry.opened = { ctime, ctimeNsec };
  }

  /** Flash got what disk has had. */
  pulled(path: ByteString): void {
    if (this.#watched) this.made(path, 'flash');
  }

  /** A directory goes elsewhere, with what was heard of below it. */
  renamed(from: ByteString, to: ByteString): void {
    for (const [path, entry] of [...this.#entries]) {
      if (!path.startsWith(`${from}/`)) continue;
      this.#entries.delete(path);
      if (!entry.existed) this.#entries.set(asBytes(to + path.slice(from.length)), entry);
    }
  }

  /** `follows`: flash follows disk there. `stampOf`: of what has the path now, undefined for nothing. */
  report(
    follows: (path: ByteString) => boolean,
    stampOf: (path: ByteString) => Stamp | undefined,
  ): { readonly changed: Changed[]; readonly more: number } {
    const changed: Changed[] = [];
    for (const [path, { existed, exists, flash, disk, opened }] of this.#entries) {
      if (opened !== null) {
        const now = stampOf(path);
        if (now?.ctime === opened.ctime && now.ctimeNsec === opened.ctimeNsec) continue;
      }
      const what = !exists ? 'removed' : existed ? 'changed' : 'added';
      const on = disk ? (flash || follows(path) ? 'both' : 'disk') : 'flash';
      changed.push({ path, what, on });
    }
    return { changed, more: this.#more };
  }

  #set(entry: Entry, side: Side): void {
    entry[side] = true;
    entry.opened = null;
  }

  #entry(path: ByteString, existed: boolean): Entry | undefined {
    const known = this.#entries.get(path);
    if (known !== undefined) return known;
    if (this.#entries.size >= MOST) {
      this.#more++;
      return undefined;
    }
    const entry: Entry = { existed, exists: true, flash: false, disk: false, opened: null };
    this.#entries.set(path, entry);
    return entry;
  }
}
