// The suites on a plain directory, as the control, and on the merged root wherever their objects come from (suite-runs.ts).

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import type { Rule } from '../../src/policy/exclude-rule.ts';
import { needsMount } from '../mounted-root.ts';
import type { RootOptions } from '../mounted-root.ts';
import { LIMIT_MS, report, runOnMerged, runOnPlain } from './suite-runs.ts';
import type { Origin, SuiteRun } from './suite-runs.ts';

interface Configuration extends RootOptions {
  readonly origin: Origin;
  readonly name: string;
  readonly changed?: 'disk' | 'both';
}

const CONFIGURATIONS: readonly Configuration[] = [
  { name: 'on disk', origin: 'disk' },
  { name: 'on flash', origin: 'flash' },
  { name: 'on both', origin: 'both' },
  { name: 'below a renamed directory', origin: 'renamed' },
  { name: 'on disk, all data served', origin: 'disk', config: { passthrough: false } },
  { name: 'on both, all data served', origin: 'both', config: { passthrough: false } },
  { name: 'on disk, nothing captured', origin: 'disk', config: { mode: 'hold' } },
  { name: 'on disk, upgraded', origin: 'disk', changed: 'disk', config: { mode: 'upgrade' } },
  { name: 'on disk, excluded', origin: 'disk', changed: 'disk', config: { exclude: excluded('/work/**') } },
  {
    name: 'on disk, excluded but for directories, all data served',
    origin: 'disk',
    changed: 'both',
    config: { exclude: excluded('/work'), passthrough: false },
  },
  {
    name: 'on disk, excluded, disk never changed',
    origin: 'disk',
    config: { exclude: excluded('/work/**'), diskWritable: false },
  },
];

function excluded(glob: string): Rule[] {
  return [{ glob, source: 'option' }];
}

describe('suites', function () {
  this.timeout(LIMIT_MS);

  describe('on a plain directory', () => {
    let run: SuiteRun | undefined;
    before(async function () {
      if (process.getuid?.() !== 0) this.skip();
      run = await runOnPlain(tmpdir());
    });
    report(() => run);
  });

  for (const { name, origin, changed, ...options } of CONFIGURATIONS)
    describe(`on the merged root, ${name}`, () => {
      needsMount();
      let run: SuiteRun | undefined;
      before(async () => {
        run = await runOnMerged(origin, options, { changed });
      });
      report(() => run);
      it('leaves the same tree after a remount and a kill, and the other branch as it was', () => {
        assert.deepEqual(run?.wrong, []);
      });
    });
});
