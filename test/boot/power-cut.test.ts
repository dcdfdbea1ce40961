// The power goes while a Debian boots from the merged root, or runs there, and captures. Guards against half a file on flash, and against a system that does not
// come up again. ROOTSYNC_BOOT_FULL: twenty cuts of a boot and twenty of a running capture, each on the flash that the one before left. SEED repeats the moments.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, readFileSync, readlinkSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { needsMount } from '../mounted-root.ts';
import { random } from '../crash/random.ts';
import { Boots, CAPTURE, isWhole, logIn } from './boots.ts';
import { bootable } from './debian.ts';
import { FULL } from './full.ts';
import type { Machine } from './machine.ts';

/** systemd tells of some 60 units on the way to a login. */
const UNITS = 50;
/** A running capture is cut within this time, ms. */
const RUNNING_MS = 10_000;
const PATIENCE_MS = 300_000;
/** Opens files of disk, others each time, for longer than that. */
const USE = 'find /usr -type f | shuf | xargs cat >/dev/null';

describe('a power cut while a Debian captures whose root is the merged root', function () {
  this.timeout(900_000);
  needsMount();
  const below = random(Number(process.env['SEED'] ?? 1));
  let boots: Boots;
  let disk = '';
  let flash = '';

  before(() => {
    boots = new Boots(bootable());
    disk = boots.disk();
    flash = boots.flash(1024);
  });

  /** Cuts the power of a machine once `until` is over, looks at flash, and boots anew. */
  async function cut(until: (machine: Machine) => Promise<void>): Promise<void> {
    const machine = boots.machine({ words: CAPTURE, drives: [{ file: flash }, { file: disk }] });
    try {
      await until(machine);
    } finally {
      await machine.cut();
    }
    // The journal is replayed in a copy: the system is to meet the flash as the cut left it.
    const copy = boots.copy(flash);
    execFileSync('e2fsck', ['-p', copy], { stdio: 'ignore' });
    const files = boots.look(copy, (onFlash) => boots.look(disk, (onDisk) => sameBelow(onFlash, onDisk, '/usr')));
    rmSync(copy);
    console.log(`      ${files} files of /usr on flash`);
    isWhole(await boots.boot(CAPTURE, [{ file: flash }, { file: disk }]), 'fuse.rootsync');
  }

  for (let n = 1; n <= (FULL ? 20 : 1); n++) {
    const units = 1 + below(UNITS);
    it(`cut ${n} of a boot, after ${units} units: every file on flash is whole, and the next boot succeeds`, () =>
      cut(async (machine) => {
        for (let unit = 0; unit < units; unit++) await machine.says(/\[ {2}OK {2}\]/, PATIENCE_MS);
      }));
  }

  for (let n = 1; n <= (FULL ? 20 : 0); n++) {
    const ms = below(RUNNING_MS);
    it(`cut ${n} of a running capture, after ${ms} ms: the same`, () =>
      cut(async (machine) => {
        await logIn(machine);
        machine.type(USE);
        await new Promise((resolve) => setTimeout(resolve, ms));
      }));
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
