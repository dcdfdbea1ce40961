// The power goes while a Debian boots from the merged root and captures. Guards against half a file on flash, and against a system that does not come up again.
// ROOTSYNC_BOOT_FULL: twenty cuts instead of one, each on the flash that the one before left. SEED repeats the moments.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync, readlinkSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { needsMount } from '../mounted-root.ts';
import { random } from '../crash/random.ts';
import { Boots, CAPTURE, isWhole } from './boots.ts';
import { bootable } from './debian.ts';
import { FULL } from './full.ts';

/** systemd tells of some 60 units on the way to a login. */
const UNITS = 50;
const PATIENCE_MS = 300_000;

describe('a power cut while a Debian boots from the merged root', function () {
  this.timeout(900_000);
  needsMount();
  const below = random(Number(process.env['SEED'] ?? 1));
  let boots: Boots;
  let disk = '';
  let flash = '';

  before(() => {
    boots = new Boots(bootable());
    disk = boots.disk();
    flash = boots.flash();
  });

  for (let n = 1; n <= (FULL ? 20 : 1); n++) {
    const units = 1 + below(UNITS);
    it(`cut ${n}, after ${units} units: every file on flash is whole, and the next boot succeeds`, async () => {
      const machine = boots.machine({ words: CAPTURE, drives: [{ file: flash }, { file: disk }] });
      try {
        for (let unit = 0; unit < units; unit++) await machine.says(/\[ {2}OK {2}\]/, PATIENCE_MS);
      } finally {
        await machine.cut();
      }
      // The journal is replayed in a copy: the system is to meet the flash as the cut left it.
      const copy = boots.copy(flash);
      execFileSync('e2fsck', ['-p', copy], { stdio: 'ignore' });
      const files = boots.look(copy, (onFlash) => boots.look(disk, (onDisk) => sameBelow(onFlash, onDisk, '/usr')));
      console.log(`      ${files} files of /usr on flash`);
      const next = await boots.boot(CAPTURE, [{ file: flash }, { file: disk }]);
      isWhole(next, 'fuse.rootsync');
    });
  }
});

/** Asserts that what flash has there is as on disk; how many files that are. Nothing changes them while the system runs. */
function sameBelow(flash: string, disk: string, below: string): number {
  let files = 0;
  for (const name of readdirSync(join(flash, below))) {
    const path = `${below}/${name}`;
    const [mine, theirs] = [join(flash, path), join(disk, path)];
    const stat = lstatSync(mine);
    assert.equal(stat.mode, lstatSync(theirs).mode, path);
    if (stat.isDirectory()) files += sameBelow(flash, disk, path);
    else if (stat.isSymbolicLink()) assert.equal(readlinkSync(mine), readlinkSync(theirs), path);
    else {
      assert(readFileSync(mine).equals(readFileSync(theirs)), path);
      files++;
    }
  }
  return files;
}
