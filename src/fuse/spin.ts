// How long to keep asking for the next request before sleeping: putting a CPU to sleep and waking it costs more than serving
// a request, when the next one comes at once. Pure arithmetic on times that it is given, in ms of one monotonic clock.
// It looks for at most `longest` after a request, for less and less when that was in vain, and not at all after a few misses.

const SHORTEST = 0.01;

/** 100 us: about what sleeping and waking costs twice over. */
export const SPIN_MS = 0.1;

export class Spin {
  /** When the last request ended. */
  private since = -Infinity;
  /** No sleep since then. */
  private fresh = false;
  private window: number;
  private readonly longest: number;

  /** `longest` 0: never spins (one CPU: the caller could not run meanwhile). */
  constructor(longest: number) {
    this.longest = longest;
    this.window = longest;
  }

  /** A request has just been answered. */
  served(now: number): void {
    this.since = now;
    this.fresh = true;
  }

  /** Is it worth asking once more before sleeping? */
  again(now: number): boolean {
    return now - this.since < this.window;
  }

  /** Going to sleep: looking for a request since the last one was in vain. */
  missed(): void {
    if (!this.fresh) return;
    this.fresh = false;
    this.window = this.window > SHORTEST ? this.window / 2 : 0;
  }

  /** A request came without sleeping. */
  hit(): void {
    this.window = this.longest;
  }

  /** A request ended a sleep. Soon enough (waking took part of the time), and the next wait is worth spinning. */
  woken(now: number): void {
    if (now - this.since < 2 * this.longest) this.window = this.longest;
  }
}
