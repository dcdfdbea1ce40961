// A system booted in mode upgrade is upgraded by its own apt. Guards against branches that do not agree at power-off, against a disk that is not clean then, and
// against a system that does not boot any more, be it from one of them.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { needsMount } from '../mounted-root.ts';
import { agreement } from '../upgrade/agreement.ts';
import { APT, buildPackages, inDebian } from '../upgrade/debian-packages.ts';
import { bootable } from './debian.ts';
import { ALONE, Boots, CAPTURE, isClean, isWhole, tell } from './boots.ts';
import { FULL } from './full.ts';

/** The archive in /repo alone: no network is there. */
const APT_HERE = `${APT} -o Dir::Etc::SourceParts=-`;
/** What the machine is for, and what has to be on flash for an upgrade of it. */
const USE = ['gamma', 'apt-get --version >/dev/null && dpkg -l >/dev/null && sort /etc/passwd >/dev/null'];
/** What the system runs on; of libc6 there are hundreds of files. */
const AGAIN = FULL ? '/repo/*-again.deb' : '/repo/bash-again.deb';
const UPGRADE = [
  `export DEBIAN_FRONTEND=noninteractive; ${APT_HERE} update && ${APT_HERE} upgrade && ${APT_HERE} install delta`,
  `dpkg --install ${AGAIN}`,
  'dpkg --audit && rootsync sync',
];

const isAt = (version: string): string =>
  `[ "$(gamma)" = "$(printf 'version %s\\nconf of %s' ${version} ${version})" ]`;

describe('a Debian booted in mode upgrade', function () {
  this.timeout(900_000);
  needsMount();
  let boots: Boots;
  let disk = '';
  let flash = '';
  let differedBefore: string[];

  /** In which paths flash differs from disk. */
  const differing = (): string[] =>
    boots.look(flash, (onFlash) =>
      boots.look(disk, (onDisk) =>
        agreement({ flash: onFlash, disk: onDisk }).map((line) => line.slice(0, line.indexOf(': flash '))),
      ),
    );

  before(async () => {
    boots = new Boots(bootable());
    disk = boots.disk();
    flash = boots.flash();
    await boots.mounted(disk, 'rw', async (dir) => {
      await buildPackages(dir, join(dir, 'repo'));
      await inDebian(dir, 'dpkg --install /repo/gamma-1.2.deb');
    });
    const commands = ['sed -i s/LABEL=disk/LABEL=flash/ /etc/fstab', isAt('1.2'), ...USE];
    const first = await boots.boot(CAPTURE, [{ file: flash }, { file: disk }], commands);
    tell('capture', first);
    isWhole(first, 'fuse.rootsync');
    differedBefore = differing();
  });

  it('upgrades: apt and dpkg succeed, both branches are clean, and agree in all that did not differ before', async () => {
    const upgraded = await boots.boot(`${CAPTURE} rootsync.mode=upgrade`, [{ file: flash }, { file: disk }], UPGRADE);
    tell('upgrade', upgraded);
    isWhole(upgraded, 'fuse.rootsync');
    assert.equal(upgraded.status?.mode, 'upgrade');
    isClean(flash);
    isClean(disk);
    const known = new Set(differedBefore);
    assert.deepEqual(
      differing().filter((path) => !known.has(path)),
      [],
    );
  });

  it('boots from flash alone, with the new version', async () => {
    const alone = await boots.boot(ALONE, [{ file: flash, snapshot: true }], [isAt('1.3'), 'dpkg -l gamma']);
    tell('flash alone', alone);
    isWhole(alone, 'ext4');
    assert.match(alone.console, /^ii +gamma +1\.3 /m);
  });

  it('boots from disk alone, with the new version and the new package', async () => {
    const commands = [isAt('1.3'), 'dpkg --audit && [ -e /usr/share/delta/40 ]'];
    const alone = await boots.boot('root=LABEL=disk rw', [{ file: disk, snapshot: true }], commands);
    tell('disk alone', alone);
    isWhole(alone, 'ext4');
  });
});
