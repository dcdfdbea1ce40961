// Lines of an event log as records, and what is wrong with those that are none: damaged lines, numbers that are missing. Reads on where a
// line is damaged: what can be read is told.

import { fromText } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import type { Event, LogRecord } from '../capture/event.ts';
import type { Errno } from '../errno.ts';
import type { LogFiles, LogLine } from './log-files.ts';

export interface Told {
  readonly record: LogRecord;
  /** The line itself. */
  readonly bytes: Buffer;
}

/** What is to be said of the log itself, where it stands between records. */
export interface Damage {
  /** For people. */
  readonly damage: string;
}

export class Records {
  readonly #files: LogFiles;
  #expected = 0;

  constructor(files: LogFiles) {
    this.#files = files;
  }

  /** All records that have come since this was last asked, and damage in its place. Errors: as LogFiles. */
  *read(): Generator<Told | Damage, Errno | 0> {
    const lines = this.#files.lines();
    for (let next = lines.next(); ; next = lines.next()) {
      if (next.done === true) return next.value;
      const { file, line, bytes } = next.value;
      const record = parseRecord(next.value);
      if (typeof record === 'string') {
        yield { damage: `${file}, line ${String(line)}: ${record}; it is left out` };
        continue;
      }
      const first = record.kind === 'lost' ? record.from : record.seq;
      const gap = this.#gapBefore(first);
      if (gap !== undefined) yield { damage: `${file}, line ${String(line)}: ${gap} missing before it` };
      this.#expected = record.seq + 1;
      yield { record, bytes };
    }
  }

  /** What is to be said of a line that has no end, when nobody writes to the log any more. */
  torn(): Damage | undefined {
    if (this.#files.unfinished === 0) return undefined;
    const { file, line } = this.#files.at;
    return { damage: `${file}, line ${String(line)}: its end is missing; it is left out` };
  }

  #gapBefore(first: number): string | undefined {
    const missing = first - this.#expected;
    if (this.#expected === 0 || missing === 0) return undefined;
    if (missing < 0) return `numbers begin again at ${String(first)}: nothing is`;
    return missing === 1
      ? `event ${String(first - 1)} is`
      : `events ${String(this.#expected)} to ${String(first - 1)} are`;
  }
}

/** The exact path of an event, without its leading slash. */
export function pathOf({ path, pathBytes }: Pick<Event, 'path' | 'pathBytes'>): ByteString {
  const bytes =
    pathBytes === undefined ? fromText(path) : (Buffer.from(pathBytes, 'hex').toString('latin1') as ByteString);
  return (bytes.startsWith('/') ? bytes.slice(1) : bytes) as ByteString;
}

/** Whether `path` is `top` or lies below it; both without a leading slash. */
export function isWithin(path: ByteString, top: ByteString): boolean {
  return top === '' || path === top || path.startsWith(`${top}/`);
}

/** The record, or what is wrong with the line. */
function parseRecord({ bytes, cut }: LogLine): LogRecord | string {
  if (cut) return 'its end is missing';
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return bytes.includes(0) ? 'damaged (zeros, as a power cut leaves them)' : 'damaged (not a whole record)';
  }
  const record = value as Partial<LogRecord> | null;
  const whole =
    typeof record?.seq === 'number' && typeof record.kind === 'string' && !Number.isNaN(Date.parse(record.time ?? ''));
  if (!whole || (record.v as number) < 1) return 'damaged (not a record of events)';
  return record.kind === 'lost' || typeof (record as Event).path === 'string'
    ? (value as LogRecord)
    : 'damaged (no path)';
}
