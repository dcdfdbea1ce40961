// `rootsync log`: what happened, from the event log on flash, for people or as the lines themselves; also as it happens.

import { EVENT_KINDS } from '../capture/event.ts';
import type { LogRecord } from '../capture/event.ts';
import type { ByteString } from '../bytes.ts';
import { didYouMean } from '../daemon/suggest.ts';
import { errnoName } from '../errno.ts';
import { LogFiles } from '../report/log-files.ts';
import { isWithin, pathOf, Records } from '../report/records.ts';
import { close } from '../sys/open.ts';
import { describeRecord } from './event-line.ts';
import { EXIT } from './exit-codes.ts';
import { chooseFlash, openLog, type FlashWords } from './flash-choice.ts';
import { Failure } from './live-mount.ts';
import { mergedPath } from './merged-path.ts';
import { exactly } from './run/raw-words.ts';
import { say, writeAll } from './say.ts';
import { parseSince, SINCE_FORMS } from './time-words.ts';

export interface LogOptions extends FlashWords {
  readonly follow?: true;
  readonly json?: true;
  readonly kind?: readonly string[];
  readonly since?: string;
}

/** How often a log that is followed is looked at; ms. */
const LOOK_MS = 200;
/** For so long a line that is being written is waited for; ms. */
const PATIENCE_MS = 1000;
const BATCH = 64 * 1024;
const STDOUT = 1;

/** @throws Failure */
export async function log(words: readonly string[], options: LogOptions): Promise<number> {
  const kinds = parseKinds(options.kind ?? []);
  const since = options.since === undefined ? -Infinity : parseSince(options.since, Date.now());
  if (since === undefined) throw new Failure(EXIT.usage, `--since: ${options.since ?? ''} is no time: ${SINCE_FORMS}`);
  const flash = await chooseFlash(options);
  const files = new LogFiles(openLog(flash));
  close(flash.fd);
  const tops = exactly(words).map((word) => mergedPath(word, flash.base));
  const output = new Output(options.json ?? false, (record) => isWanted(record, kinds, since, tops));
  const records = new Records(files);
  try {
    let patience = flash.live === undefined ? 0 : PATIENCE_MS / LOOK_MS;
    for (;;) {
      const open = output.pass(records);
      if (!open) return EXIT.ok;
      const torn = options.follow ? undefined : records.torn();
      if (!options.follow && (torn === undefined || patience-- <= 0)) {
        if (torn !== undefined) say(torn.damage);
        return EXIT.ok;
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  } finally {
    files.close();
  }
}

function parseKinds(lists: readonly string[]): ReadonlySet<string> | undefined {
  if (lists.length === 0) return undefined;
  const known: readonly string[] = [...EVENT_KINDS, 'lost'];
  const kinds = lists.flatMap((list) => list.split(','));
  for (const kind of kinds) {
    if (known.includes(kind)) continue;
    throw new Failure(EXIT.usage, `--kind: unknown kind ${kind}${didYouMean(kind, known)}; kinds: ${known.join(', ')}`);
  }
  return new Set(kinds);
}

/** Records that tell of lost ones have no path: they may have been about any. */
function isWanted(
  record: LogRecord,
  kinds: ReadonlySet<string> | undefined,
  since: number,
  tops: readonly ByteString[],
): boolean {
  if (kinds?.has(record.kind) === false) return false;
  if (Date.parse(record.time) < since) return false;
  if (tops.length === 0 || record.kind === 'lost') return true;
  const path = pathOf(record);
  return tops.some((top) => isWithin(path, top));
}

/** stdout, in pieces; what is wrong with the log itself goes to stderr in its place. */
class Output {
  readonly #json: boolean;
  readonly #isWanted: (record: LogRecord) => boolean;
  #held: Buffer[] = [];
  #size = 0;

  constructor(json: boolean, wanted: (record: LogRecord) => boolean) {
    this.#json = json;
    this.#isWanted = wanted;
  }

  /** Prints what is new in the log. False: nobody reads it any more. @throws Failure */
  pass(records: Records): boolean {
    const news = records.read();
    for (let next = news.next(); ; next = news.next()) {
      if (next.done === true) {
        if (next.value < 0) throw new Failure(EXIT.failed, `the log cannot be read: ${errnoName(next.value)}`);
        return this.#flush();
      }
      const told = next.value;
      if ('damage' in told) {
        if (!this.#flush()) return false;
        say(told.damage);
      } else if (this.#isWanted(told.record) && !this.#print(told.record, told.bytes)) {
        return false;
      }
    }
  }

  #print(record: LogRecord, line: Buffer): boolean {
    const bytes = this.#json ? Buffer.concat([line, NEWLINE]) : Buffer.from(describeRecord(record));
    this.#held.push(bytes);
    this.#size += bytes.length;
    return this.#size < BATCH || this.#flush();
  }

  #flush(): boolean {
    const bytes = Buffer.concat(this.#held);
    this.#held = [];
    this.#size = 0;
    return writeAll(STDOUT, bytes);
  }
}

const NEWLINE = Buffer.from('\n');
