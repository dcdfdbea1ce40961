// Waiting until marks are on the device. Many changes wait for one sync: while one is under way, those that come gather for the next.
// A mark that is taken back must not be there before the change of flash that it follows: a power cut would leave the old state without its mark.
// Where flash does not keep the order of changes by itself, marks are made durable together with all that flash shows: one that is taken back
// may be appended while the log is being synced.

import type { Errno } from '../errno.ts';
import type { CopyPool } from '../copy/copy-pool.ts';
import { DEFERRED, OK } from '../fuse/operation.ts';
import type { Deferred, Request } from '../fuse/operation.ts';
import type { MarkStore } from '../tree/mark-store.ts';

export class MarkSync {
  readonly #marks: MarkStore;
  readonly #pool: CopyPool;
  readonly #how: 'fdatasync' | 'syncfs';
  #waiting: Deferred[] = [];
  #running = false;

  /** `ordered` as in Features. */
  constructor(marks: MarkStore, pool: CopyPool, ordered: boolean) {
    this.#marks = marks;
    this.#pool = pool;
    this.#how = ordered ? 'fdatasync' : 'syncfs';
  }

  /** OK when the record is durable; else the request is kept, and runs anew once it is: DEFERRED. */
  wait(record: number, req: Request): number {
    if (this.#marks.durable(record)) return OK;
    this.#waiting.push(req.defer());
    if (!this.#running) this.#start();
    return DEFERRED;
  }

  /** As `wait`, for the rare caller that cannot run anew: returns when all marks are on the device. What syncing gives. */
  now(): number {
    return this.#marks.log.sync(this.#how);
  }

  #start(): void {
    const { log } = this.#marks;
    const upTo = log.appended;
    const group = this.#waiting;
    this.#waiting = [];
    this.#running = true;
    this.#pool.submit('io', { kind: 'sync', fd: log.fd, how: this.#how }, (err) => {
      this.#running = false;
      if (err >= 0) log.durable = Math.max(log.durable, upTo);
      if (this.#waiting.length > 0) this.#start();
      for (const deferred of group) {
        if (err < 0) deferred.fail(err as Errno);
        else deferred.retry();
      }
    });
  }
}
