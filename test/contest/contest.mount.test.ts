// The differential test's concurrent variant: guards against what only shows when several processes change the same names while objects are captured
// and copied up. There is no one right result; what no order of the steps explains is wrong. A failure prints its SEED; RUNS=n runs more.

import fc from 'fast-check';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import type { RootOptions } from '../mounted-root.ts';
import { sequence } from '../posix/steps.ts';
import { hold } from './contest.ts';
import { SEED } from '../seed.ts';

const RUNS = Number(process.env['RUNS'] ?? 1);
const ROUNDS = Number(process.env['ROUNDS'] ?? 1000);
const SEQUENCES = 40;

const COURSES: Record<string, RootOptions> = {
  'capture, passed through': {},
  'capture, all data served': { config: { passthrough: false } },
  'hold, passed through': { config: { mode: 'hold' } },
  'hold, all data served': { config: { mode: 'hold', passthrough: false } },
};

describe('several processes on the same names', function () {
  this.timeout(10 * 60_000);
  needsMount();

  for (const [name, options] of Object.entries(COURSES))
    it(`nothing happens that no order explains: ${name}`, async () => {
      for (let seed = SEED; seed < SEED + RUNS; seed++) {
        await using root = new MountedRoot(options);
        const sequences = fc.sample(sequence, { seed, numRuns: SEQUENCES });
        try {
          await hold(root, { seed, rounds: ROUNDS, sequences });
        } catch (error) {
          throw new Error(`SEED=${seed} RUNS=1`, { cause: error });
        }
      }
    });
});
