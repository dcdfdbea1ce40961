// Upgrades of a real Debian, by its own dpkg and apt-get. Guards against a flash that is not what disk is for what it holds, that grows by what is installed, that keeps
// what was removed, or that cannot run what was upgraded without disk.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needsMount } from '../mounted-root.ts';
import { debianTree } from '../run/debian-tree.ts';
import { agreement } from './agreement.ts';
import { APT } from './debian-packages.ts';
import { DebianRoot } from './debian-root.ts';
import { begin, shell } from '../workloads/programs.ts';

const CLEAN = [
  '/usr/bin/env',
  'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
  'DEBIAN_FRONTEND=noninteractive',
  'LC_ALL=C.UTF-8',
];

describe('upgrade: a Debian', function () {
  this.timeout(240_000);
  needsMount();
  let debian: DebianRoot;
  // A device of its own, with an end.
  const device = mkdtempSync(join(tmpdir(), 'device-'));

  before(async function () {
    this.timeout(900_000);
    debianTree();
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=160m', 'none', device]).status, 0);
    debian = await DebianRoot.start({ flash: join(device, 'flash') });
  });
  after(async () => {
    await (debian as DebianRoot | undefined)?.[Symbol.asyncDispose]();
    spawnSync('umount', ['-l', device]);
    rmSync(device, { recursive: true, force: true });
  });

  /** Runs a script; what flash has by then that it had not before, what it has otherwise, and what it has no more. */
  async function doing(script: string): Promise<Record<'more' | 'other' | 'less', string[]>> {
    const before = await debian.onFlash();
    await debian.do(script);
    await debian.inSync();
    const after = await debian.onFlash();
    return {
      more: [...after.keys()].filter((path) => !before.has(path)),
      other: [...after].filter(([path, line]) => before.has(path) && before.get(path) !== line).map(([path]) => path),
      less: [...before.keys()].filter((path) => !after.has(path)),
    };
  }

  it('apt-get install of a new package: nothing on flash but the database of dpkg, which is the same on both', async () => {
    const { more, other, less } = await doing(`${APT} update; ${APT} install delta; test -e /usr/share/delta/40`);
    assert.deepEqual([more, less], [[], []]);
    assert.deepEqual(
      other.filter((path) => !path.startsWith('/var/lib/dpkg/')),
      [],
    );
    assert.ok(other.includes('/var/lib/dpkg/status'));
  });

  it('a flash that is full: dpkg says so, the branches agree, and once there is room it is done again', async () => {
    const ballast = join(device, 'ballast');
    await shell(`head -c $(($(stat -f -c %a*%S .) - 64 * 1024)) /dev/zero >${ballast}`, device);
    const failed = await begin(['chroot', debian.root.mountpoint, ...CLEAN, 'dpkg', '-i', '/repo/gamma-1.3.deb']).ended;
    assert.notEqual(failed.status, 0);
    assert.match(failed.stderr, /No space left on device/);
    // What has the same bytes on both, and was written in place, may still wait for room.
    await debian.root.settle();
    assert.deepEqual(agreement(debian.root), []);
    rmSync(ballast);
    await debian.do('dpkg -i /repo/gamma-1.3.deb');
    await debian.inSync();
    assert.equal(await debian.alone('/usr/bin/gamma'), 'version 1.3\nconf of 1.3\n');
    await debian.do('dpkg -i /repo/gamma-1.2.deb');
  });

  it('dpkg -i of the next version: flash has what is new of what it had, and runs it alone', async () => {
    assert.equal(await debian.alone('/usr/bin/gamma'), 'version 1.2\nconf of 1.2\n');
    const { more, other, less } = await doing('dpkg -i /repo/gamma-1.3.deb');
    assert.deepEqual(more.sort(), [
      '/usr/lib/libgamma.so.1.1.3',
      '/usr/share/gamma/v1.3',
      '/usr/share/gamma/v1.3/version',
    ]);
    for (const path of ['/usr/lib/libgamma.so.1.1.2', '/usr/share/gamma/v1.2', '/usr/share/gamma/v1.2/version'])
      assert.ok(less.includes(path), path);
    for (const path of ['/usr/bin/gamma', '/usr/lib/gamma/show', '/usr/lib/libgamma.so.1', '/etc/gamma/conf'])
      assert.ok(other.includes(path), path);
    assert.equal(await debian.alone('/usr/bin/gamma'), 'version 1.3\nconf of 1.3\n');
  });

  it('dpkg -i of libc6, bash and coreutils while they run: flash has them all anew, and nothing more', async () => {
    const { more, other, less } = await doing('dpkg -i /repo/*-again.deb');
    assert.deepEqual([more, less], [[], []]);
    for (const path of ['/usr/bin/bash', '/usr/bin/sort']) assert.ok(other.includes(path), path);
    assert.ok(other.some((path) => path.endsWith('/libc.so.6')));
    assert.equal(
      await debian.alone('/bin/bash', '-c', 'sort /etc/gamma/conf; dpkg -l gamma | tail -n 1 | sed "s/ .*//"'),
      'conf of 1.3\nii\n',
    );
  });

  it('dpkg -r, the version before, and apt-get purge: what is removed is gone from both', async () => {
    const removed = await doing('dpkg -r gamma; test -e /etc/gamma/conf');
    assert.deepEqual(removed.more, []);
    for (const path of ['/usr/bin/gamma', '/usr/lib/libgamma.so.1', '/usr/share/gamma/current'])
      assert.ok(removed.less.includes(path), path);
    const back = await doing('dpkg -i /repo/gamma-1.2.deb');
    assert.ok(back.more.includes('/usr/bin/gamma'));
    assert.equal(await debian.alone('/usr/bin/gamma'), 'version 1.2\nconf of 1.2\n');
    await doing(`${APT} purge gamma delta; test ! -e /etc/gamma`);
    for (const branch of [debian.root.flash, debian.root.disk])
      for (const path of ['usr/bin/gamma', 'etc/gamma', 'usr/share/gamma', 'usr/lib/libgamma.so.1', 'usr/bin/greek'])
        assert.ok(!existsSync(join(branch, path)), `${branch}/${path}`);
  });

  it('is after a remount what it was', async () => {
    await debian.root.restart('stop');
    await debian.inSync();
    await debian.do('dpkg --audit; dpkg -l | grep -q coreutils');
  });
});
