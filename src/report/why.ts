// Why an object is on flash, or is not: from what it is now, what the log tells of it, and what the rules say. Pure: facts in, report out.

import { display } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import type { Event, LogRecord } from '../capture/event.ts';
import { ELOOP, ENOENT, errnoName } from '../errno.ts';
import { sourceOf } from '../policy/exclude-rule.ts';
import type { Decision } from '../policy/excludes.ts';
import type { Mode } from '../policy/mode.ts';
import type { ObjectKind } from '../policy/object-kind.ts';
import type { ObjectState } from './object-state.ts';
import { isWithin, pathOf } from './records.ts';

/**
 * On flash: `captured` (as disk has it), `changed` (it was disk's), `made` (it is not disk's).
 * Only on disk: `excluded` by a rule, `skipped` for want of room or for its size, `failed` to be copied, `dropped` from flash after it was
 * there, `unused`.
 * Neither: `removed` in the merged root, `absent`, `reserved` for rootsync.
 */
export type Verdict =
  | 'captured'
  | 'changed'
  | 'made'
  | 'excluded'
  | 'skipped'
  | 'failed'
  | 'dropped'
  | 'unused'
  | 'removed'
  | 'absent'
  | 'reserved';

/** The public JSON type of `rootsync why --json`: an array of these. Paths are absolute in the merged root; what is no UTF-8 as `\xNN`. */
export interface WhyReport {
  /** As asked, made absolute. */
  readonly asked: string;
  /** Symlinks above the object's name that were followed. */
  readonly hops: readonly { readonly path: string; readonly target: string }[];
  /** The object's own path. */
  readonly path: string;
  /** Hex of its exact bytes, where `path` cannot say them. */
  readonly pathBytes?: string;
  /** Its path on disk, where that is another: a directory above it was renamed. */
  readonly diskPath?: string;
  /** null: there is none. */
  readonly objectKind: ObjectKind | null;
  /** Of a regular file; bytes. */
  readonly size?: number;
  /** Of a symlink. */
  readonly target?: string;
  readonly onFlash: boolean;
  /** null: no disk was given, or it is detached. */
  readonly onDisk: boolean | null;
  readonly verdict: Verdict;
  /** The verdict in words. */
  readonly explanation: string;
  /** The rule that excludes it. */
  readonly rule?: string;
  /** Paths of what this came to flash along with, or was on the way to. */
  readonly becauseOf: readonly string[];
  /** All that the log tells of it, oldest first. */
  readonly events: readonly Event[];
}

/** What is known apart from the object. */
export interface Circumstances {
  /** undefined: nothing is mounted, or a flash was asked without its mount. */
  readonly mode: Mode | undefined;
  /** Whether disk was looked at; else why not: none was given, or the mount has let go of it. */
  readonly disk: 'seen' | 'not given' | 'detached';
  readonly decide: (path: ByteString) => Decision;
  /** Time of the log's first event; undefined: it has none. */
  readonly logBegins: string | undefined;
}

export interface Question {
  readonly asked: ByteString;
  readonly state: ObjectState;
}

/** Gathers from the log what is told of the objects in question. */
export class Gathering {
  readonly #questions: readonly Gathered[];
  logBegins: string | undefined;

  constructor(questions: readonly Question[]) {
    this.#questions = questions.map((question) => new Gathered(question));
  }

  add(record: LogRecord): void {
    this.logBegins ??= record.time;
    if (record.kind === 'lost') return;
    const path = pathOf(record);
    for (const question of this.#questions) question.add(record, path);
  }

  reports(circumstances: Omit<Circumstances, 'logBegins'>): WhyReport[] {
    const all = { ...circumstances, logBegins: this.logBegins };
    return this.#questions.map((question) => question.report(all));
  }
}

const MOST_BECAUSE = 5;

class Gathered {
  readonly #question: Question;
  readonly #events: Event[] = [];
  readonly #becauseOf = new Set<string>();
  /** Who asked for the directory first: what he asks for below it is why. */
  #walker: number | undefined;

  constructor(question: Question) {
    this.#question = question;
  }

  add(event: Event, path: ByteString): void {
    const { state } = this.#question;
    if (path === state.path || path === state.diskPath) {
      this.#events.push(event);
      if (event.alongWith !== undefined) this.#because(event.alongWith);
      else if (event.operation === 'lookup' && event.objectKind === 'directory' && isArrival(event))
        this.#walker = event.requester?.pid;
    } else if (this.#walker !== undefined && event.requester?.pid === this.#walker && isWithin(path, state.path)) {
      if (event.objectKind !== 'directory') this.#because(event.path);
    }
  }

