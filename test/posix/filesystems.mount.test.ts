// Filesystems differ in what they hold and which errors they give: the suites, and a short differential test, with both branches on each of those
// that this kernel has, and with flash on doubles of those that it lacks.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mkdirSync } from 'node:fs';
import { image } from '../copy/images.ts';
import { double } from '../doubles/double.ts';
import { needsMount } from '../mounted-root.ts';
import { differences } from './differential.ts';
import { sequence } from './steps.ts';
import { LIMIT_MS, report, runOnMerged } from './suite-runs.ts';
import type { SuiteRun } from './suite-runs.ts';
import { SEED } from '../seed.ts';

const RUNS = Number(process.env['RUNS'] ?? 60);

/** What the merged root does no better than the filesystem that flash is on. Shared mappings it has, though jffs2 has none. */
const NO_EXCHANGE = [
  'RENAME_EXCHANGE of files, symlinks and a directory',
  'RENAME_EXCHANGE of two directories with content',
];
const NO_TMPFILE = ['O_TMPFILE, then a name', 'O_TMPFILE in a setgid directory has its group'];
const NO_FALLOCATE = ['holes are found, made and kept', 'sgid without the group’s x stays for its members alone'];
const SECONDS = ['times to the nanosecond, each alone, before 1970', 'what moves which time'];
const NO_ACL = [
  'a default ACL is inherited and takes the place of the umask',
  'an ACL grants, and shows in the mode',
  'a default ACL of another’s group leaves the directory setgid',
];
const LACKING: Readonly<Record<string, readonly string[]>> = {
  jffs2: [...NO_EXCHANGE, ...NO_TMPFILE, ...NO_FALLOCATE, ...SECONDS, 'any bytes'],
  ubifs: [...NO_EXCHANGE, ...NO_TMPFILE, ...NO_FALLOCATE, ...SECONDS, ...NO_ACL],
};

describe('suites', function () {
  this.timeout(2 * LIMIT_MS);
  needsMount();

  for (const type of ['xfs', 'btrfs', 'tmpfs'] as const)
    describe(`on ${type}`, () => {
      const here = image(type, { inMemory: type !== 'tmpfs' });
      let run: SuiteRun | undefined;
      before(async () => {
        run = await runOnMerged('both', { base: here.dir });
      });
      report(() => run);
      it('leaves the same tree after a remount and a kill, and disk as it was', () => {
        assert.deepEqual(run?.wrong, []);
      });
      it('is the same as a plain directory after random steps', async () => {
        const sequences = fc.sample(sequence, { seed: SEED, numRuns: RUNS });
        const found = await differences(sequences, { base: here.dir, middle: ['stop'], end: ['kill', 'stop'] });
        assert.deepEqual(
          found.map(({ at, what }) => `SEED=${SEED}, sequence ${at}: ${what}`),
          [],
        );
      });
    });

  for (const [type, except] of Object.entries(LACKING))
    describe(`with flash on a double of ${type}`, () => {
      const here = double(type);
      let run: SuiteRun | undefined;
      before(async () => {
        const flash = `${here.dir}/flash`;
        mkdirSync(flash);
        run = await runOnMerged('disk', { flash }, { wholeSeconds: true });
      });
      report(() => run, except);
      it('leaves the same tree after a remount and a kill, and disk as it was', () => {
        assert.deepEqual(run?.wrong, []);
      });
    });
});
