// The mode switch as the main thread turns it: one turn at a time, kept on flash, then in force, then the kernel has been told.

import { errnoName } from '../errno.ts';
import type { ByteString } from '../bytes.ts';
import type { ModeSwitched } from '../control/protocol.ts';
import { Refusal } from '../control/refusal.ts';
import type { SwitchedBy } from '../ops/mode-switch.ts';
import { modeRefusal, type Mode } from '../policy/mode.ts';
import { keepMode } from './kept-mode.ts';
import type { SessionLink } from './session-link.ts';

export interface ModeControlParts {
  readonly link: SessionLink;
  /** `.rootsync`. */
  readonly home: number;
  /** Disk takes changes. */
  readonly diskWritable: boolean;
  /** Paths in the merged root at which something is mounted now, of which a mode must know. */
  readonly mounts: (to: Mode) => readonly ByteString[];
  /** Whether the kernel has taken all notifications so far: false, where it has not in time. */
  readonly notified: () => Promise<boolean>;
}

export class ModeControl {
  readonly #parts: ModeControlParts;
  /** What flash remembers, as far as this daemon knows. */
  #kept: Mode | null;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(parts: ModeControlParts, kept: Mode | null) {
    this.#parts = parts;
    this.#kept = kept;
  }

  /** The mode in force. @throws Refusal */
  async current(): Promise<Mode> {
    return (await this.#parts.link.ask('status', null)).mode;
  }

  /** @throws Refusal: `unavailable`, `ended`. */
  turn(to: Mode, by: SwitchedBy): Promise<ModeSwitched> {
    const wrong = modeRefusal(to, this.#parts.diskWritable);
    if (wrong !== undefined) return Promise.reject(new Refusal('unavailable', wrong));
    const turned = this.#turn.then(() => this.#do(to, by));
    this.#turn = turned.catch(() => {});
    return turned;
  }

  async #do(to: Mode, by: SwitchedBy): Promise<ModeSwitched> {
    const { link, mounts, notified } = this.#parts;
    // First, so that no mode that was in force is forgotten. A flash that is full or read-only does not keep the mode from being switched.
    const notKept = this.#keep(to);
    const was = await link.ask('mode', { to, by, mounts: mounts(to) });
    const complete = await notified();
    return { mode: to, was, notKept, complete };
  }

  #keep(mode: Mode): string | null {
    if (mode === this.#kept) return null;
    const err = keepMode(this.#parts.home, mode);
    if (err < 0) return `.rootsync/mode: ${errnoName(err)}`;
    this.#kept = mode;
    return null;
  }
}
