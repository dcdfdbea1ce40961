// Times of last change (ctime) that objects showed before they came to flash. A copy's own is when it was made, and nothing can set it; who
// looks twice while a file is captured (tar, git) would take it for changed. Shown only while flash's object is as the capture left it.

import { newStat } from '../sys/stat.ts';
import type { Stat } from '../sys/stat.ts';
import type { Node } from './node.ts';

interface ChangeTime {
  readonly shown: number;
  readonly shownNsec: number;
  /** Flash's, by which a later change is noticed. */
  readonly real: number;
  readonly realNsec: number;
}

export class ChangeTimes {
  readonly #kept = new Map<Node, ChangeTime>();
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
    const { ctime, ctimeNsec } = stat;
    const err = put();
    if (err < 0) return err;
    this.drop(node);
    if (node.onFlash && this.#attributes(node, stat) >= 0) {
      this.#kept.set(node, { shown: ctime, shownNsec: ctimeNsec, real: stat.ctime, realNsec: stat.ctimeNsec });
    }
    return err;
  }

  /** Puts the time to be shown in the place of flash's own. */
  show(node: Node, stat: Stat): void {
    const kept = this.#kept.get(node);
    if (kept === undefined) return;
    if (stat.ctime === kept.real && stat.ctimeNsec === kept.realNsec) {
      stat.ctime = kept.shown;
      stat.ctimeNsec = kept.shownNsec;
    } else this.#kept.delete(node);
  }

  drop(node: Node): void {
    this.#kept.delete(node);
  }
}
