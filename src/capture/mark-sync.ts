// Waiting until marks are on the device. Many changes wait for one sync: while one is under way, those that come gather for the next.

import type { Errno } from '../errno.ts';
import type { CopyPool } from '../copy/copy-pool.ts';
import { DEFERRED, OK } from '../fuse/operation.ts';
import type { Deferred, Request } from '../fuse/operation.ts';
import type { MarkStore } from '../tree/mark-store.ts';

export class MarkSync {
  readonly #marks: MarkStore;
  readonly #pool: CopyPool;
  #waiting: Deferred[] = [];
  #running = false;

  constructor(marks: MarkStore, pool: CopyPool) {
    this.#marks = marks;
    this.#pool = pool;
  }

  /** OK when the record is durable; else the request is kept, and runs anew once it is: DEFERRED. */
  wait(record: number, req: Request): number {
    if (this.#marks.durable(record)) return OK;
    this.#waiting.push(req.defer());
    if (!this.#running) this.#start();
    return DEFERRED;
  }

  #start(): void {
    const { log } = this.#marks;
    const upTo = log.appended;
    const group = this.#waiting;
    this.#waiting = [];
    this.#running = true;
    this.#pool.submit('io', { kind: 'sync', fd: log.fd, how: 'fdatasync' }, (err) => {
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
