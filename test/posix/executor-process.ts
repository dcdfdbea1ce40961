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
  | { readonly kind: 'run'; readonly steps: readonly Step[]; readonly traced?: boolean; readonly patient?: boolean }
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
        return run(executor, task);
      case 'dump':
        return { dump: executor.dump() };
      case 'witness':
        return { dump: executor.dump(true) };
    }
  } finally {
    executor.close();
  }
}

/** The steps, one after the other. What is refused for want of memory has changed nothing: a patient task takes such a step again. */
function run(
  executor: Executor,
  { steps, traced = false, patient = false }: Extract<Task, { kind: 'run' }>,
): TaskResult {
  const take = (step: Step): string => {
    for (let refused = 0; ; refused++) {
      const result = executor.run(step);
      if (!patient || result !== 'ENOMEM' || refused === 3) return result;
      console.warn(`a plain directory refused, for want of memory: ${JSON.stringify(step)}`);
    }
  };
  if (!traced) return { results: steps.map(take) };
  const trace = [executor.names()];
  const results = steps.map((step) => {
    const result = take(step);
    trace.push(executor.names());
    return result;
  });
  return { results, trace };
}

enterProc(openFollow(AT_FDCWD, asBytes('/proc'), O_RDONLY | O_DIRECTORY));
process.on('message', (tasks: readonly Task[]) => {
  process.send?.(tasks.map(carryOut));
});
