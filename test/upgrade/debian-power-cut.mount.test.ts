// Power cuts while a Debian is upgraded: every write to the devices of flash and disk is recorded, and both are rebuilt as they would be found had the power gone at
// random moments. Guards against marks, copies and names that reach the devices in an order that leaves the branches apart, or flash without a shell.
// SEED=7 RUNS=100 repeats or extends it.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pick, random } from '../crash/random.ts';
import type { Random } from '../crash/random.ts';
import { complaints, Mount, Recording } from '../crash/recording.ts';
import { Replay } from '../crash/replay.ts';
import { needsMount } from '../mounted-root.ts';
import { debianTree } from '../run/debian-tree.ts';
import { SEED } from '../seed.ts';
import { begin, run } from '../workloads/programs.ts';
import { DebianRoot, prepareDebian } from './debian-root.ts';

const RUNS = Number(process.env['RUNS'] ?? 3);
const UPGRADE = `export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
  dpkg -i /repo/gamma-1.3.deb /repo/bash-again.deb; dpkg -i /repo/gamma-1.2.deb /repo/libc6-again.deb; dpkg -r gamma`;
/** A directory to keep the images of a cut that fails, for a look at them. */
const KEEP = process.env['KEEP'];
/** Between two looks at how far the devices are, at most; ms. */
const REST = 25;

/** So many records had reached each device at one moment. */
interface Moment {
  readonly flash: number;
  readonly disk: number;
}

function positionOf(recording: Recording): number {
  return Number(readFileSync(recording.position, 'latin1'));
}

/** undefined: flash went on meanwhile. */
function momentOf(flash: Recording, disk: Recording): Moment | undefined {
  const before = positionOf(flash);
  const there = positionOf(disk);
  return positionOf(flash) === before ? { flash: before, disk: there } : undefined;
}

/** Upgrades on recorded devices; moments of it, in their order. */
async function upgradeOn(flash: Recording, disk: Recording, dir: string, dice: Random): Promise<Moment[]> {
  await using debian = await DebianRoot.start({ base: dir, flash: flash.dir, disk: disk.dir, prepared: true });
  const busy = begin(['chroot', debian.root.mountpoint, '/bin/bash', '-c', UPGRADE]);
  const over = busy.ended.then(() => true);
  const moments: Moment[] = [];
  do {
    const moment = momentOf(flash, disk);
    if (moment !== undefined) moments.push(moment);
  } while (!(await Promise.race([over, sleep(dice(REST), false)])));
  assert.equal((await busy.ended).status, 0, (await busy.ended).stderr);
  assert.deepEqual(debian.root.warnings, []);
  await debian.root.kill();
  return moments;
}

function choose(moments: readonly Moment[], dice: Random): Moment[] {
  const chosen = new Set<number>();
  while (chosen.size < Math.min(RUNS, moments.length)) chosen.add(dice(moments.length));
  return [...chosen].sort((a, b) => a - b).map((at) => moments[at]!);
}

describe('upgrade: a Debian, power cut', function () {
  this.timeout(300_000 + RUNS * 60_000);
  needsMount();

  before(function () {
    this.timeout(600_000);
    debianTree();
  });

  it(`has branches that agree once it is mounted again, and a shell on flash alone at any moment: SEED=${SEED}`, async () => {
    const dir = mkdtempSync(join(tmpdir(), 'cut-'));
    const dice = random(SEED);
    try {
      const system = join(dir, 'system');
      await prepareDebian(system, join(dir, 'repo'));
      await using flash = new Recording('ext4', join(dir, 'f'), { of: join(dir, 'none'), size: '160M' });
      await using disk = new Recording('ext4', join(dir, 'd'), { of: system, size: '640M' });
      await run(['mkdir', join(dir, 'f'), join(dir, 'd'), join(dir, 'none')]);
      await flash.start();
      await disk.start();
      const moments = await upgradeOn(flash, disk, dir, dice);
      await flash.stop();
      await disk.stop();
      assert.ok(moments.length >= RUNS);
      using flashReplay = new Replay(flash.base, flash.log, join(dir, 'flash-state'));
      using diskReplay = new Replay(disk.base, disk.log, join(dir, 'disk-state'));
      for (const moment of choose(moments, dice)) {
        const [flashImage, diskImage] = [join(dir, 'flash-cut'), join(dir, 'disk-cut')];
        const survive = pick(dice, [0, 4, 8]);
        flashReplay.make({ position: moment.flash, survive }, dice, flashImage);
        diskReplay.make({ position: moment.disk, survive }, dice, diskImage);
        const what = `cut at ${moment.flash} and ${moment.disk}, ${survive}/8 survive`;
        const pristine = [flashImage, diskImage].map((image) => `${image}-kept`);
        if (KEEP !== undefined)
          for (const [i, image] of [flashImage, diskImage].entries())
            await run(['cp', '--sparse=always', image, pristine[i]!]);
        try {
          await judge(flashImage, diskImage, dir);
        } catch (error) {
          if (KEEP !== undefined) await run(['cp', '--sparse=always', ...pristine, KEEP]);
          throw new Error(`${what}: ${(error as Error).message}`, { cause: error });
        }
        // Not written over: what still has one of them mounted would be found again.
        for (const image of [flashImage, diskImage]) rmSync(image);
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  async function judge(flashImage: string, diskImage: string, dir: string): Promise<void> {
    {
      using flash = new Mount('ext4', flashImage, join(dir, 'flash-mounted'), 'loop');
      using disk = new Mount('ext4', diskImage, join(dir, 'disk-mounted'), 'loop');
      await using debian = await DebianRoot.resume({ base: dir, flash: flash.dir, disk: disk.dir });
      await debian.do('dpkg --configure -a || true');
      await debian.inSync();
      await debian.root.stop();
    }
    assert.equal(complaints('ext4', flashImage), '');
  }
});
