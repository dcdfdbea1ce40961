// Power cuts of a flash that this machine's kernel may lack: the test of test/crash runs in a booted Debian. Guards against what that test guards against, where
// flash keeps another order than ext4 does.
// RUNS and STEPS are as there, SEED repeats the work and the moments.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needsMount } from '../mounted-root.ts';
import { SEED } from '../seed.ts';
import { Boots } from './boots.ts';
import { bootable } from './debian.ts';

const { RUNS = '20', STEPS = '150' } = process.env;
/** How many times longer than usual things may take in an emulated machine. */
const PATIENCE = 8;
const LIMIT_MS = 3_600_000;
/** What the test needs of the project. */
const PROJECT = ['package.json', '.mocharc.cjs', 'dist', 'node_modules'];

/** Makes a file of zeros an ext4 that holds the project. */
function project(file: string): void {
  const dir = mkdtempSync(join(tmpdir(), 'project-'));
  for (const name of PROJECT) execFileSync('cp', ['-a', name, dir]);
  mkdirSync(join(dir, 'tmp'));
  execFileSync('mkfs.ext4', ['-q', '-L', 'project', '-d', dir, file]);
  rmSync(dir, { recursive: true });
}

describe('power cuts of a flash on f2fs', function () {
  this.timeout(LIMIT_MS);
  needsMount();

  it(`leave nothing lost, torn or back: SEED=${SEED}`, async () => {
    const boots = new Boots(bootable());
    const drives = [boots.disk(), boots.flash(2048, project)].map((file) => ({ file, snapshot: true }));
    // A shell and no system: it is all that the test needs.
    const machine = boots.machine({ words: 'root=/dev/vda rw init=/bin/bash', drives });
    const words = `FLASH=f2fs RUNS=${RUNS} STEPS=${STEPS} SEED=${SEED} PATIENCE=${PATIENCE}`;
    const test = 'node_modules/mocha/bin/mocha.js --no-color dist/test/crash/power-cut.mount.test.js';
    try {
      await machine.says(/bash-\S+# |root@\S+# /, LIMIT_MS);
      machine.type('mount /dev/vdb /mnt && cd /mnt && modprobe loop && export TMPDIR=/mnt/tmp NO_COLOR=1');
      machine.type(`${words} node ${test} 2>&1; echo "exit code $?."`);
      const [said = '', code] = await machine.says(/[^]*exit code (\d+)\.\r/, LIMIT_MS);
      assert.equal(code, '0', said);
      assert.match(said, /2 passing/);
    } finally {
      await machine.cut();
    }
  });
});
