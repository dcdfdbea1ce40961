// What the main thread and the session's thread say to each other. Plain values; descriptors are the process's, so they travel as numbers.

import type { MessagePort } from 'node:worker_threads';
import type { OpenedTree } from '../branch/branch.ts';
import type { EventDraft } from '../capture/event.ts';
import type { JournalCounts } from '../capture/journal.ts';
import type { Ending } from '../fuse/session.ts';
import type { NotifierHandle } from '../fuse/notifier.ts';
import type { Added } from '../capture/add.ts';
import type { Forgotten } from '../capture/forget.ts';
import type { ErrorCode, ProtocolError } from '../control/protocol.ts';
import type { ByteString } from '../bytes.ts';
import type { Rule } from '../policy/exclude-rule.ts';
import type { LetGo } from '../ops/letting-go.ts';
import type { SwitchedBy } from '../ops/mode-switch.ts';
import type { Mode } from '../policy/mode.ts';
import type { Changed } from '../upgrade/changes.ts';
import type { FlashLayout } from './flash-layout.ts';
import type { LiveConfig } from './config.ts';

/** What the session's thread is loaded with, before anybody knows what is to be mounted. */
export interface ThreadGround {
  /** /proc. */
  readonly procFd: number;
  readonly wakeFd: number;
  readonly counters: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** What the session is of. */
export interface SessionData {
  readonly config: LiveConfig;
  /** The mode comes from flash, not from an option. */
  readonly modeKept: boolean;
  readonly layout: { readonly home: number; readonly stage: FlashLayout['stage']['fd'] };
  /** Exclude rules that come after those of the configuration. */
  readonly liveExcludes: readonly Rule[];
}

/** The session's state at one moment, for `status`. */
export interface SessionStatus {
  readonly mode: Mode;
  readonly nodes: number;
  readonly openFiles: number;
  readonly whiteouts: number;
  readonly passthrough: boolean;
  readonly pending: number;
  readonly copying: number;
  readonly asked: number;
  readonly mirror: { readonly pending: number; readonly failed: number };
  readonly free: number;
  readonly full: boolean;
  readonly counts: JournalCounts;
  readonly heapUsed: number;
  /** A disk that may wait without end; null: it is none. `silent`: seconds without an answer; `used`: bytes, as last heard. */
  readonly remote: { readonly silent: number | null; readonly waiting: number; readonly used: number } | null;
}

/** Exclude rules that come after those of the configuration, and the paths in the merged root at which something is mounted. */
export interface LiveRules {
  readonly rules: readonly Rule[];
  readonly mounts: readonly ByteString[];
}

/** What the main thread asks of the session's thread (`about`), and what it is answered (`answer`). Plain values only. */
export interface Questions {
  status: { about: null; answer: SessionStatus };
  /** Answered when nothing is left to copy and flash is synced. */
  settle: { about: null; answer: null };
  /** Captures on demand; answered when that is done. `pid`: who asks. */
  add: { about: { readonly paths: readonly ByteString[]; readonly pid: number | null }; answer: Added };
  forget: {
    about: { readonly paths: readonly ByteString[]; readonly pid: number | null; readonly force: boolean };
    answer: Forgotten;
  };
  /** Obey these instead of the live exclude rules so far; `bad-args` where one cannot be used. */
  excludes: { about: LiveRules; answer: null };
  /** Drops all that refers to disk, if nothing has it open; with `force` what can be cut is. Asked in rehearse. */
  'let-go': { about: { readonly force: boolean; readonly pid: number | null }; answer: LetGo };
  /** Disk, opened anew; false: it is another one. */
  'come-back': { about: OpenedTree; answer: boolean };
  /** Turns the mode switch; the mode before. `afresh`: as if it were another than it is already. `watched`: what is changed from now on is noted. Answered when the notifier has been given all that the kernel is to ask for again. */
  mode: {
    about: { to: Mode; by: SwitchedBy; mounts: readonly ByteString[]; afresh: boolean; watched: boolean };
    answer: Mode;
  };
  /** What was changed since the mode was turned and `watched`. */
  changes: { about: null; answer: { readonly changed: readonly Changed[]; readonly more: number } };
}

export type QuestionName = keyof Questions;

export interface Question<Q extends QuestionName> {
  readonly kind: 'question';
  readonly id: number;
  readonly question: Q;
  readonly about: Questions[Q]['about'];
}

/** How a question is answered, by exactly one call. */
export interface Reply<Q extends QuestionName> {
  readonly give: (answer: Questions[Q]['answer']) => void;
  /** As a command's client is to read it. */
  readonly refuse: (code: ErrorCode, message: string) => void;
}

/** What makes a session of the thread: one after the other, each once. */
export type Beginning =
  | { readonly kind: 'prepare'; readonly data: SessionData }
  | { readonly kind: 'serve'; readonly fuseFd: number; readonly notifier: NotifierHandle };

/** To a session that serves; followed by a signal of its eventfd. */
export type Order =
  | { [Q in QuestionName]: Question<Q> }[QuestionName]
  /** Nobody is to wait for a disk that does not answer: they get EIO. */
  | { readonly kind: 'do-without' }
  /** End now, whoever still uses the mount. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'mounted-on'; readonly paths: readonly ByteString[] }
  /** The merged root is mounted elsewhere now. */
  | { readonly kind: 'moved'; readonly mountpoint: ByteString };

/** From the session's thread. */
export type News =
  /** The answer to `prepare`. */
  | { readonly kind: 'prepared' }
  /** It could not be made; nothing was mounted. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'serving' }
  | { readonly kind: 'events'; readonly events: readonly EventDraft[] }
  | { readonly kind: 'bug'; readonly what: string }
  /** To the question with this id. */
  | { readonly kind: 'answer'; readonly id: number; readonly answer: Questions[QuestionName]['answer'] }
  | { readonly kind: 'refusal'; readonly id: number; readonly error: ProtocolError }
  /** `stuck`: threads still wait for disk, and end only with the process. */
  | { readonly kind: 'ended'; readonly ending: Ending; readonly stuck: boolean };
