// Whether to keep asking for the next request before sleeping: putting a CPU to sleep and waking it costs more than serving a
// request, when the next one comes at once. Pure arithmetic on times that it is given, in ms of one monotonic clock.
// For how long it is worth looking is learned from the gaps between an answer and the next request: each look takes something from
// others (a hyperthread has half a core), each request met while looking saves a sleep.
// It must not look in vain for long: not after rare requests, and not when the caller cannot run because we do (other work has
// the other CPUs). So looking is paid from a credit that successes earn; without credit it sleeps, and tries again ever more seldom.
// What looking costs depends on whether others want the CPU: that is asked now and then. Those that wait for the very CPU it looks on (the caller, which the kernel
// may have put there, or what that started) are let in between two looks.

/** 500 us: within that a small program has run, and the next one begins. */
export const SPIN_MS = 0.5;

const MOST_CREDIT = 8;
const MOST_PAUSE = 64;

/** What meeting a request while looking saves. */
const SAVED_MS = 0.05;
/** What looking costs per ms of it, where a CPU is idle otherwise, and where others want it. */
const COST_IDLE = 0.05;
const COST_CROWDED = 0.6;
/**
 * Gaps between two questions whether a CPU is idle; an answer's weight beside those before it; the share of answers from which on none is, and from which
 * on some program never waits.
 */
const ASK_EVERY = 8;
const WEIGHT = 0.125;
const CROWDED = 0.7;
const HOGGED = 0.9;
/** Limits to choose from, as parts of the longest. */
const PARTS = [0.02, 0.04, 0.08, 0.14, 0.2, 0.5, 1];
/** Within twice this part of the longest, a request that ended a sleep came soon, whatever the limit. */
const LEAST = 0.2;
/** Gaps between two choices; older ones count half each time. */
const CHOOSE_EVERY = 32;

export class Spin {
  private readonly longest: number;
  /** For how long it looks at present. */
  private limit: number;
  /** Gaps seen, by the first of PARTS that they are within; the last counts those beyond. */
  private readonly gaps = new Float64Array(PARTS.length + 1);
  private seen = 0;
  /** When the last request ended. */
  private since = -Infinity;
  /** Looked in vain since then. */
  private looked = false;
  private readonly isCrowded: () => boolean;
  /** How often it was crowded lately, 0 to 1. */
  private crowd = 1;
  private credit = MOST_CREDIT;
  /** Requests for which looking would have been in time, to let pass before the next try; and how many the last pause had. */
  private pause = 0;
  private lastPause = 0;

  /** `longest` 0: never (one CPU: the caller could not run meanwhile). `isCrowded`: is no CPU idle, now that a request has come? */
  constructor(longest: number, isCrowded: () => boolean = () => true) {
    this.longest = longest;
    this.isCrowded = isCrowded;
    this.limit = longest;
  }

  /** A request has just been answered. */
  served(now: number): void {
    this.since = now;
    this.looked = false;
  }

  /** Is it worth asking once more before sleeping? */
  again(now: number): boolean {
    if (this.credit === 0 || now - this.since >= this.limit) return false;
    this.looked = true;
    return true;
  }

  /** Should others that wait for this very CPU run between two looks? They soon wait themselves, for us or what they started; but who computes without end would keep it for a whole slice. */
  get isPolite(): boolean {
    return this.crowd <= HOGGED;
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
  hit(now: number): void {
    this.learn(now - this.since);
    if (!this.looked) return;
    this.lastPause = 0;
    if (this.credit < MOST_CREDIT) this.credit++;
  }

  /** A request ended a sleep: if that was soon (waking took part of the time), looking might have been better. */
  woken(now: number): void {
    this.learn(now - this.since - SAVED_MS);
    if (this.credit > 0 || now - this.since >= 2 * Math.max(this.limit, LEAST * this.longest)) return;
    this.pause--;
    if (this.pause <= 0) this.credit = 1;
  }

  private learn(gap: number): void {
    if (this.longest === 0) return;
    let at = 0;
    while (at < PARTS.length && gap > this.longest * (PARTS[at] ?? 1)) at++;
    this.gaps[at] = (this.gaps[at] ?? 0) + 1;
    this.seen++;
    if (this.seen % ASK_EVERY === 0) this.crowd += WEIGHT * (Number(this.isCrowded()) - this.crowd);
    if (this.seen < CHOOSE_EVERY) return;
    this.seen = 0;
    this.limit = this.choose();
    for (let i = 0; i < this.gaps.length; i++) this.gaps[i] = (this.gaps[i] ?? 0) / 2;
  }

  /** The limit that would have gained most over the gaps seen; 0: none would have. */
  private choose(): number {
    const cost = this.crowd > CROWDED ? COST_CROWDED : COST_IDLE;
    let best = 0;
    let limit = 0;
    let beyond = this.gaps.reduce((sum, count) => sum + count, 0);
    let gain = 0;
    for (const [i, part] of PARTS.entries()) {
      const here = this.gaps[i] ?? 0;
      const end = this.longest * part;
      beyond -= here;
      gain += here * (SAVED_MS - cost * end);
      const net = gain - beyond * cost * end;
      if (net <= best) continue;
      best = net;
      limit = end;
    }
    return limit;
  }
}
