// Which connections of the control socket have borrowed the mode: it goes back when they end.

import type { ModeSwitched } from '../control/protocol.ts';
import { Refusal } from '../control/refusal.ts';
import type { Connection } from '../control/server.ts';
import type { Borrowed, BorrowedMode, Daemon } from './daemon-api.ts';

export class Borrowers {
  readonly #daemon: Pick<Daemon, 'borrow'>;
  readonly #all = new WeakMap<Connection, Borrowed>();

  constructor(daemon: Pick<Daemon, 'borrow'>) {
    this.#daemon = daemon;
  }

  /** @throws Refusal: this connection has not asked for `mode`. */
  of(connection: Connection, mode: BorrowedMode): Borrowed {
    const borrowed = this.#all.get(connection);
    if (borrowed?.mode === mode) return borrowed;
    throw new Refusal('unavailable', `this connection has not asked for ${mode}: it has to do that first`);
  }

  /** Until the connection ends. @throws Refusal, as Daemon.borrow. */
  async add(mode: BorrowedMode, pid: number | null, connection: Connection): Promise<ModeSwitched> {
    const borrowed = await this.#daemon.borrow(mode, { how: 'control', pid });
    this.#all.set(connection, borrowed);
    connection.atEnd(() => {
      borrowed.end().catch(() => {
        // The mount has ended.
      });
    });
    return borrowed.begun;
  }
}
