// The daemon is killed at moments that nobody chose while a Debian is upgraded. Guards against branches that a crash leaves apart, and against a flash that cannot start its
// shell at some moment. RUNS=100 kills more often, SEED=any at other moments.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { needsMount } from '../mounted-root.ts';
import { debianTree } from '../run/debian-tree.ts';
import { random } from '../crash/random.ts';
import { SEED } from '../seed.ts';
import { begin } from '../workloads/programs.ts';
import { DebianRoot } from './debian-root.ts';

const RUNS = Number(process.env['RUNS'] ?? 4);
/** Of the upgrade, ms: kills come as late as that. */
const LENGTH = 6000;
const UPGRADE = `export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
  while :; do dpkg -i /repo/gamma-1.3.deb /repo/bash-again.deb; dpkg -i /repo/gamma-1.2.deb /repo/libc6-again.deb; done`;

describe('upgrade: a Debian, killed', function () {
  this.timeout(120_000 + RUNS * 60_000);
  needsMount();

  before(function () {
    this.timeout(600_000);
    debianTree();
  });

  it(`has branches that agree once it is mounted again, and a shell on flash alone at any moment: SEED=${SEED}`, async () => {
    await using debian = await DebianRoot.start();
    const { root } = debian;
    const dice = random(SEED);
    for (let run = 0; run < RUNS; run++) {
      const busy = begin(['chroot', root.mountpoint, '/bin/bash', '-c', UPGRADE]);
      await sleep(dice(LENGTH));
      await root.kill();
      busy.child.kill('SIGKILL');
      await busy.ended;
      assert.equal(await debian.alone('/bin/bash', '-c', 'echo alive'), 'alive\n', `run ${run}`);
      await root.start();
      // What was interrupted while it was unpacked, dpkg wants to have installed again.
      await debian.do('dpkg --configure -a || true');
      await debian.inSync();
    }
    // First what was half unpacked when it was killed last, perhaps: dpkg does not install on that.
    await debian.do('dpkg -i /repo/libc6-again.deb; dpkg -i /repo/gamma-1.3.deb /repo/bash-again.deb');
    await debian.inSync();
    assert.equal(await debian.alone('/usr/bin/gamma'), 'version 1.3\nconf of 1.3\n');
  });
});
