// Waiting until all that flash shows is on the device, before a mark hides disk's object of a name that flash has. Else a power cut could leave the mark
// and take flash's object, and with it the only one. Filesystems that keep the order of changes by themselves need no waiting.

import type { Errno } from '../errno.ts';
import type { CopyPool } from '../copy/copy-pool.ts';
import { DEFERRED, OK } from '../fuse/operation.ts';
import type { Deferred, Request } from '../fuse/operation.ts';

export class FlashSync {
  readonly #pool: CopyPool;
  readonly #fd: number;
  readonly #ordered: boolean;
  #waiting: Deferred[] = [];
  #running = false;
  /** Requests that the last sync was for, on their way to run anew. */
  #served = new Set<string>();

  /** `fd` is on flash, and not O_PATH; `ordered` as in Features. */
  constructor(pool: CopyPool, fd: number, ordered: boolean) {
    this.#pool = pool;
    this.#fd = fd;
    this.#ordered = ordered;
  }

  /** OK when what flash shows is durable; else the request is kept, and runs anew once it is: DEFERRED. */
  wait(req: Request): number {
    if (this.#ordered || this.#served.delete(keyOf(req))) return OK;
    this.#waiting.push(req.defer());
    if (!this.#running) this.#start();
    return DEFERRED;
  }

  #start(): void {
    const group = this.#waiting;
    this.#waiting = [];
    this.#running = true;
    this.#pool.submit('io', { kind: 'sync', fd: this.#fd, how: 'syncfs' }, (err) => {
      this.#running = false;
      if (this.#waiting.length > 0) this.#start();
      this.#served = new Set(err < 0 ? [] : group.map(keyOf));
      for (const deferred of group) {
        if (err < 0) deferred.fail(err as Errno);
        else deferred.retry();
      }
    });
  }
}

function keyOf({ uniqueLo, uniqueHi }: { readonly uniqueLo: number; readonly uniqueHi: number }): string {
  return `${uniqueHi}:${uniqueLo}`;
}
