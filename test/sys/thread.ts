// Runs a test's steps in a worker thread, where unshare, chroot and capabilities stay with that thread.

import { parentPort, Worker, workerData } from 'node:worker_threads';

type Scenario = (argument: string) => unknown;

/** In the file of the worker: what it can be asked to run. */
export function serve(scenarios: Record<string, Scenario>): void {
  const { scenario, argument } = workerData as { scenario: string; argument: string };
  const run = scenarios[scenario];
  if (!run) throw new Error(`no scenario ${scenario}`);
  parentPort?.postMessage(run(argument));
}

/** Runs one scenario of a file in a thread of its own: what it returned. Its assertions fail here. */
export function inThread(file: string, scenario: string, argument = ''): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let answer: unknown;
    const worker = new Worker(new URL(file, import.meta.url), { workerData: { scenario, argument } });
    worker.on('message', (message: unknown) => {
      answer = message;
    });
    worker.on('error', reject);
    worker.on('exit', () => resolve(answer));
  });
}
