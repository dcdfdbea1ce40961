// The files of an event log as one sequence of lines, oldest first, also while a daemon appends to them and rotates them. By inode number, so
// that no line is read twice or passed over because its file got another name meanwhile. Knows lines, not what is in them.

import { asBytes } from '../bytes.ts';
import { ENOENT } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { pread } from '../sys/io.ts';
import { close, O_DIRECTORY, O_RDONLY, openat } from '../sys/open.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import { namesOf } from './listing.ts';

export interface LogLine {
  /** Name of the file in which it stands, as it was when that was opened. */
  readonly file: string;
  /** Counts from 1 in its file. */
  readonly line: number;
  /** Without the newline. */
  readonly bytes: Buffer;
  /** It is not followed by a newline, and never will be, since a newer file is there. */
  readonly cut: boolean;
}

interface OpenFile {
  readonly fd: number;
  readonly name: string;
  readonly inode: string;
}

const NAME = /^events\.jsonl(?:\.(\d+))?$/;
const CHUNK = 256 * 1024;
/** Rotations that may happen while the files are being opened. */
const ROTATIONS = 4;
const stat = newStat();

export class LogFiles {
  readonly #dirFd: number;
  /** Still to be read, the first of them under way. */
  #files: OpenFile[] = [];
  #position = 0;
  #line = 1;
  /** Of the line that has no end yet. */
  #rest: Buffer = Buffer.alloc(0);

  /** Takes over the descriptor of the log's directory. */
  constructor(dirFd: number) {
    this.#dirFd = dirFd;
  }

  /** Bytes of a last line that has not ended so far. */
  get unfinished(): number {
    return this.#rest.length;
  }

  /** Name of the file being read, and the number of the line that comes next in it. */
  get at(): { readonly file: string; readonly line: number } {
    return { file: this.#files[0]?.name ?? '', line: this.#line };
  }

  /** All lines that have come since this was last asked. Errors: what listing, opening and reading give. */
  *lines(): Generator<LogLine, Errno | 0> {
    for (;;) {
      const [current] = this.#files;
      if (current === undefined) {
        const err = this.#openNewer('');
        if (err < 0) return err as Errno;
        if (this.#files.length === 0) return 0;
        continue;
      }
      // Asked before the file is read to its end: once there is a newer one, nothing is appended to this.
      if (this.#files.length === 1) {
        const err = this.#openNewer(current.inode);
        if (err < 0) return err as Errno;
      }
      const err = yield* this.#readOn(current);
      if (err < 0) return err;
      if (this.#files.length === 1) return 0;
      yield* this.#next(current);
    }
  }

  close(): void {
    for (const { fd } of this.#files) close(fd);
    this.#files = [];
    close(this.#dirFd);
  }

  *#readOn({ fd, name }: OpenFile): Generator<LogLine, Errno | 0> {
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (;;) {
      const n = pread(fd, chunk, 0, CHUNK, this.#position);
      if (n < 0) return n as Errno;
      if (n === 0) return 0;
      this.#position += n;
      const bytes = Buffer.concat([this.#rest, chunk.subarray(0, n)]);
      let start = 0;
      for (let end = bytes.indexOf(0x0a); end >= 0; end = bytes.indexOf(0x0a, start)) {
        yield { file: name, line: this.#line++, bytes: bytes.subarray(start, end), cut: false };
        start = end + 1;
      }
      this.#rest = bytes.subarray(start);
    }
  }

  *#next({ fd, name }: OpenFile): Generator<LogLine, void> {
    if (this.#rest.length > 0) yield { file: name, line: this.#line, bytes: this.#rest, cut: true };
    close(fd);
    this.#files.shift();
    this.#position = 0;
    this.#line = 1;
    this.#rest = Buffer.alloc(0);
  }

  /** Adds the files newer than the one with this inode number. From the newest on: what is renamed meanwhile is met later, or twice. */
  #openNewer(inode: string): number {
    const oldest = this.#oldestAge();
    if (oldest < 0) return oldest;
    const found: OpenFile[] = [];
    const known = new Set([inode]);
    for (let age = 0; age <= oldest + ROTATIONS; age++) {
      const name = age === 0 ? 'events.jsonl' : `events.jsonl.${String(age)}`;
      const fd = openat(this.#dirFd, asBytes(name), O_RDONLY);
      if (fd === ENOENT) continue;
      const err = fd < 0 ? fd : statxFd(fd, stat);
      const key = `${String(stat.inoHi)} ${String(stat.inoLo)}`;
      if (err < 0 || known.has(key)) close(fd);
      if (err < 0) {
        for (const file of found) close(file.fd);
        return err;
      }
      if (key === inode) break;
      if (!known.has(key)) found.unshift({ fd, name, inode: key });
      known.add(key);
    }
    this.#files.push(...found);
    return 0;
  }

  #oldestAge(): number {
    const fd = openat(this.#dirFd, asBytes('.'), O_RDONLY | O_DIRECTORY);
    if (fd < 0) return fd;
    const names = namesOf(fd);
    close(fd);
    if (typeof names === 'number') return names;
    return Math.max(0, ...names.map((name) => Number(NAME.exec(name)?.[1] ?? 0)));
  }
}
