// Operations over a disk that may wait without end: one that it has not answered in time is put aside, and done anew from its start when it has (copy/remote-disk.ts).

import { Unanswered } from '../branch/calls.ts';
import { Errand } from '../copy/errand.ts';
import type { RemoteDisk } from '../copy/remote-disk.ts';
import { DEFERRED } from '../fuse/operation.ts';
import type { Operation, Operations, Request } from '../fuse/operation.ts';
import type { Engine } from './engine.ts';
import type { Waiters } from './waiters.ts';

/** `operations`, as they are to be done over `disk`. */
export function parking(operations: Operations<Engine>, disk: RemoteDisk, waiters: Waiters): Operations<Engine> {
  const parked = new Parked(disk, waiters);
  const wrapped = Object.entries(operations).map(([name, operation]) => [
    name,
    parked.operation(operation as Operation<Engine, never>),
  ]);
  return Object.fromEntries(wrapped) as Operations<Engine>;
}

class Parked {
  readonly #disk: RemoteDisk;
  readonly #waiters: Waiters;
  /** Of requests that are, or were, put aside, by their number. */
  readonly #errands = new Map<string, Errand>();

  constructor(disk: RemoteDisk, waiters: Waiters) {
    this.#disk = disk;
    this.#waiters = waiters;
  }

  operation<In>(operation: Operation<Engine, In>): Operation<Engine, In> {
    return (engine, req, arg) => {
      const key = `${req.uniqueHi}:${req.uniqueLo}`;
      const errand = this.#errands.get(key) ?? new Errand();
      try {
        const outcome = this.#disk.within(errand, () => operation(engine, req, arg));
        this.#end(key, errand);
        return outcome;
      } catch (error) {
        if (error instanceof Unanswered) return this.#putAside(req, key, errand);
        this.#end(key, errand);
        throw error;
      }
    };
  }

  #putAside(req: Request, key: string, errand: Errand): typeof DEFERRED {
    const deferred = req.defer();
    this.#errands.set(key, errand);
    const leave = this.#waiters.add(req.pid, deferred, () => {
      this.#end(key, errand);
    });
    this.#disk.putAside(errand, () => {
      if (leave()) deferred.retry();
    });
    return DEFERRED;
  }

  #end(key: string, errand: Errand): void {
    this.#errands.delete(key);
    this.#disk.end(errand);
  }
}
