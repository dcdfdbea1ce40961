// Whether requests come in a stream: many in a row, none of which ended a sleep. Their callers do hardly anything but wait for us, so it is worth
// having them go on at once.

/** Requests in a row, about 2 ms of them. Fewer are not worth telling anybody. */
const MANY = 64;

export class Stream {
  private inRow = 0;
  private readonly tell: (on: boolean) => void;

  /** `tell` hears of the beginning of each stream and of its end. */
  constructor(tell: (on: boolean) => void) {
    this.tell = tell;
  }

  /** A request was served. */
  served(): void {
    if (++this.inRow === MANY) this.tell(true);
  }

  /** Going to sleep, or no more requests will be served. */
  ended(): void {
    if (this.inRow >= MANY) this.tell(false);
    this.inRow = 0;
  }
}
