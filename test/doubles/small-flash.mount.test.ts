// The doubles are what the table of flash filesystems says, and the probes find that; so tests on them are tests on such filesystems.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import type { Features } from '../../src/copy/features.ts';
import { double } from './double.ts';

/** What the probes find there, in a process of its own: the test's must not wait for the mount. */
function probed(dir: string): Features {
  const script = `
    import { openSync } from 'node:fs';
    import { probeFeatures } from '${new URL('../../src/copy/probe.js', import.meta.url).href}';
    import { enterProc } from '${new URL('../../src/sys/process.js', import.meta.url).href}';
    enterProc(openSync('/proc', 'r'));
    console.log(JSON.stringify(probeFeatures(openSync(process.argv[1], 'r'))));`;
  const args = ['--no-warnings', '--input-type=module', '-e', script, dir];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8', timeout: 60_000 })) as Features;
}

const COMMON: Partial<Features> = {
  untried: 0,
  xattrUser: true,
  xattrTrusted: true,
  xattrSecurity: true,
  byteNames: true,
  caseSensitive: true,
  hardLinks: true,
  fifos: true,
  devices: true,
  modeMask: 0o7777,
  timeGranularity: 1e9,
  timeMin: 0,
  timeMax: 2 ** 32 - 1,
  renameNoreplace: true,
  renameExchange: false,
  renameWhiteout: false,
  tmpfile: false,
  fallocate: false,
  punchHole: false,
  holes: false,
  reflink: false,
};

describe('the double of', function () {
  this.timeout(60_000);
  const expected: Readonly<Record<string, Partial<Features>>> = {
    jffs2: { ...COMMON, acl: true, idMax: 0xffff, nameMax: 254, symlinkMax: 1000, sharedWritableMmap: false },
    ubifs: { ...COMMON, acl: false, idMax: 0xfffffffe, nameMax: 255, symlinkMax: 4095, sharedWritableMmap: true },
  };
  for (const [type, features] of Object.entries(expected))
    describe(type, () => {
      const here = double(type);
      it('holds and refuses what that does', () => {
        const found = probed(here.dir);
        const keys = Object.keys(features) as (keyof Features)[];
        assert.deepEqual(Object.fromEntries(keys.map((key) => [key, found[key]])), features);
      });
    });
});
