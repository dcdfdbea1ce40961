// The marks on flash: `.rootsync/marks`, append-only; its records are of mark-record.ts. A torn or damaged tail is cut off at the next mount;
// everything before it holds. Appending reaches the kernel at once (a killed daemon loses nothing); what must survive a power cut waits
// until `durable` has reached the record's number. Room for marks to come is put aside, so that a full flash can still be emptied:
// removing what disk has takes a mark. For the same reason a log may be empty: its header comes with the first record.

import { asBytes } from '../bytes.ts';
import { ENOSPC } from '../errno.ts';
import { ftruncate } from '../sys/attr.ts';
import { fallocate, FALLOC_FL_KEEP_SIZE, fdatasync, fsync, syncfs, write } from '../sys/io.ts';
import { renameat2 } from '../sys/link.ts';
import { close, O_APPEND, O_CLOEXEC, O_CREAT, O_RDWR, O_TRUNC, openat } from '../sys/open.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import { MAGIC, readLog } from './mark-reader.ts';
import { encode, HEADER, MAX_PAYLOAD, roomFor } from './mark-record.ts';
import type { MarkRecord } from './mark-record.ts';
import type { Marks } from './marks.ts';

export const MARKS = asBytes('marks');
export const NEW_MARKS = asBytes('marks.new');
/** Records in a log before it may be rewritten at a mount: when fewer than half of them still say something. */
const WORTH_COMPACTING = 4096;
/** Bytes put aside for marks to come (some 700 removed names); asked for again once half of it is used, and then every so many bytes. */
const SPARE = 64 * 1024;
const ASK_AGAIN = 4096;
/** Records that are appended at once without making room for them. */
const AT_ONCE = 8;

/** What opening the log found. */
export interface MarkLogOpened {
  readonly log: MarkLog;
  readonly records: number;
  /** Bytes of a torn tail that were cut off. */
  readonly torn: number;
}

export class MarkLog {
  readonly fd: number;
  /** Records appended so far, counted from the mount. */
  appended = 0;
  /** Records known to be on the device. */
  durable = 0;
  #size: number;
  /** Up to which byte there is room for sure, and at which size more is to be asked for. */
  #aside = 0;
  #askAt = 0;
  readonly #scratch = Buffer.allocUnsafe(MAGIC.length + AT_ONCE * (HEADER + MAX_PAYLOAD));

  private constructor(fd: number, size: number) {
    this.fd = fd;
    this.#size = size;
    this.#putAside();
  }

  /**
   * Opens the log in `dirFd`, made where it is missing, and applies what it holds to `marks`.
   * Errors: what open, read and write give; EIO where the file is not a log of marks.
   */
  static open(dirFd: number, marks: Marks): MarkLogOpened | number {
    const before = openFile(dirFd);
    if (before < 0) return before;
    const opened = readLog(before, marks);
    if (typeof opened === 'number') {
      close(before);
      return opened;
    }
    const fd =
      opened.records > WORTH_COMPACTING && opened.records > 2 * marks.count()
        ? compacted(dirFd, marks, before)
        : before;
    if (fd !== before) {
      const size = sizeOf(fd);
      return size < 0 ? size : { log: new MarkLog(fd, size), records: opened.records, torn: opened.torn };
    }
    if (opened.torn > 0) ftruncate(fd, opened.size);
    // What a killed daemon left in the kernel's cache is made durable before anything relies on it; a new log's name, too.
    fdatasync(fd);
    if (opened.size === 0) fsync(dirFd);
    return { log: new MarkLog(fd, opened.size), records: opened.records, torn: opened.torn };
  }

  /** Its number, or what write gives. */
  append(record: MarkRecord): number {
    return this.appendAll([record]);
  }

  /** All of them or none: the number of the last one, or what write gives. */
  appendAll(records: readonly MarkRecord[]): number {
    const bytes = this.#roomFor(records);
    let length = this.#size === 0 ? MAGIC.copy(bytes, 0) : 0;
    for (const record of records) length += encode(record, bytes.subarray(length));
    for (let done = 0; done < length;) {
      const n = write(this.fd, bytes, done, length - done);
      done += n;
      if (n > 0) continue;
      // Part of a record must never stay: the next one would be behind it.
      ftruncate(this.fd, this.#size);
      return n < 0 ? n : ENOSPC;
    }
    this.#size += length;
    this.appended += records.length;
    this.#putAside();
    return this.appended;
  }

  /** Waits until all that was appended is on the device; `syncfs`: and all else that the filesystem holds. What the call gives. */
  sync(how: 'fdatasync' | 'syncfs'): number {
    const upTo = this.appended;
    const err = how === 'syncfs' ? syncfs(this.fd) : fdatasync(this.fd);
    if (err >= 0) this.durable = upTo;
    return err;
  }

  /** Bytes of the log. */
  get size(): number {
    return this.#size;
  }

  close(): void {
    close(this.fd);
  }

  // A directory that trades places has a record for each path below it.
  #roomFor(records: readonly MarkRecord[]): Buffer {
    if (records.length <= AT_ONCE) return this.#scratch;
    return Buffer.allocUnsafe(records.reduce((room, record) => room + roomFor(record), MAGIC.length));
  }

  // Where the filesystem has no fallocate nothing is put aside, and marks need room when they are made.
  #putAside(): void {
    const size = this.#size;
    if (size < this.#askAt) return;
    if (fallocate(this.fd, FALLOC_FL_KEEP_SIZE, size, SPARE) === 0) this.#aside = size + SPARE;
    this.#askAt = Math.max(this.#aside - SPARE / 2, size + ASK_AGAIN);
  }
}

function openFile(dirFd: number): number {
  return openat(dirFd, MARKS, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o600);
}

/** The log rewritten, open, in place of `before`; `before` itself where that failed (no room): it is as good, only longer. */
function compacted(dirFd: number, marks: Marks, before: number): number {
  if (compact(dirFd, marks) < 0) return before;
  const fd = openFile(dirFd);
  close(before);
  return fd;
}

function sizeOf(fd: number): number {
  const stat = newStat();
  const err = statxFd(fd, stat);
  return err < 0 ? err : stat.size;
}

/** Rewrites the log in `dirFd` from `marks`, whole or not at all. Errors: what open, write, fsync and rename give. */
export function compact(dirFd: number, marks: Marks): number {
  const fd = openat(dirFd, NEW_MARKS, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600);
  if (fd < 0) return fd;
  let err = writeAll(fd, marks);
  if (err >= 0) err = fsync(fd);
  close(fd);
  // A crash before this rename leaves the old log, after it the new one; both say the same.
  return err < 0 ? err : renameat2(dirFd, NEW_MARKS, dirFd, MARKS, 0);
}

function writeAll(fd: number, marks: Marks): number {
  const chunk = Buffer.allocUnsafe(1 << 20);
  const scratch = Buffer.allocUnsafe(HEADER + MAX_PAYLOAD);
  let used = MAGIC.copy(chunk, 0);
  const flush = (): number => {
    const n = write(fd, chunk, 0, used);
    if (n !== used) return n < 0 ? n : ENOSPC;
    used = 0;
    return 0;
  };
  for (const record of marks.records()) {
    const length = encode(record, scratch);
    if (used + length > chunk.length) {
      const err = flush();
      if (err < 0) return err;
    }
    used += scratch.copy(chunk, used, 0, length);
  }
  return flush();
}
