// Runs all cases in the directories below the one it is given, and says for each what was wrong. A process of its own: it may hang with the
// mount that it is on.

import { openSync } from 'node:fs';
import { join } from 'node:path';
import { enterProc, umask } from '../../src/sys/process.ts';
import { plant } from './case.ts';
import { cases, suites } from './suites.ts';

/** What one case came to; no `wrong`: it passed. */
export interface CaseResult {
  readonly directory: string;
  readonly wrong?: string;
}

export interface SuiteOrder {
  readonly root: string;
  /** Fills the directories, instead of running the cases. */
  readonly plant: boolean;
  /** Times of what is planted are whole seconds. */
  readonly wholeSeconds?: boolean;
}

function run(root: string): CaseResult[] {
  return cases.map(({ suite, name, directory }) => {
    const dir = join(root, directory);
    try {
      suites[suite]?.[name]?.({ dir, at: (path) => join(dir, path) });
      return { directory };
    } catch (error) {
      return { directory, wrong: error instanceof Error ? (error.stack ?? error.message) : String(error) };
    }
  });
}

enterProc(openSync('/proc', 'r'));
umask(0o022);
process.on('message', ({ root, plant: planting, wholeSeconds }: SuiteOrder) => {
  if (!planting) {
    process.send?.(run(root));
    return;
  }
  for (const { directory } of cases) plant(join(root, directory), wholeSeconds === true);
  process.send?.([]);
});
