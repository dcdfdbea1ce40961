// Lines appended to a file that is rotated by size, by the descriptor of its directory. A line that cannot be written now is kept and
// written later, in order; when too much is kept, the newest lines are given up, and one line in their place says so. Knows lines and
// their numbers, not what is in them. Writes at once and synchronously: for a thread that no request waits for.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EIO, ENOENT } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { write } from '../sys/io.ts';
import { renameat2 } from '../sys/link.ts';
import { O_APPEND, O_CREAT, O_RDWR, O_TRUNC, close, openat } from '../sys/open.ts';
import { newStat, statxFd } from '../sys/stat.ts';

/** Lines numbered `from` to `to` that were given up. */
export interface LostLines {
  from: number;
  to: number;
}

export interface LogFileOptions {
  /** A file that would grow beyond is rotated; bytes. */
  readonly maxBytes: number;
  /** Rotated files that are kept (NAME.1 is the newest). */
  readonly keep: number;
  /** Bytes of lines that wait at most. */
  readonly maxQueued: number;
  /** After a failed write, none is tried for so long; ms. */
  readonly retryAfter: number;
  /** The line that stands for lost ones, newline included. */
  readonly lostLine: (lost: LostLines) => string;
  /** write(2), or what a test puts in its place. */
  readonly write?: typeof write;
}

interface Line {
  readonly text: string;
}

const CHUNK = 64 * 1024;

export class LogFile {
  readonly #dirFd: number;
  readonly #name: string;
  readonly #options: LogFileOptions;
  readonly #write: typeof write;
  #fd: number;
  #size: number;
  /** Size at which rotation is tried next. */
  #rotateAt: number;
  /** What is being written: lines that left the queue, from `#done` on not yet in the file. */
  #chunk: Buffer | null = null;
  #done = 0;
  #chunkLines = 0;
  #queue: (Line | LostLines)[] = [];
  #queuedBytes = 0;
  #failedAt = -Infinity;
  /** Lines that are in the file, since it was opened. */
  written = 0;
  /** Lines that were given up. */
  lost = 0;
  lastError: Errno | null = null;

  private constructor(dirFd: number, name: string, fd: number, size: number, options: LogFileOptions) {
    this.#dirFd = dirFd;
    this.#name = name;
    this.#fd = fd;
    this.#size = size;
    this.#options = options;
    this.#write = options.write ?? write;
    this.#rotateAt = options.maxBytes;
  }

  /** Opens NAME in a directory, made when it is missing. The directory's descriptor must outlive the file. */
  static open(dirFd: number, name: string, options: LogFileOptions): LogFile | Errno {
    const fd = openat(dirFd, asBytes(name), FLAGS, 0o600);
    if (fd < 0) return fd as Errno;
    const stat = newStat();
    const err = statxFd(fd, stat);
    if (err >= 0) return new LogFile(dirFd, name, fd, stat.size, options);
    close(fd);
    return err as Errno;
  }

  get fd(): number {
    return this.#fd;
  }

  get size(): number {
    return this.#size;
  }

  /** Lines that wait to be written. */
  get queued(): number {
    return this.#chunkLines + this.#queue.reduce((n, item) => n + ('text' in item ? 1 : 0), 0);
  }

  /** Nothing waits. */
  get idle(): boolean {
    return this.#chunk === null && this.#queue.length === 0;
  }

  /** Ends a line that a crash left torn; `after` is the line to follow it. To be called before the first `append`. */
  completeTornLine(after: string): void {
    this.#chunk = Buffer.from(`\n${after}`);
  }

  /** Takes a line (newline included) with its number, which is one more than the last one's. `flush` writes it, if not this. */
  append(text: string, number: number): void {
    const bytes = Buffer.byteLength(text);
    if (this.#queuedBytes + bytes > this.#options.maxQueued) this.flush();
    if (this.#queuedBytes + bytes > this.#options.maxQueued && !this.idle) {
      this.#giveUp(number);
      return;
    }
    this.#queue.push({ text });
    this.#queuedBytes += bytes;
    if (this.#queuedBytes >= CHUNK) this.flush();
  }

  /** Writes what waits, unless a write failed just now; `force` tries even then. */
  flush(force = false): void {
    if (!force && performance.now() - this.#failedAt < this.#options.retryAfter) return;
    while (this.#chunk !== null || this.#queue.length > 0) {
      this.#chunk ??= this.#nextChunk();
      const n = this.#write(this.#fd, this.#chunk, this.#done, this.#chunk.length - this.#done);
      if (n <= 0) {
        this.lastError = n < 0 ? (n as Errno) : EIO;
        this.#failedAt = performance.now();
        return;
      }
      this.#size += n;
      this.#done += n;
      if (this.#done === this.#chunk.length) {
        this.written += this.#chunkLines;
        this.#chunk = null;
        this.#chunkLines = 0;
      }
    }
    this.#failedAt = -Infinity;
  }

  /** Tries once more to write, and closes. What still waits then is lost, and counted. */
  close(): void {
    this.flush(true);
    this.lost += this.queued;
    this.#chunk = null;
    this.#chunkLines = 0;
    this.#queue = [];
    close(this.#fd);
    this.#fd = -1;
  }

  #giveUp(number: number): void {
    this.lost++;
    const last = this.#queue.at(-1);
    if (last !== undefined && 'to' in last) last.to = number;
    else this.#queue.push({ from: number, to: number });
  }

  /** The first lines of the queue, in one piece. */
  #nextChunk(): Buffer {
    let text = '';
    let taken = 0;
    this.#chunkLines = 0;
    for (const item of this.#queue) {
      if (text.length >= CHUNK) break;
      if ('text' in item) this.#chunkLines++;
      text += 'text' in item ? item.text : this.#options.lostLine(item);
      taken++;
    }
    for (const item of this.#queue.splice(0, taken)) {
      if ('text' in item) this.#queuedBytes -= Buffer.byteLength(item.text);
    }
    this.#done = 0;
    const chunk = Buffer.from(text);
    if (this.#size > 0 && this.#size + chunk.length > this.#rotateAt) this.#rotate();
    return chunk;
  }

  /**
   * The new file is made first: where that fails, for want of room, the old one is still in its place and goes on. A crash between the
   * renames leaves no NAME, or a gap in the numbers behind it; neither loses a line.
   */
  #rotate(): void {
    const { maxBytes, keep } = this.#options;
    const fresh = this.#file('new');
    const fd = openat(this.#dirFd, fresh, FLAGS | O_TRUNC, 0o600);
    for (let n = keep - 1; n >= 1 && fd >= 0; n--) {
      renameat2(this.#dirFd, this.#file(n), this.#dirFd, this.#file(n + 1));
    }
    let err = fd < 0 ? fd : renameat2(this.#dirFd, asBytes(this.#name), this.#dirFd, this.#file(1));
    if (err >= 0 || err === ENOENT) err = renameat2(this.#dirFd, fresh, this.#dirFd, asBytes(this.#name));
    if (err < 0) {
      this.lastError = err as Errno;
      this.#rotateAt = this.#size + maxBytes / 4;
      if (fd >= 0) close(fd);
      return;
    }
    close(this.#fd);
    this.#fd = fd;
    this.#size = 0;
    this.#rotateAt = maxBytes;
  }

  #file(suffix: number | string): ByteString {
    return asBytes(`${this.#name}.${suffix}`);
  }
}

const FLAGS = O_RDWR | O_APPEND | O_CREAT;
