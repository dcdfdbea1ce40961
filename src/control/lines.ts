// Splits a stream of bytes into lines without ever holding more than one limit's worth of an unfinished one.

const NEWLINE = 0x0a;

export class LineSplitter {
  readonly #limit: number;
  #parts: Buffer[] = [];
  #held = 0;

  /** `limit`: the longest line in bytes, newline included. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether a line has begun and not ended. */
  get unfinished(): boolean {
    return this.#held > 0;
  }

  /** The lines that `chunk` completes, without their newlines; undefined when one is over the limit: the stream is then of no more use. */
  push(chunk: Buffer): string[] | undefined {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      if (this.#held + end + 1 - start > this.#limit) return undefined;
      lines.push(Buffer.concat([...this.#parts, chunk.subarray(start, end)]).toString('utf8'));
      this.#parts = [];
      this.#held = 0;
      start = end + 1;
    }
    if (start < chunk.length) {
      this.#held += chunk.length - start;
      if (this.#held >= this.#limit) return undefined;
      this.#parts.push(Buffer.from(chunk.subarray(start)));
    }
    return lines;
  }
}
