// The suites on a plain directory, as the control, and on the merged root wherever their objects come from (suite-runs.ts).

import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { needsMount } from '../mounted-root.ts';
import type { RootOptions } from '../mounted-root.ts';
import { LIMIT_MS, report, runOnMerged, runOnPlain } from './suite-runs.ts';
import type { Origin, SuiteRun } from './suite-runs.ts';

const CONFIGURATIONS: readonly (RootOptions & { readonly origin: Origin; readonly name: string })[] = [
  { name: 'on disk', origin: 'disk' },
  { name: 'on flash', origin: 'flash' },
  { name: 'on both', origin: 'both' },
  { name: 'below a renamed directory', origin: 'renamed' },
  { name: 'on disk, all data served', origin: 'disk', config: { passthrough: false } },
  { name: 'on both, all data served', origin: 'both', config: { passthrough: false } },
  { name: 'on disk, nothing captured', origin: 'disk', config: { mode: 'hold' } },
];

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

  for (const { name, origin, ...options } of CONFIGURATIONS)
    describe(`on the merged root, ${name}`, () => {
      needsMount();
      let run: SuiteRun | undefined;
      before(async () => {
        run = await runOnMerged(origin, options);
      });
      report(() => run);
      it('leaves the same tree after a remount and a kill, and disk as it was', () => {
        assert.deepEqual(run?.wrong, []);
      });
    });
});
