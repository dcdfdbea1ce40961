// What a device holds after a power cut: everything that was written before the last flush, and of what came after it any part, block by
// block, since a drive writes its cache in whatever order it likes. Reads a recorder's log; knows nothing of filesystems.

import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { tool } from './recording.ts';
import { FLUSH, HEADER, WRITE, ZERO } from './log-format.ts';
import type { Random } from './random.ts';

/** What a drive never tears. */
const BLOCK = 4096;

interface Entry {
  readonly kind: number;
  readonly offset: number;
  readonly length: number;
  /** Where its data are in the log. */
  readonly at: number;
}

/** The moment of a cut. */
export interface Cut {
  /** So many records have reached the device, in whatever state. */
  readonly position: number;
  /** Out of 8, how many of the blocks written since the last flush have survived. */
  readonly survive: number;
}

export class Replay implements Disposable {
  /** The image as it is at the flush before the last cut. */
  readonly #state: string;
  readonly #log: number;
  readonly #entries: Entry[];
  #done = 0;

  /** `scratch` is a file of ours. */
  constructor(base: string, log: string, scratch: string) {
    this.#state = scratch;
    tool('cp', '--sparse=always', base, scratch);
    this.#log = openSync(log, 'r');
    this.#entries = readEntries(this.#log);
  }

  get records(): number {
    return this.#entries.length;
  }

  get flushes(): number {
    return this.#entries.filter(({ kind }) => kind === FLUSH).length;
  }

  /** Makes the image at `file` what the device holds after the cut. Cuts must not go back behind an earlier one's last flush. */
  make({ position, survive }: Cut, random: Random, file: string): void {
    let flushed = position;
    while (flushed > 0 && this.#entries[flushed - 1]?.kind !== FLUSH) flushed--;
    if (flushed < this.#done) throw new RangeError('cuts must be made in order');
    const state = openSync(this.#state, 'r+');
    for (; this.#done < flushed; this.#done++) this.#apply(state, this.#entries[this.#done]!);
    closeSync(state);
    tool('cp', '--sparse=always', this.#state, file);
    const image = openSync(file, 'r+');
    for (const entry of this.#entries.slice(flushed, position)) {
      for (let from = 0; from < entry.length; from += BLOCK) {
        if (random(8) >= survive) continue;
        const length = Math.min(BLOCK, entry.length - from);
        this.#apply(image, { ...entry, offset: entry.offset + from, length, at: entry.at + from });
      }
    }
    closeSync(image);
  }

  #apply(fd: number, { kind, offset, length, at }: Entry): void {
    if (kind === FLUSH) return;
    const data = Buffer.alloc(length);
    if (kind === WRITE) readSync(this.#log, data, 0, length, at);
    writeSync(fd, data, 0, length, offset);
  }

  [Symbol.dispose](): void {
    closeSync(this.#log);
  }
}

function readEntries(fd: number): Entry[] {
  const { size } = fstatSync(fd);
  const entries: Entry[] = [];
  const header = Buffer.alloc(HEADER);
  for (let pos = 0; pos < size;) {
    readSync(fd, header, 0, HEADER, pos);
    pos += HEADER;
    const kind = header.readUInt32LE(0);
    const length = header.readUInt32LE(4);
    if (kind !== WRITE && kind !== FLUSH && kind !== ZERO) throw new Error('not a log');
    entries.push({ kind, length, offset: header.readDoubleLE(8), at: pos });
    if (kind === WRITE) pos += length;
  }
  return entries;
}
