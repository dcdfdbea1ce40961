// The event log: one JSON line per event, through pino, in `events.jsonl` of flash's log directory. Events get their numbers here, where
// the only writer appends them, so that numbers have no gap whatever thread an event comes from; an event's time is its maker's.
// What cannot be written is kept, and at last given up with a line that says so (LostEvents): no number is missing without a word.

import { pino } from 'pino';
import type { Logger } from 'pino';
import { asBytes } from '../bytes.ts';
import { errnoName } from '../errno.ts';
import type { Errno } from '../errno.ts';
import { O_RDONLY, close, openat } from '../sys/open.ts';
import { fdatasync } from '../sys/io.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import type { EventDraft, LostEvents } from './event.ts';
import { LogFile } from './log-file.ts';
import type { LogFileOptions } from './log-file.ts';
import { readTail } from './log-tail.ts';

const LOG_NAME = 'events.jsonl';

export interface EventLogHealth {
  /** Events that are in the log, since it was opened. */
  readonly written: number;
  /** Events that wait, because the log cannot be written now. */
  readonly queued: number;
  /** Events that were given up. */
  readonly lost: number;
  readonly lastSeq: number;
  /** Name of the last errno; null when nothing ever failed. */
  readonly lastError: string | null;
}

export interface EventLog {
  /** Numbers and writes events. Never fails: see `health`. */
  append(events: readonly EventDraft[]): void;
  /** Tries once more to write what waits, now. */
  retry(): void;
  /** What has been written is durable. Errors: of fdatasync. */
  sync(): number;
  close(): void;
  health(): EventLogHealth;
}

/** How the log is kept; a test's may differ. */
export type EventLogOptions = Partial<Omit<LogFileOptions, 'lostLine'>>;

// About 50,000 events, of some 600 bytes each.
const DEFAULTS = { maxBytes: 4 * 1024 * 1024, keep: 7, maxQueued: 8 * 1024 * 1024, retryAfter: 1000 };

/** Opens the log in a directory, and goes on with its numbers. The directory's descriptor must outlive the log. Errors: of opening it. */
export function openEventLog(dirFd: number, options: EventLogOptions = {}): EventLog | Errno {
  const kept = { ...DEFAULTS, ...options };
  const file = LogFile.open(dirFd, LOG_NAME, { ...kept, lostLine: ({ from, to }) => lostLine(from, to, 'queue-full') });
  if (typeof file === 'number') return file;
  const tail = readTail(file.fd, file.size);
  let lastSeq = tail.lastSeq;
  for (let n = 1; lastSeq === 0 && n <= kept.keep; n++) lastSeq = lastSeqOf(dirFd, `${LOG_NAME}.${n}`);
  if (tail.torn) {
    lastSeq++;
    file.completeTornLine(lostLine(lastSeq, lastSeq, 'torn'));
    file.flush();
  }
  return new NumberedLog(file, lastSeq, kept.retryAfter);
}

class NumberedLog implements EventLog {
  readonly #file: LogFile;
  readonly #logger: Logger;
  readonly #retryAfter: number;
  #lastSeq: number;
  #timer: NodeJS.Timeout | null = null;

  constructor(file: LogFile, lastSeq: number, retryAfter: number) {
    this.#file = file;
    this.#lastSeq = lastSeq;
    this.#retryAfter = retryAfter;
    // pino puts its level first; ours is always the same, and the record's version takes its place.
    const bare = { base: null, timestamp: false, formatters: { level: () => ({ v: 1 }) } };
    this.#logger = pino(bare, {
      write: (line: string) => {
        file.append(line, this.#lastSeq);
      },
    });
  }

  append(events: readonly EventDraft[]): void {
    for (const event of events) this.#logger.info({ seq: ++this.#lastSeq, ...event });
    this.#file.flush();
    this.#watch();
  }

  retry(): void {
    this.#file.flush(true);
    this.#watch();
  }

  sync(): number {
    return fdatasync(this.#file.fd);
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#file.close();
  }

  health(): EventLogHealth {
    const { written, queued, lost, lastError } = this.#file;
    return {
      written,
      queued,
      lost,
      lastSeq: this.#lastSeq,
      lastError: lastError === null ? null : errnoName(lastError),
    };
  }

  /** While something waits, it is tried again though no event may come. */
  #watch(): void {
    if (this.#file.idle || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.retry();
    }, this.#retryAfter).unref();
  }
}

function lostLine(from: number, to: number, reason: LostEvents['reason']): string {
  const time = new Date().toISOString();
  const lost: LostEvents = { v: 1, seq: to, time, kind: 'lost', count: to - from + 1, from, to, reason };
  return `${JSON.stringify(lost)}\n`;
}

function lastSeqOf(dirFd: number, name: string): number {
  const fd = openat(dirFd, asBytes(name), O_RDONLY);
  if (fd < 0) return 0;
  const stat = newStat();
  const { lastSeq } = statxFd(fd, stat) < 0 ? { lastSeq: 0 } : readTail(fd, stat.size);
  close(fd);
  return lastSeq;
}