  report(circumstances: Circumstances): WhyReport {
    const { asked, state } = this.#question;
    const { standing, target, diskPath, kind } = state;
    const text = display(state.path);
    return {
      asked: shown(asked),
      hops: state.hops.map((hop) => ({ path: shown(hop.path), target: display(hop.target) })),
      path: shown(state.path),
      ...(text.includes('\\x') ? { pathBytes: Buffer.from(state.path, 'latin1').toString('hex') } : {}),
      ...(diskPath === null ? {} : { diskPath: shown(diskPath) }),
      objectKind: kind,
      ...(kind === 'file' ? { size: state.size } : {}),
      ...(target === null ? {} : { target: display(target) }),
      onFlash: standing.onFlash,
      onDisk: circumstances.disk === 'seen' ? standing.onDisk : null,
      ...judge(state, this.#events, circumstances),
      becauseOf: [...this.#becauseOf],
      events: this.#events,
    };
  }

  #because(path: string): void {
    if (this.#becauseOf.size < MOST_BECAUSE) this.#becauseOf.add(path);
  }
}

function shown(path: ByteString): string {
  return `/${display(path)}`;
}

/** Whether an event says that flash has got its object. */
function isArrival({ kind }: Event): boolean {
  return kind === 'capture' || kind === 'copy-up' || kind === 'mirror';
}

type Judgement = Pick<WhyReport, 'verdict' | 'explanation' | 'rule'>;

function judge(state: ObjectState, events: readonly Event[], circumstances: Circumstances): Judgement {
  const { standing } = state;
  if (state.path === '.rootsync' || state.path.startsWith('.rootsync/'))
    return { verdict: 'reserved', explanation: "rootsync's own directory on flash; the merged root does not show it" };
  if (state.kind === null) return judgeMissing(state, circumstances);
  if (standing.onFlash) return judgeFlash(state, events, circumstances);
  return judgeDisk(state, events, circumstances);
}

const WHERE_MISSING = {
  seen: 'neither flash nor disk has it',
  'not given': 'flash does not have it; --disk DIR tells about disk, too',
  detached: 'flash does not have it, and disk is detached',
} as const;

function judgeMissing({ missing, err, standing }: ObjectState, { disk }: Circumstances): Judgement {
  const name = shown(missing ?? ('' as ByteString));
  if (standing.removed)
    return { verdict: 'removed', explanation: `${name} was removed in the merged root; disk still has it` };
  const where = WHERE_MISSING[disk];
  if (err === ELOOP) return { verdict: 'absent', explanation: `too many symlinks, ${name} is the last` };
  return { verdict: 'absent', explanation: err === ENOENT ? `no ${name}: ${where}` : `${name}: ${errnoName(err)}` };
}

function judgeFlash(
  { standing }: ObjectState,
  events: readonly Event[],
  { disk, logBegins }: Circumstances,
): Judgement {
  const before = events.some(isArrival) ? '' : `; ${sinceWhen(logBegins)} it is not told how it came there`;
  if (disk !== 'seen') {
    const kind = events.find(isArrival)?.kind;
    const how =
      kind === undefined
        ? `on flash${before}`
        : kind === 'capture'
          ? 'on flash: it was captured'
          : 'on flash: it was changed';
    return { verdict: kind === 'capture' ? 'captured' : kind === undefined ? 'made' : 'changed', explanation: how };
  }
  if (!standing.onDisk) {
    if (events.some(isArrival)) return { verdict: 'captured', explanation: 'on flash; disk does not have it any more' };
    return { verdict: 'made', explanation: 'on flash only: it was made there, and disk never had it' };
  }
  if (standing.another) return { verdict: 'made', explanation: "on flash, in the place of another object of disk's" };
  if (standing.differs.length > 0)
    return {
      verdict: 'changed',
      explanation: `on flash, changed since: not disk's ${standing.differs.join(', ')}${before}`,
    };
  return { verdict: 'captured', explanation: `on flash, a copy of disk's${before}` };
}

function judgeDisk(state: ObjectState, events: readonly Event[], circumstances: Circumstances): Judgement {
  const { mode, decide, logBegins } = circumstances;
  const hidden = mode === 'rehearse' ? '; hidden at present, since the mode is rehearse' : '';
  const { excluded, directoryMade, rule } = decide(state.path);
  if (excluded && !(state.kind === 'directory' && directoryMade)) {
    const reason = rule?.reason === undefined ? '' : `: ${rule.reason}`;
    const source = rule === null ? '' : ` (${sourceOf(rule)}${reason})`;
    const glob = rule?.glob ?? '';
    return { verdict: 'excluded', explanation: `on disk only: excluded by ${glob}${source}${hidden}`, rule: glob };
  }
  const last = events.findLast(({ kind }) => isArrival({ kind } as Event) || kind === 'skip' || kind === 'error');
  if (last === undefined) {
    const why =
      mode === 'capture' || mode === undefined
        ? ''
        : `; the mode is ${mode}, in which nothing that is read is captured`;
    return {
      verdict: 'unused',
      explanation: `on disk only: ${sinceWhen(logBegins)} nothing has used it${why}${hidden}`,
    };
  }
  if (last.kind === 'error')
    return { verdict: 'failed', explanation: `on disk only: it could not be copied (${last.reason ?? '?'})${hidden}` };
  if (last.kind === 'skip') return judgeSkip(last, hidden);
  return {
    verdict: 'dropped',
    explanation: `on disk only: it was on flash, and was deleted there; its next use brings it back${hidden}`,
  };
}

const SKIPPED: Readonly<Record<string, string>> = {
  'too-big': 'it is bigger than max-file-size allows',
  reserve: 'flash has no more room than its reserve',
  'flash-full': 'flash is full',
};

function judgeSkip({ reason = '?', rule }: Event, hidden: string): Judgement {
  if (reason === 'excluded') {
    const explanation = `on disk only: when it was used it was excluded by ${rule ?? '?'}; its next use captures it${hidden}`;
    return { verdict: 'excluded', explanation, ...(rule === undefined ? {} : { rule }) };
  }
  return { verdict: 'skipped', explanation: `on disk only: when it was used, ${SKIPPED[reason] ?? reason}${hidden}` };
}

function sinceWhen(logBegins: string | undefined): string {
  return logBegins === undefined ? 'the log is empty, so' : `since ${logBegins}, where the log begins,`;
}
