// Probed features against what is known of each filesystem, and against restricted ones.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { EBADF, ENOSPC, EROFS } from '../../src/errno.ts';
import { presumedFeatures } from '../../src/copy/features.ts';
import type { Features } from '../../src/copy/features.ts';
import { probeFeatures } from '../../src/copy/probe.ts';
import { close } from '../../src/sys/open.ts';
import { ok } from '../sys/place.ts';
import { openDirectory } from './copying.ts';
import { image, tool } from './images.ts';

const everything: Partial<Features> = {
  untried: 0,
  xattrTrusted: true,
  xattrSecurity: true,
  acl: true,
  timeGranularity: 1,
  idMax: 0xfffffffe,
  modeMask: 0o7777,
  nameMax: 255,
  byteNames: true,
  caseSensitive: true,
  hardLinks: true,
  fifos: true,
  devices: true,
  renameNoreplace: true,
  renameExchange: true,
  renameWhiteout: true,
  tmpfile: true,
  fallocate: true,
  punchHole: true,
  holes: true,
};

function probed(dir: string): Features {
  const fd = openDirectory(dir);
  const before = readdirSync(dir);
  try {
    return probeFeatures(fd);
  } finally {
    ok(close(fd));
    assert.deepEqual(readdirSync(dir), before, 'the probes left something behind');
  }
}

describe('probing filesystems', function () {
  this.timeout(60_000);
  const ext4 = image('ext4');
  const small = image('ext4', { size: '8M', mkfs: ['-b', '1024', '-I', '128'] });
  const xfs = image('xfs');
  const btrfs = image('btrfs');
  const tmpfs = image('tmpfs');
  const ramfs = image('ramfs');

  function has(dir: string, expected: Partial<Features>): void {
    const found = probed(dir);
    const keys = Object.keys(expected) as (keyof Features)[];
    assert.deepEqual(Object.fromEntries(keys.map((key) => [key, found[key]])), expected);
  }

  it('finds that ext4, xfs, btrfs and tmpfs hold everything, within their ranges of times and symlinks', () => {
    const ext4Times = { timeMin: -(2 ** 31), timeMax: 2 ** 34 - 2 ** 31 - 1 };
    has(ext4.dir, { ...everything, ...ext4Times, fsType: 'ext4', symlinkMax: 4095, reflink: false, xattrUser: true });
    has(xfs.dir, { ...everything, fsType: 'xfs', symlinkMax: 1023, timeMin: -(2 ** 31), xattrUser: true });
    has(btrfs.dir, { ...everything, fsType: 'btrfs', reflink: true, xattrUser: true });
    has(tmpfs.dir, { ...everything, fsType: 'tmpfs', symlinkMax: 4095, reflink: false });
  });

  it('finds whole seconds, their end in 2038, and short symlinks on an old small ext4', () => {
    has(small.dir, { ...everything, timeGranularity: 1e9, timeMax: 2 ** 31 - 1, symlinkMax: 1023 });
  });

  it('finds what ramfs lacks', () => {
    const none = { xattrUser: false, xattrTrusted: false, xattrSecurity: false, acl: false };
    const space = { fallocate: false, punchHole: false, holes: false };
    has(ramfs.dir, { ...everything, ...none, ...space, fsType: 'ramfs', renameWhiteout: false });
  });

  it('says why it could not try, and goes by the type: full, read-only, not a directory of ours', () => {
    try {
      execFileSync('dd', ['if=/dev/zero', `of=${small.dir}/fill`, 'bs=64k'], { stdio: 'ignore' });
    } catch {
      // Full: so it shall be.
    }
    has(small.dir, { untried: ENOSPC, fsType: 'ext4', timeGranularity: 1, acl: true });
    tool('mount', ['-o', 'remount,ro', tmpfs.dir]);
    has(tmpfs.dir, { untried: EROFS, fsType: 'tmpfs', renameExchange: true });
    assert.equal(probeFeatures(-1).untried, EBADF);
  });

  it('removes what a killed probe has left', () => {
    mkdirSync(`${xfs.dir}/probe/n`, { recursive: true });
    writeFileSync(`${xfs.dir}/probe/n/f`, '');
    const fd = openDirectory(xfs.dir);
    assert.equal(probeFeatures(fd).untried, 0);
    ok(close(fd));
    assert.deepEqual(readdirSync(xfs.dir), []);
  });

  it('goes by the table for flash filesystems that it cannot try', () => {
    const jffs2 = presumedFeatures(0x72b6, 254);
    assert.deepEqual(
      [jffs2.fsType, jffs2.nameMax, jffs2.idMax, jffs2.sharedWritableMmap],
      ['jffs2', 254, 0xffff, false],
    );
    assert.deepEqual([jffs2.renameNoreplace, jffs2.renameExchange, jffs2.timeGranularity], [true, false, 1e9]);
    const ubifs = presumedFeatures(0x24051905, 255);
    assert.deepEqual([ubifs.acl, ubifs.holes, ubifs.sharedWritableMmap, ubifs.tmpfile], [false, false, true, true]);
    assert.equal(presumedFeatures(0x123, 0).fsType, '0x123');
    assert.equal(presumedFeatures(0xf2f52010, 255).acl, true);
  });
});
