// Talks to an executor process: many tasks in one message, one answer.

import { fork } from 'node:child_process';
import type { ChildProcess, ForkOptions } from 'node:child_process';
import { once } from 'node:events';
import { within } from '../mounted-root.ts';
import type { Dump } from './executor.ts';
import type { Task, TaskResult } from './executor-process.ts';

const PROCESS = new URL('./executor-process.js', import.meta.url);

/** Whom a worker is; `groups` are all that he is in. */
export interface User {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

function asUser({ uid, gid, groups }: User): ForkOptions {
  const identity = [`--reuid=${uid}`, `--regid=${gid}`, `--groups=${groups.join()}`];
  return { execPath: 'setpriv', execArgv: [...identity, process.execPath] };
}

export class Worker implements AsyncDisposable {
  readonly #child: ChildProcess;

  constructor(user?: User) {
    const options = user === undefined ? {} : asUser(user);
    this.#child = fork(PROCESS, [], { ...options, execArgv: [...(options.execArgv ?? []), '--no-warnings'] });
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
