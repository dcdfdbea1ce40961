// What a branch remembers of its objects while it is away: their attributes, by path. Pure: it reads no branch.

import type { ByteString } from '../bytes.ts';
import { ENOENT } from '../errno.ts';
import { newStat, type Stat } from '../sys/stat.ts';

/** Objects looked at to tell whether a branch is the one that went away. */
const SAMPLE = 4096;
const ROOT = '' as ByteString;
const S_IFMT = 0o170000;

export class BranchMemory {
  readonly #stats = new Map<ByteString, Stat>();

  /** `stat` is copied. */
  keep(path: ByteString, stat: Stat): void {
    this.#stats.set(path, { ...stat });
  }

  /** As Branch.stat. ENOENT: there is none, or it is not remembered. */
  stat(path: ByteString, out: Stat): number {
    const kept = this.#stats.get(path);
    if (kept === undefined) return ENOENT;
    Object.assign(out, kept);
    return 0;
  }

  /**
   * Whether a tree is the one that is remembered: its root is the same directory, and of a sample of the rest most is what it was, for what is
   * changed elsewhere meanwhile is still the same disk. `look`: the tree's attributes of a path.
   */
  isOf(look: (path: ByteString, out: Stat) => number): boolean {
    const found = newStat();
    let [same, looked] = [0, 0];
    for (const [path, kept] of this.#stats) {
      if (looked >= SAMPLE) break;
      looked++;
      const agrees = look(path, found) >= 0 && isSameObject(kept, found);
      if (!agrees && path === ROOT) return false;
      if (agrees) same++;
    }
    return same * 2 > looked;
  }
}

/** Not by device: a disk that is plugged in again may get another number. */
function isSameObject(a: Stat, b: Stat): boolean {
  if (a.inoLo !== b.inoLo || a.inoHi !== b.inoHi || (a.mode & S_IFMT) !== (b.mode & S_IFMT)) return false;
  return a.btime === b.btime && a.btimeNsec === b.btimeNsec;
}
