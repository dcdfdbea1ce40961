// The copy threads before they are a pool: loading one takes as long as starting node, so that is begun early and goes on beside other work.

import { MessageChannel, SHARE_ENV, Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { CONTROL_WORDS } from './tasks.ts';
import type { ThreadData, ThreadGround } from './tasks.ts';

/** `capture`: captures, synced in groups. `io`: what a request waits for; never behind a capture's sync. `big`: what takes so long that nobody else may wait behind it.
 * `remote`: what may wait without end for a disk: all that copies from it, and its reads, where disk is such a one. */
export type Lane = 'capture' | 'io' | 'big' | 'remote';

export interface CopyThread {
  readonly port: MessagePort;
  /** Tasks that it has been given and not answered, and how many of these are no quick ones. */
  pending: number;
  slow: number;
}

const ENTRY = new URL('./copy-thread.js', import.meta.url);

/** Threads that are being loaded. They belong to the thread that made them, and end with the process: no handle of theirs keeps it alive once they are loaded. */
export class CopyThreads {
  readonly control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));
  readonly lanes: Readonly<Record<Lane, CopyThread[]>> = { capture: [], io: [], big: [], remote: [] };
  readonly #workers: Worker[] = [];
  readonly #loading: Promise<void>[] = [];
  readonly onBug: (stack: string) => void;

  /** `ioThreads`: beyond one, the last takes the copies and syncs, so that reads don't wait for them. `onBug` is told of an exception in a thread, whose task has been answered with EIO. */
  constructor(onBug: (stack: string) => void, ioThreads = 2) {
    this.onBug = onBug;
    this.add('capture', 1);
    this.add('io', ioThreads);
    this.add('big', 1);
  }

  /** Starts threads of a lane. */
  add(lane: Lane, count: number): void {
    for (let i = 0; i < count; i++) this.lanes[lane].push(this.#start());
  }

  /** Once all of them are loaded. Rejects when one of them cannot be. Needs the event loop of the thread that made them. */
  async loaded(): Promise<void> {
    await Promise.all(this.#loading);
  }

  /** Tells all of them what they work on. */
  begin(ground: ThreadGround): void {
    for (const { port } of Object.values(this.lanes).flat()) port.postMessage(ground);
  }

  /** Ends them as they are. */
  abandon(): void {
    for (const worker of this.#workers) void worker.terminate();
  }

  #start(): CopyThread {
    const { port1, port2 } = new MessageChannel();
    const data: ThreadData = { control: this.control, port: port2 };
    const worker = new Worker(ENTRY, { workerData: data, transferList: [port2], env: SHARE_ENV });
    const loading = new Promise<void>((resolve, reject) => {
      worker.once('message', () => {
        worker.unref();
        resolve();
      });
      worker.on('error', (thrown) => {
        this.onBug(thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown));
        reject(thrown);
      });
      worker.once('exit', (status) => {
        reject(new Error(`a copy thread exited with ${String(status)}`));
      });
    });
    // Who does not ask whether they are loaded is not to be told of it.
    loading.catch(() => undefined);
    port1.unref();
    this.#workers.push(worker);
    this.#loading.push(loading);
    return { port: port1, pending: 0, slow: 0 };
  }
}
