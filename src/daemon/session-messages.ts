// What the main thread and the session's thread say to each other. Plain values; descriptors are the process's, so they travel as numbers.

import type { MessagePort } from 'node:worker_threads';
import type { EventDraft } from '../capture/event.ts';
import type { JournalCounts } from '../capture/journal.ts';
import type { Ending } from '../fuse/session.ts';
import type { NotifierHandle } from '../fuse/notifier.ts';
import type { ByteString } from '../bytes.ts';
import type { FlashLayout } from './flash-layout.ts';
import type { MountConfig } from './config.ts';

/** What the session's thread is started with. */
export interface SessionData {
  readonly config: MountConfig;
  readonly procFd: number;
  readonly wakeFd: number;
  readonly layout: { readonly home: number; readonly stage: FlashLayout['stage']['fd'] };
  readonly counters: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** The session's state at one moment, for `status`. */
export interface SessionStatus {
  readonly nodes: number;
  readonly openFiles: number;
  readonly whiteouts: number;
  readonly passthrough: boolean;
  readonly pending: number;
  readonly copying: number;
  readonly free: number;
  readonly full: boolean;
  readonly counts: JournalCounts;
  readonly heapUsed: number;
}

/** To the session's thread; followed by a signal of its eventfd. */
export type Order =
  | { readonly kind: 'serve'; readonly fuseFd: number; readonly notifier: NotifierHandle }
  | { readonly kind: 'status' | 'settle'; readonly id: number }
  /** End now, whoever still uses the mount. */
  | { readonly kind: 'stop' }
  | { readonly kind: 'mounted-on'; readonly paths: readonly ByteString[] };

/** From the session's thread. */
export type News =
  | { readonly kind: 'prepared' }
  /** It could not be made; nothing was mounted. */
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'serving' }
  | { readonly kind: 'events'; readonly events: readonly EventDraft[] }
  | { readonly kind: 'bug'; readonly what: string }
  | { readonly kind: 'status'; readonly id: number; readonly status: SessionStatus }
  | { readonly kind: 'settled'; readonly id: number }
  | { readonly kind: 'ended'; readonly ending: Ending };
