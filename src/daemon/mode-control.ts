// The mode switch as the main thread turns it: one turn at a time, kept on flash, then in force, then the kernel has been told. A rehearsal
// or an upgrade borrows it, and a disk that is away holds it: nobody else turns it before that ends, and flash is not to remember it.

import { errnoName } from '../errno.ts';
import type { ByteString } from '../bytes.ts';
import type { ModeSwitched } from '../control/protocol.ts';
import { Refusal } from '../control/refusal.ts';
import type { LetGo } from '../ops/letting-go.ts';
import type { SwitchedBy } from '../ops/mode-switch.ts';
import { DEFAULT_MODE, modeRefusal, type Mode } from '../policy/mode.ts';
import { Misses } from '../report/misses.ts';
import type { Borrowed, BorrowedMode } from './daemon-api.ts';
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

interface Borrower {
  readonly mode: BorrowedMode;
  readonly by: SwitchedBy;
  readonly misses: Misses;
}

/** For people: what a borrower does, and what the log says of its end. */
const BORROWED: Readonly<Record<BorrowedMode, { readonly doing: string; readonly end: string }>> = {
  rehearse: { doing: 'rehearsing (rootsync rehearse)', end: 'the end of a rehearsal' },
  upgrade: { doing: 'upgrading (rootsync upgrade)', end: 'the end of an upgrade' },
};

export class ModeControl {
  readonly #parts: ModeControlParts;
  /** What flash remembers, as far as this daemon knows. */
  #kept: Mode | null;
  #turn: Promise<unknown> = Promise.resolve();
  #borrower: Borrower | undefined;
  /** Disk is away; the mode before. */
  #before: Mode | undefined;

  constructor(parts: ModeControlParts, kept: Mode | null) {
    this.#parts = parts;
    this.#kept = kept;
    parts.link.on('events', ({ events }) => {
      this.#borrower?.misses.take(events);
    });
  }

  /** @throws Refusal: `unavailable`, `busy`, `ended`. */
  turn(to: Mode, by: SwitchedBy): Promise<ModeSwitched> {
    const wrong = modeRefusal(to, this.#parts.diskWritable);
    if (wrong !== undefined) return Promise.reject(new Refusal('unavailable', wrong));
    return this.#next(async () => {
      this.#refuseBorrowed();
      // First, so that no mode that was in force is forgotten. A flash that is full or read-only does not keep the mode from being switched.
      const before = this.#kept ?? DEFAULT_MODE;
      const notKept = this.#keep(to);
      try {
        return { ...(await this.#do(to, by)), notKept };
      } catch (error) {
        this.#keep(before);
        throw error;
      }
    });
  }

  /** See Daemon.borrow. */
  borrow(mode: BorrowedMode, by: SwitchedBy): Promise<Borrowed> {
    return this.#next(async () => {
      this.#refuseBorrowed();
      const wrong = modeRefusal(mode, this.#parts.diskWritable);
      if (wrong !== undefined) throw new Refusal('unavailable', wrong);
      const borrower = { mode, by, misses: new Misses() };
      this.#borrower = borrower;
      try {
        const begun = await this.#do(mode, by, { afresh: mode === 'rehearse', watched: mode === 'upgrade' });
        let ended: Promise<ModeSwitched> | undefined;
        const end = (): Promise<ModeSwitched> => (ended ??= this.#giveBack(begun.was, borrower));
        return { mode, begun: { ...begun, notKept: null }, misses: borrower.misses, end };
      } catch (error) {
        this.#borrower = undefined;
        throw error;
      }
    });
  }

  /** Disk is away, and so the mode is rehearse and stays so. */
  get away(): boolean {
    return this.#before !== undefined;
  }

  /** Turns to rehearse, and where `letGo` says that disk is gone, leaves it at that. @throws Refusal, and what `letGo` throws. */
  sendAway(by: SwitchedBy, letGo: () => Promise<LetGo>): Promise<LetGo> {
    return this.#next(async () => {
      this.#refuseBorrowed();
      const { was } = await this.#do('rehearse', by);
      let gone = false;
      try {
        const answer = await letGo();
        ({ gone } = answer);
        return answer;
      } finally {
        if (gone) this.#before = was;
        else await this.#do(was, { ...by, reason: 'disk is in use' });
      }
    });
  }

  /** Has `comeBack` bring disk back, and then turns to the mode before. @throws Refusal, and what `comeBack` throws. */
  bringBack(by: SwitchedBy, comeBack: () => Promise<void>): Promise<ModeSwitched> {
    return this.#next(async () => {
      const mode = this.#before;
      if (mode === undefined) throw new Refusal('unavailable', 'disk is not detached');
      await comeBack();
      this.#before = undefined;
      // Afresh: in rehearse, too, names were answered for without it.
      return { ...(await this.#do(mode, by, { afresh: true })), notKept: null };
    });
  }

  #giveBack(mode: Mode, { mode: borrowed, by }: Borrower): Promise<ModeSwitched> {
    // The borrower may be gone: then its pid says nothing, or names somebody else.
    const back = { ...by, pid: null, reason: BORROWED[borrowed].end };
    // Before any turn that is asked for later.
    return this.#next(async () => {
      this.#borrower = undefined;
      return { ...(await this.#do(mode, back)), notKept: null };
    });
  }

  /** One after the other. */
  #next<T>(work: () => Promise<T>): Promise<T> {
    const turned = this.#turn.then(work);
    this.#turn = turned.catch(() => {});
    return turned;
  }

  /** @throws Refusal */
  #refuseBorrowed(): void {
    if (this.away) throw new Refusal('unavailable', 'disk is detached: rootsync attach brings it back, and the mode');
    if (this.#borrower === undefined) return;
    const { by, mode } = this.#borrower;
    const { pid } = by;
    const who = pid === null ? 'somebody' : `process ${String(pid)}`;
    throw new Refusal('busy', `${who} is ${BORROWED[mode].doing}: the mode can be switched once that has ended`);
  }

  async #do(
    to: Mode,
    by: SwitchedBy,
    { afresh = false, watched = false }: { readonly afresh?: boolean; readonly watched?: boolean } = {},
  ): Promise<Omit<ModeSwitched, 'notKept'>> {
    const { link, mounts, notified } = this.#parts;
    const was = await link.ask('mode', { to, by, mounts: mounts(to), afresh, watched });
    return { mode: to, was, complete: await notified() };
  }

  #keep(mode: Mode): string | null {
    if (mode === this.#kept) return null;
    const err = keepMode(this.#parts.home, mode);
    if (err < 0) return `.rootsync/mode: ${errnoName(err)}`;
    this.#kept = mode;
    return null;
  }
}
