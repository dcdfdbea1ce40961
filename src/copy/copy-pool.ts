// The copy threads as their client, the session thread, sees them: submit a task, and its callback is called from `drain`, on the
// same thread, after an eventfd was signalled. The client's event loop need never run: starting, posting and receiving do without.

import { receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { EAGAIN } from '../errno.ts';
import type { Errno } from '../errno.ts';
import type { Stat } from '../sys/stat.ts';
import type { CopyThread, CopyThreads, Lane } from './copy-threads.ts';
import { ENDED, FAILED, READY, WAKING } from './tasks.ts';
import type { Answer, Envelope, Task, TaskResult, ThreadGround } from './tasks.ts';

/** A copy of more bytes than this goes where no other waits behind it. */
const BIG = 8 << 20;

/** Where a copy of all of `source` belongs that a request waits for. */
export function laneOf({ blocks }: Stat): Lane {
  return blocks * 512 > BIG ? 'big' : 'io';
}

interface Waiting {
  lane: Lane;
  thread: CopyThread;
  slow: boolean;
  onDone: (result: never) => void;
}

/** Threads that are not ready after this will never be: a slow machine takes a minute while it boots. */
const START_MS = 600_000;
const CLOSE_MS = 60_000;

/**
 * Makes a pool of the threads, and waits until all are ready: what is not loaded before is loaded now. `wakeFd` is signalled when answers have come; the client
 * drains it, then calls `drain`. EAGAIN when they don't become ready; else what enterProc gives.
 */
export function startCopyPool(threads: CopyThreads, ground: ThreadGround): CopyPool | Errno {
  const { control } = threads;
  const pool = new CopyPool(threads);
  threads.begin(ground);
  const deadline = Date.now() + START_MS;
  for (let ready = 0; ready < pool.threads; ready = Atomics.load(control, READY)) {
    if (Atomics.wait(control, READY, ready, deadline - Date.now()) === 'timed-out') {
      threads.abandon();
      return EAGAIN;
    }
  }
  const failed = Atomics.load(control, FAILED);
  if (failed === 0) return pool;
  pool.close();
  return failed as Errno;
}

/** See startCopyPool. Belongs to the thread that made it. */
export class CopyPool {
  readonly #control: Int32Array;
  readonly #lanes: CopyThreads['lanes'];
  readonly #all: readonly CopyThread[];
  readonly #waiting = new Map<number, Waiting>();
  readonly #onBug: (stack: string) => void;
  readonly #pending: Record<Lane, number> = { capture: 0, io: 0, big: 0, remote: 0 };
  #lastId = 0;

  constructor({ control, lanes, onBug }: CopyThreads) {
    this.#control = control;
    this.#onBug = onBug;
    this.#lanes = lanes;
    this.#all = Object.values(lanes).flat();
  }

  /** How many threads there are. */
  get threads(): number {
    return this.#all.length;
  }

  /** Whether answers wait to be drained; costs no system call. */
  get answered(): boolean {
    return Atomics.load(this.#control, WAKING) !== 0;
  }

  /** Tasks of a lane that were submitted and whose callbacks have not been called. */
  pending(lane: Lane): number {
    return this.#pending[lane];
  }

  /** Hands a task to a thread. `onDone` is called once, from `drain`. */
  submit<T extends Task>(wanted: Lane, task: T, onDone: (result: TaskResult<T>) => void): void {
    const slow = task.kind !== 'readReply' && task.kind !== 'writeReply';
    const copies = task.kind === 'copy' || task.kind === 'copyUp';
    const lane = copies && wanted !== 'big' && this.#lanes.remote.length > 0 ? 'remote' : wanted;
    const thread = choose(this.#lanes[lane], slow);
    const id = ++this.#lastId;
    this.#waiting.set(id, { lane, thread, slow, onDone });
    this.#pending[lane]++;
    thread.pending++;
    if (slow) thread.slow++;
    if (task.kind === 'writeReply') {
      // A view is cloned with all of the memory it looks into: the bytes get memory of their own, which is handed over.
      const data = new Uint8Array(task.data);
      thread.port.postMessage({ id, task: { ...task, data } } satisfies Envelope, [data.buffer]);
    } else {
      thread.port.postMessage({ id, task } satisfies Envelope);
    }
  }

  /** Calls the callbacks of the results that have come, which may submit further tasks: how many. */
  drain(): number {
    Atomics.store(this.#control, WAKING, 0);
    let count = 0;
    for (const thread of this.#all) {
      for (let got = receive(thread.port); got !== undefined; got = receive(thread.port)) {
        for (const answer of got) this.#finish(answer);
        count += got.length;
      }
    }
    return count;
  }

  /**
   * Ends the threads once they have done what they were given, and calls the callbacks of all of it. Waits for that, and for at
   * most `ms` milliseconds: false when threads still had work then (they go on, unheard).
   */
  close(ms = CLOSE_MS): boolean {
    for (const { port } of this.#all) port.postMessage(null);
    const deadline = Date.now() + ms;
    let complete = true;
    for (let ended = 0; complete && ended < this.threads; ended = Atomics.load(this.#control, ENDED)) {
      complete = Atomics.wait(this.#control, ENDED, ended, deadline - Date.now()) !== 'timed-out';
    }
    this.drain();
    return complete;
  }

  #finish(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    this.#pending[waiting.lane]--;
    waiting.thread.pending--;
    if (waiting.slow) waiting.thread.slow--;
    if (answer.bug !== undefined) this.#onBug(answer.bug);
    waiting.onDone(answer.result as never);
  }
}

function receive(port: MessagePort): Answer[] | undefined {
  return (receiveMessageOnPort(port) as { message: Answer[] } | undefined)?.message;
}

// Slow tasks go to the last thread. Quick ones go where the fewest wait, if possible where nothing slow is being done.
function choose(threads: readonly CopyThread[], slow: boolean): CopyThread {
  const last = threads.at(-1);
  if (last === undefined) throw new RangeError('a lane without threads');
  if (slow) return last;
  return threads.reduce((best, thread) => {
    const better = thread.slow === best.slow ? thread.pending < best.pending : thread.slow < best.slow;
    return better ? thread : best;
  });
}
