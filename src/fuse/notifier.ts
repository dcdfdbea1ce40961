// The thread that writes notifications to the kernel, where it may wait for a lock without holding up the session (notify.ts
// says why). Start it before mounting: afterwards its modules may lie on the very mount that it is needed for.

import { MessageChannel, Worker } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { NotificationSink } from './notify.ts';

/** What a session needs to notify: to be sent to its thread (transfer `port`), then made a sink by `notificationSink`. */
export interface NotifierHandle {
  readonly port: MessagePort;
  /** Int32: notifications made by the session. */
  readonly count: SharedArrayBuffer;
}

/** The owner's side. */
export interface Notifier {
  readonly handle: NotifierHandle;
  /** Has what is notified written to this connection; to be called once. */
  connect(fuseFd: number): void;
  /** Resolves when the kernel has taken everything that the session has notified so far. */
  drained(): Promise<void>;
  /** Ends the thread, once what it is writing has been taken. */
  close(): Promise<void>;
}

/** What the thread is told on its own port: what to write where, or that its owner waits for `count` to be reached. */
export type NotifierOrder = { readonly fd: number; readonly port: MessagePort } | { readonly waitFor: number };

/** Starts the thread; resolves once it is loaded. */
export async function startNotifier(): Promise<Notifier> {
  const worker = new Worker(new URL('./notifier-thread.js', import.meta.url));
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => {
      resolve();
    });
    worker.once('error', reject);
  });
  worker.unref();
  const { port1, port2 } = new MessageChannel();
  const count = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const waiting: (() => void)[] = [];
  worker.on('message', () => waiting.shift()?.());
  return {
    handle: { port: port1, count },
    connect: (fuseFd) => {
      const order: NotifierOrder = { fd: fuseFd, port: port2 };
      worker.postMessage(order, [port2]);
    },
    drained: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        const mark: NotifierOrder = { waitFor: Atomics.load(new Int32Array(count), 0) };
        worker.postMessage(mark);
      }),
    close: async () => {
      await worker.terminate();
    },
  };
}

/** The session's side of a notifier. */
export function notificationSink(handle: NotifierHandle): NotificationSink {
  const count = new Int32Array(handle.count);
  let kept: Uint8Array[] = [];
  return {
    add(frame) {
      Atomics.add(count, 0, 1);
      kept.push(frame);
    },
    flush() {
      if (kept.length === 0) return;
      handle.port.postMessage(kept);
      kept = [];
    },
  };
}
