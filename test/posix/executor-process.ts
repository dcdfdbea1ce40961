// A child process that works on trees for a test: the test's own process never waits for the mount that it tests.

import { fromText } from '../../src/bytes.ts';
import { openFollow, O_DIRECTORY, O_RDONLY } from '../../src/sys/open.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { enterProc } from '../../src/sys/process.ts';
import { asBytes } from '../../src/bytes.ts';
import { Executor } from './executor.ts';
import type { Names } from '../upgrade/wanted-model.ts';
import type { Dump } from './executor.ts';
import type { Plant, Step } from './steps.ts';

/** What one process can be asked for; each request names the tree's root. */
export type Task = { readonly root: string } & (
  | { readonly kind: 'build'; readonly plants: readonly Plant[] }
  | { readonly kind: 'warm'; readonly paths: readonly string[] }
  | { readonly kind: 'run'; readonly steps: readonly Step[]; readonly traced?: boolean }
  | { readonly kind: 'dump' }
  | { readonly kind: 'witness' }
);

export interface TaskResult {
  /** What each step gave. */
  readonly results?: readonly string[];
  readonly dump?: Dump;
  /** Of steps that are traced: what there was before the first of them, and after each. */
  readonly trace?: readonly Names[];
}

function carryOut(task: Task): TaskResult {
  const executor = new Executor(fromText(task.root));
  try {
    switch (task.kind) {
      case 'build':
        executor.build(task.plants);
        return {};
      case 'warm':
        executor.warm(task.paths);
        return {};
      case 'run':
        return task.traced === true
          ? traced(executor, task.steps)
          : { results: task.steps.map((step) => executor.run(step)) };
      case 'dump':
        return { dump: executor.dump() };
      case 'witness':
        return { dump: executor.dump(true) };
    }
  } finally {
    executor.close();
  }
}

function traced(executor: Executor, steps: readonly Step[]): TaskResult {
  const trace = [executor.names()];
  const results = steps.map((step) => {
    const result = executor.run(step);
    trace.push(executor.names());
    return result;
  });
  return { results, trace };
}

enterProc(openFollow(AT_FDCWD, asBytes('/proc'), O_RDONLY | O_DIRECTORY));
process.on('message', (tasks: readonly Task[]) => {
  process.send?.(tasks.map(carryOut));
});
