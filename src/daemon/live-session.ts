// What answers and orders work on, in the session's thread: the merged root, its copy threads, its session. Types only.

import type { Chore } from '../capture/chore.ts';
import type { CopyPool } from '../copy/copy-pool.ts';
import type { Session } from '../fuse/session.ts';
import type { Engine } from '../ops/engine.ts';
import type { Parts } from './engine-parts.ts';
import type { Reply } from './session-messages.ts';

export interface LiveSession extends Parts {
  readonly pool: CopyPool;
  readonly session: Session<Engine>;
  /** Who waits until nothing is left to copy and flash is synced. */
  readonly settling: Reply<'settle'>[];
  /** Under way, a piece at a time. */
  readonly chores: Chore[];
}
