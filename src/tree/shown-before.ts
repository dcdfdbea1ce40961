// Times of last change (ctime) that objects showed before they came to flash, and sizes of directories. A copy's own time is when it was made, and nothing
// can set it; a directory's size is what its names once took, on the filesystem that has it. Who looks twice while an object is captured (tar, git) would take
// it for changed. Shown only while flash's object is as the capture left it.

import { newStat } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import { isDir } from './node.ts';
import type { Node } from './node.ts';

interface Kept {
  readonly shown: number;
  readonly shownNsec: number;
  /** Of a directory. */
  readonly size: number;
  readonly blocks: number;
  /** Flash's, by which a later change is noticed. */
  readonly real: number;
  readonly realNsec: number;
}

export class ShownBefore {
  readonly #kept = new Map<Node, Kept>();
  readonly #attributes: (node: Node, stat: Stat) => number;
  readonly #stat: Stat = newStat();

  /** `attributes`: of a node, as shown. */
  constructor(attributes: (node: Node, stat: Stat) => number) {
    this.#attributes = attributes;
  }

  /** Does what puts (more of) `node` on flash without changing it, so that it does not show as changed. `put` gives 0, or an Errno. */
  unchanged(node: Node, put: () => number): number {
    const stat = this.#stat;
    if (this.#attributes(node, stat) < 0) return put();
    const { ctime: shown, ctimeNsec: shownNsec, size, blocks } = stat;
    const err = put();
    if (err < 0) return err;
    this.drop(node);
    if (node.onFlash && this.#attributes(node, stat) >= 0) {
      this.#kept.set(node, { shown, shownNsec, size, blocks, real: stat.ctime, realNsec: stat.ctimeNsec });
    }
    return err;
  }

  /** Puts what is to be shown in the place of flash's own. */
  show(node: Node, stat: Stat): void {
    const kept = this.#kept.get(node);
    if (kept === undefined) return;
    if (stat.ctime === kept.real && stat.ctimeNsec === kept.realNsec) {
      stat.ctime = kept.shown;
      stat.ctimeNsec = kept.shownNsec;
      if (!isDir(node)) return;
      stat.size = kept.size;
      stat.blocks = kept.blocks;
    } else this.#kept.delete(node);
  }

  drop(node: Node): void {
    this.#kept.delete(node);
  }
}
