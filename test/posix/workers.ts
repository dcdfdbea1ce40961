// Talks to an executor process: many tasks in one message, one answer.

import { fork } from 'node:child_process';
import type { ChildProcess, ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { within } from '../mounted-root.ts';
import type { Dump } from './executor.ts';
import type { Task, TaskResult } from './executor-process.ts';

const PROCESS = new URL('./executor-process.js', import.meta.url);

export class Worker implements AsyncDisposable {
  readonly #child: ChildProcess;

  /** `options` may say as which user. */
  constructor(options: ForkOptions = {}) {
    this.#child = fork(PROCESS, [], { execArgv: ['--no-warnings'], ...options });
  }

  /** The results, in order. Fails when they take too long, or the process ends. */
  async run(tasks: readonly Task[], limitMs = 120_000): Promise<TaskResult[]> {
    const child = this.#child;
    const answered = new Promise<TaskResult[]>((resolve, reject) => {
      const onExit = (status: number | null, signal: string | null): void => {
        reject(new Error(`the executor ended: ${signal ?? String(status)}`));
      };
      child.once('exit', onExit);
      child.once('message', (results: TaskResult[]) => {
        child.off('exit', onExit);
        resolve(results);
      });
    });
    child.send([...tasks]);
    return within('the steps', answered, limitMs);
  }

  async dumps(roots: readonly string[], kind: 'dump' | 'witness' = 'dump'): Promise<Dump[]> {
    const results = await this.run(roots.map((root) => ({ root, kind })));
    return results.map(({ dump }) => {
      if (dump === undefined) throw new Error('no dump');
      return dump;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
}
