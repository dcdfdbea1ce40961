// Whether to keep asking for the next request before sleeping: putting a CPU to sleep and waking it costs more than serving a
// request, when the next one comes at once. Pure arithmetic on times that it is given, in ms of one monotonic clock.
// It must not look in vain for long: not after rare requests, and not when the caller cannot run because we do (other work has
// the other CPUs). So looking is paid from a credit that successes earn; without credit it sleeps, and tries again ever more seldom.

/** 100 us: about what sleeping and waking costs twice over. */
export const SPIN_MS = 0.1;

const MOST_CREDIT = 8;
const MOST_PAUSE = 64;

export class Spin {
  private readonly longest: number;
  /** When the last request ended. */
  private since = -Infinity;
  /** Looked in vain since then. */
  private looked = false;
  private credit = MOST_CREDIT;
  /** Requests for which looking would have been in time, to let pass before the next try; and how many the last pause had. */
  private pause = 0;
  private lastPause = 0;

  /** `longest` 0: never (one CPU: the caller could not run meanwhile). */
  constructor(longest: number) {
    this.longest = longest;
  }

  /** A request has just been answered. */
  served(now: number): void {
    this.since = now;
    this.looked = false;
  }

  /** Is it worth asking once more before sleeping? */
  again(now: number): boolean {
    if (this.credit === 0 || now - this.since >= this.longest) return false;
    this.looked = true;
    return true;
  }

  /** Going to sleep. */
  missed(): void {
    if (!this.looked) return;
    this.looked = false;
    this.credit--;
    if (this.credit > 0) return;
    this.lastPause = this.lastPause === 0 ? 1 : Math.min(2 * this.lastPause, MOST_PAUSE);
    this.pause = this.lastPause;
  }

  /** A request came without sleeping. */
  hit(): void {
    if (!this.looked) return;
    this.lastPause = 0;
    if (this.credit < MOST_CREDIT) this.credit++;
  }

  /** A request ended a sleep: if that was soon (waking took part of the time), looking might have been better. */
  woken(now: number): void {
    if (this.credit > 0 || now - this.since >= 2 * this.longest) return;
    this.pause--;
    if (this.pause <= 0) this.credit = 1;
  }
}
