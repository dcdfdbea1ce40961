// Files that are opened again and again, as programs and their libraries are: what was opened for one of them outlives its last close for a
// moment, so that the next open finds the descriptor, and the backing that the kernel knows; and of which it is known that they have no
// capability, which the kernel asks at each exec and cannot remember. Nothing is decided here, and before anything changes all is given up.
// Invariant: nobody has a file open that is kept here.

import { newStat, statxFd } from '../sys/stat.ts';
import type { Node } from '../tree/node.ts';
import { OPENED_BEFORE } from '../tree/node.ts';
import type { OpenState } from '../tree/open-state.ts';
import { hasSetId } from './set-id.ts';

/** Files of each sort. A program and its libraries are about ten. */
const MOST = 64;
/** For how long it counts, in ms: disk may be another's, too. */
const FRESH_MS = 1000;

const stat = newStat();

export class RecentFiles {
  readonly #fuseFd: number;
  readonly #kept = new Map<Node, OpenState>();
  readonly #incapable = new Set<Node>();
  /** When the oldest of both came; Infinity: there is none. */
  #since = Infinity;

  /** `fuseFd`: /dev/fuse, where backings are registered. */
  constructor(fuseFd: number) {
    this.#fuseFd = fuseFd;
  }

  /** When `expire` is due (performance.now(), ms); undefined: nothing is kept. */
  get deadline(): number | undefined {
    return this.#since === Infinity ? undefined : this.#since + FRESH_MS;
  }

  /** `state` of a file that was open to be read has seen its last close: it is kept, or ends. */
  closed(node: Node, state: OpenState): void {
    // Most files are read once: those are not worth a descriptor.
    const wanted = node.has(OPENED_BEFORE) && node.parent !== null && state.readFd >= 0 && state.writeFd < 0;
    node.flags |= OPENED_BEFORE;
    if (!wanted || this.#kept.size >= MOST) {
      state.end(this.#fuseFd);
      return;
    }
    this.#begin();
    this.#kept.set(node, state);
  }

  /**
   * What is kept of `node`, which the caller owns from now on; undefined: nothing that is still right. `mayPass`: it may be passed through.
   * Who deletes or replaces a branch's file behind our back is noticed, as by an open.
   */
  take(node: Node, mayPass: boolean): OpenState | undefined {
    const state = this.#kept.get(node);
    if (state === undefined) return undefined;
    this.#kept.delete(node);
    const known = performance.now() - this.#since < FRESH_MS && statxFd(state.readFd, stat) === 0 && stat.nlink > 0;
    if (known && (!state.passthrough || (mayPass && !hasSetId(stat.mode)))) return state;
    state.end(this.#fuseFd);
    return undefined;
  }

  /** The branch's object of `node` has no capability. */
  foundIncapable(node: Node): void {
    if (this.#incapable.size >= MOST) return;
    this.#begin();
    this.#incapable.add(node);
  }

  /** Whether `node` is known to have no capability. */
  isIncapable(node: Node): boolean {
    return this.#incapable.has(node);
  }

  /** Keeps nothing that is too old. */
  expire(): void {
    if (performance.now() - this.#since >= FRESH_MS) this.clear();
  }

  /** Keeps nothing. */
  clear(): void {
    if (this.#since === Infinity) return;
    this.#since = Infinity;
    for (const state of this.#kept.values()) state.end(this.#fuseFd);
    this.#kept.clear();
    this.#incapable.clear();
  }

  #begin(): void {
    if (this.#since === Infinity) this.#since = performance.now();
  }
}
