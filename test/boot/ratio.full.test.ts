// The same images, booted from the merged root and from an overlayfs, in turns: how much longer a boot takes, and how much memory is left. Guards against a
// merged root that is slower than what it competes with by more than is said of it.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { needsMount } from '../mounted-root.ts';
import { Boots, CAPTURE, isWhole, tell } from './boots.ts';
import type { Booted } from './boots.ts';
import { bootable } from './debian.ts';

const ROUNDS = 3;
/** guest/overlay-root knows the labels. /etc/fstab speaks of disk's own filesystem, whose options an overlay refuses. */
const OVERLAY = 'boot=overlay systemd.mask=systemd-remount-fs.service';
/** A boot's time, from power on until all units are up, against an overlayfs'; under emulation, on a machine that may have other work. */
const MOST = 2;

describe('a boot from the merged root beside one from an overlayfs', function () {
  this.timeout(1_800_000);
  needsMount();
  const rounds = { overlay: [] as Booted[], capture: [] as Booted[], captured: [] as Booted[] };
  let boots: Boots;
  let disk = '';

  const median = (of: readonly Booted[], what: (booted: Booted) => number): number =>
    of.map(what).sort((one, other) => one - other)[of.length >> 1] ?? NaN;
  const finished = ({ finishedAt }: Booted): number => finishedAt;
  const userspace = ({ finishedAt, userspaceAt }: Booted): number => finishedAt - userspaceAt;
  const available = ({ report }: Booted): number => Number(report.get('available')?.[0]) / 1024;

  before(() => {
    boots = new Boots(bootable());
    disk = boots.disk();
  });

  for (let round = 1; round <= ROUNDS; round++) {
    it(`round ${round} of ${ROUNDS}`, async () => {
      const once = async (kind: keyof typeof rounds, words: string, flash: string): Promise<void> => {
        const booted = await boots.boot(words, [{ file: flash }, { file: disk }]);
        assert.equal(booted.report.get('state')?.[0], 'running');
        if (kind !== 'overlay') isWhole(booted, 'fuse.rootsync');
        tell(kind, booted);
        rounds[kind].push(booted);
      };
      const [upper, flash] = [boots.flash(), boots.flash()];
      await once('overlay', OVERLAY, upper);
      await once('capture', CAPTURE, flash);
      await once('captured', CAPTURE, flash);
      rmSync(upper);
      rmSync(flash);
    });
  }

  it('takes not much longer', () => {
    const overlay = rounds.overlay;
    for (const kind of ['capture', 'captured'] as const) {
      const ratio = (what: (booted: Booted) => number): string =>
        (median(rounds[kind], what) / median(overlay, what)).toFixed(2);
      const less = Math.round(median(overlay, available) - median(rounds[kind], available));
      console.log(
        `      ${kind}: until booted ${ratio(finished)} of overlayfs, userspace alone ${ratio(userspace)}; ${less} MB less memory available`,
      );
    }
    assert.ok(median(rounds.captured, finished) / median(overlay, finished) < MOST);
  });
});
