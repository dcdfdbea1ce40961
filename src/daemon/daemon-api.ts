// What a command sees of a running mount. Types only: neither how the daemon is put together nor who asks.

import type { ModeSwitched, Status, Synced } from '../control/protocol.ts';
import type { LetGo } from '../ops/letting-go.ts';
import type { SwitchedBy } from '../ops/mode-switch.ts';
import type { Misses } from '../report/misses.ts';
import type { Mode } from '../policy/mode.ts';
import type { Rule } from '../policy/exclude-rule.ts';
import type { QuestionName, Questions } from './session-messages.ts';

/** Modes that are turned to for as long as somebody is connected. */
export type BorrowedMode = 'rehearse' | 'upgrade';

/** A mode, borrowed: nobody else can switch before its end. */
export interface Borrowed {
  readonly mode: BorrowedMode;
  readonly begun: ModeSwitched;
  readonly misses: Misses;
  /** Turns the mode to what it was; more than once is as once. @throws Refusal: `ended`. */
  readonly end: () => Promise<ModeSwitched>;
}

export interface DetachHow {
  readonly force: boolean;
  /** Seconds. */
  readonly wait: number;
  /** Whether who asked has gone, and nobody waits any more. */
  readonly givenUp: () => boolean;
}

export interface Daemon {
  /** Resolves when the mount is gone, for whatever reason (`unmount`, umount(8), abort), and flash is synced. */
  readonly ended: Promise<void>;
  /** Settles, then unmounts: 0, or the errno of umount2 (EBUSY: something is in use, the mount goes on; EINVAL: it was gone). `lazy` never is busy. */
  unmount(options?: { readonly lazy?: boolean }): Promise<number>;
  /** Ends the service at once: who still uses the mount gets errors. Resolves as `ended` does. */
  stop(): Promise<void>;
  status(): Promise<Status>;
  /** Switches to a mode, and keeps it on flash. @throws Refusal: `unavailable`, `ended`. */
  switchMode(to: Mode, by: SwitchedBy): Promise<ModeSwitched>;
  /** Turns to a mode until its end, which the one who asked has to call. @throws Refusal: `unavailable`, `busy`, `failed`, `ended`. */
  borrow(mode: BorrowedMode, by: SwitchedBy): Promise<Borrowed>;
  /** Drops all that refers to disk, as `detach` of the protocol. @throws Refusal */
  detach(how: DetachHow, by: SwitchedBy): Promise<LetGo>;
  /** Takes disk back, from `path` or from where it was. @throws Refusal */
  attach(path: string | undefined, by: SwitchedBy): Promise<ModeSwitched>;
  /** @throws Refusal: disk is detached, and `what` needs it. */
  needDisk(what: string): void;
  /** Resolves once nothing is left to copy, and what was copied is durable on flash. */
  settle(): Promise<void>;
  /** The exclude rules in force, in their order. */
  readonly excludes: readonly Rule[];
  /**
   * Adds rules after all others, durably: they hold when this resolves. False: the kernel has not yet dropped all that it has cached.
   * @throws Refusal; then nothing was changed.
   */
  addExcludes(globs: readonly string[]): Promise<boolean>;
  /** Removes rules that were so added; as above. */
  removeExcludes(globs: readonly string[]): Promise<boolean>;
  /** As `settle`, and the log of events is durable as well. What could not be done for want of room is in the answer. */
  sync(): Promise<Synced>;
  /** Asks the session's thread, for what is no more than that. @throws Refusal (`ended`: the mount is gone). */
  ask<Q extends QuestionName>(question: Q, about: Questions[Q]['about']): Promise<Questions[Q]['answer']>;
}
