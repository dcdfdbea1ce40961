// Disk is one that may wait without end, and no answer comes at once: each operation is given up at each question to disk, and done anew when the answer has come. Guards
// against whatever is done twice by that, or half.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { needsMount } from '../mounted-root.ts';
import { SEED } from '../seed.ts';
import { differences } from './differential.ts';
import type { Course } from './differential.ts';
import { sequence } from './steps.ts';
import { LIMIT_MS, report, runOnMerged } from './suite-runs.ts';
import type { Origin, SuiteRun } from './suite-runs.ts';

const CONFIG = { diskRemote: 'yes', diskPatience: 0 } as const;
const RUNS = Number(process.env['RUNS'] ?? 60);

const COURSES: Record<string, Course> = {
  capture: { middle: ['stop'], end: ['kill', 'stop'], config: CONFIG },
  'hold, all data served': { middle: [], end: ['kill'], config: { ...CONFIG, mode: 'hold', passthrough: false } },
  'some excluded': { middle: ['kill'], end: ['stop'], excluded: ['b/**', 'c', '*/c/a'], config: CONFIG },
};

describe('a merged root over a disk that answers late', function () {
  this.timeout(LIMIT_MS);
  needsMount();

  for (const [name, course] of Object.entries(COURSES))
    it(`is as a plain directory: ${name}, SEED=${SEED}`, async () => {
      const [first] = await differences(fc.sample(sequence, { seed: SEED, numRuns: RUNS }), course);
      assert.equal(first, undefined, first?.what);
    });

  for (const origin of ['disk', 'renamed'] satisfies Origin[])
    describe(`passes the suites, ${origin}`, () => {
      let run: SuiteRun | undefined;
      before(async () => {
        run = await runOnMerged(origin, { config: CONFIG });
      });
      report(() => run);
      it('leaves the same tree after a remount and a kill, and disk as it was', () => {
        assert.deepEqual(run?.wrong, []);
      });
    });
});
