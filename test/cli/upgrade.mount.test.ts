// `rootsync upgrade`: guards against a mode that outlives its command, against branches that are apart when it returns, against a list of changes that leaves something
// out or names what came and went, and against beginning where it cannot work.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Changes } from '../../src/control/protocol.ts';
import { needsMount, within } from '../mounted-root.ts';
import { agreement } from '../upgrade/agreement.ts';
import { LiveMount } from './live.ts';
import { start, startProgram, type Ended } from './rootsync.ts';

interface Told extends Changes {
  readonly exitCode: number;
  readonly behind: number;
  readonly needs: { readonly flash: number; readonly free: number };
}

const SHELL = ['--chdir', '/', '--', '/bin/sh', '-c'];

describe('cli/upgrade', function () {
  this.timeout(120_000);
  needsMount();
  let live: LiveMount;
  beforeEach(() => {
    live = new LiveMount();
    live.putPrograms(...['sh', 'cat', 'sleep', 'mv', 'rm', 'ln', 'mkdir', 'dd'].map((name) => `/bin/${name}`));
    live.put({
      'etc/held': 'old\n',
      'etc/gone': 'old\n',
      'etc/read': 'old\n',
      'lib/libx.so.1.2': '1.2\n',
      'opt/d/f': 'f\n',
    });
    live.shell(`cd ${live.disk}; ln -s libx.so.1.2 lib/libx.so.1; mkdir -p var/cache`);
  });
  afterEach(() => live[Symbol.asyncDispose]());

  const upgrade = (...words: string[]): Promise<Ended> => live.ask('upgrade', words);
  const mode = async (): Promise<string> => (await live.ask('mode')).stdout.trim();
  const told = ({ stderr }: Ended): Told => JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as Told;
  const capture = (): void => {
    live.shell('cat etc/held etc/gone etc/read lib/libx.so.1 >/dev/null');
  };

  it('says what is changed on which branch, once flash has followed, and gives the mode back', async () => {
    await live.mount();
    capture();
    const script = `echo new >/etc/held.new; mv /etc/held.new /etc/held; rm /etc/gone; : >>/etc/read; echo x >/etc/made
      echo 1.3 >/lib/libx.so.1.3; ln -s libx.so.1.3 /lib/l; mv -T /lib/l /lib/libx.so.1; rm /lib/libx.so.1.2
      mv /opt/d /opt/e; echo g >/opt/e/g; mkdir /opt/t; rm -r /opt/t; echo y >/var/cache/y; exit 3`;
    const ended = await upgrade('--json', ...SHELL, script);
    assert.equal(ended.status, 3, ended.stderr);
    const { changed, exitCode, behind, more } = told(ended);
    assert.deepEqual([exitCode, behind, more], [3, 0, 0]);
    assert.deepEqual(changed.map(({ path, what, on }) => `${path} ${what} ${on}`).sort(), [
      '/etc/gone removed both',
      '/etc/held changed both',
      '/etc/made added disk',
      '/lib/libx.so.1 changed both',
      '/lib/libx.so.1.2 removed both',
      '/lib/libx.so.1.3 added both',
      '/opt/d removed disk',
      '/opt/e added disk',
      '/opt/e/g added disk',
      '/var/cache/y added disk',
    ]);
    assert.deepEqual(agreement(live), []);
    assert.equal(readFileSync(join(live.flash, 'etc/held'), 'utf8'), 'new\n');
    assert.equal(await mode(), 'capture');
    assert.ok(!existsSync(join(live.flash, '.rootsync/wanted')));
  });

  it('tells people, with what could not be begun', async () => {
    await live.mount('--mode', 'hold');
    const first = await upgrade(...SHELL, 'echo x >/etc/made');
    assert.equal(first.status, 0, first.stderr);
    assert.match(first.stderr, /changed on disk alone: 1\n {2}\+ \/etc\/made\n/);
    assert.match((await upgrade(...SHELL, 'exit 0')).stderr, /nothing was changed/);
    const none = await upgrade('--chdir', '/', '--', '/bin/none');
    assert.deepEqual([none.status, await mode()], [127, 'hold']);
    assert.match(none.stderr, /\/bin\/none: command not found/);
  });

  it('has the mode to itself, and gives it back also where it is killed', async () => {
    await live.mount('--mode', 'hold');
    const running = start(['upgrade', '-m', live.mnt, ...SHELL, 'echo begun; exec sleep 60']);
    await within('begun', running.says('begun'));
    assert.equal(await mode(), 'upgrade');
    const second = await upgrade(...SHELL, 'exit 0');
    assert.equal(second.status, 125);
    assert.match(second.stderr, /process \d+ is upgrading \(rootsync upgrade\)/);
    assert.match((await live.ask('mode', ['capture'])).stderr, /is upgrading/);
    running.process.kill('SIGKILL');
    await running.ended;
    for (let tries = 0; (await mode()) !== 'hold' && tries < 50; tries++);
    assert.equal(await mode(), 'hold');
    assert.ok(!existsSync(join(live.flash, '.rootsync/wanted')));
  });

  it('refuses before anything is changed: disk takes no changes, is away; flash has no room', async () => {
    const made = join(live.mnt, 'etc/made');
    await live.mount('--no-disk-changes');
    capture();
    const refused = await upgrade(...SHELL, 'echo x >/etc/made');
    assert.equal(refused.status, 125);
    assert.match(refused.stderr, /disk is not writable: mount it writable/);
    assert.equal((await live.ask('detach')).status, 0);
    const away = await upgrade(...SHELL, 'echo x >/etc/made');
    assert.equal(away.status, 125);
    assert.match(away.stderr, /disk is detached: rootsync attach brings it back/);
    await live.ask('attach');
    assert.equal(live.shell(`test ! -e ${made}; echo none`), 'none\n');
    await live.umount();
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', live.flash]);
    try {
      await live.mount('--mode', 'hold');
      live.shell(`head -c 2000000 /dev/zero >fill 2>/dev/null || true`);
      const full = await upgrade(...SHELL, 'echo x >/etc/made');
      assert.deepEqual([full.status, await mode()], [125, 'hold'], full.stderr);
      assert.match(full.stderr, /flash cannot keep what is wanted: ENOSPC/);
      assert.equal(live.shell(`test ! -e ${made}; echo none`), 'none\n');
      await live.umount();
    } finally {
      spawnSync('umount', ['-l', live.flash]);
    }
  });

  it('does not wait for who writes something all the time: flash has it as it is by then', async () => {
    await live.mount();
    capture();
    await live.ask('mode', ['upgrade']);
    const writer = startProgram(
      '/bin/bash',
      ['--norc', '-c', 'exec 3>>etc/read; echo open; echo 1 >&3; read -r _; echo 2 >&3'],
      {
        cwd: live.mnt,
      },
    );
    try {
      await within('open', writer.says('open'));
      const ended = await upgrade(...SHELL, 'echo x >>/etc/read');
      assert.equal(ended.status, 0, ended.stderr);
    } finally {
      writer.process.stdin.end('\n');
    }
    await writer.ended;
    assert.equal(live.shell('cat etc/read'), 'old\n1\nx\n2\n');
  });

  it('says that flash cannot follow', async () => {
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'none', live.flash]);
    try {
      await live.mount();
      live.shell('cat etc/held >/dev/null');
      const behind = await upgrade(...SHELL, 'dd if=/dev/zero of=/etc/held bs=1M count=8 2>/dev/null');
      assert.equal(behind.status, 124, behind.stderr);
      assert.match(behind.stderr, /flash is not in sync: 1 of the paths/);
      assert.equal(await mode(), 'capture');
      assert.equal((await upgrade(...SHELL, 'echo short >/etc/held')).status, 0);
      assert.deepEqual(agreement(live), []);
      await live.umount();
    } finally {
      spawnSync('umount', ['-l', live.flash]);
    }
  });

  it('--dry-run says what would be changed, and changes nothing', async () => {
    await live.mount('--exclude', '/opt/kept/**');
    capture();
    await live.ask('sync');
    const branches = (): string =>
      live.shell(
        `cd ${live.dir}; find flash disk -path flash/.rootsync -prune -o -printf '%p %i %T@ %C@ %s %l\n' | sort`,
      );
    const before = branches();
    const script = `echo new >/etc/held.new; mv /etc/held.new /etc/held; rm /etc/gone; echo x >/etc/made
      dd if=/dev/zero of=/etc/read bs=1k count=200 2>/dev/null; mv /opt/d /opt/e; cat /etc/held; exit 3`;
    const ended = await upgrade('--dry-run', '--json', ...SHELL, script);
    assert.deepEqual([ended.status, ended.stdout], [3, 'new\n'], ended.stderr);
    const { changed, needs } = told(ended);
    assert.deepEqual(changed.map(({ path, what, on }) => `${path} ${what} ${on}`).sort(), [
      '/etc/gone removed both',
      '/etc/held changed both',
      '/etc/made added disk',
      '/etc/read changed both',
      '/opt/d removed disk',
      '/opt/e added disk',
    ]);
    assert.ok(needs.flash > 150_000 && needs.flash < 400_000, String(needs.flash));
    assert.equal(branches(), before);
    assert.equal(await mode(), 'capture');
    assert.equal(live.shell('cat etc/held etc/gone'), 'old\nold\n');
    const said = await upgrade('--dry-run', ...SHELL, 'rm /etc/gone');
    assert.match(said.stderr, /would be changed on flash and disk: 1\n {2}- \/etc\/gone/);
    assert.equal(spawnSync('sh', ['-c', 'ls -d "$TMPDIR"/rootsync-dry-* 2>/dev/null']).stdout.toString(), '');
  });

  it('--dry-run says the same of files of several names, wherever TMPDIR is', async () => {
    for (const dir of [live.flash, live.disk]) spawnSync('mount', ['-t', 'tmpfs', 'none', dir]);
    try {
      live.putPrograms('/bin/sh', '/bin/cat', '/bin/chmod', '/bin/rm', '/bin/mv');
      live.shell(`cd ${live.disk}; for f in a b c d; do echo $f >$f; ln $f $f-too; done`);
      await live.mount();
      live.shell('cat a a-too b c d-too >/dev/null');
      // What is told of is what was used: the live mount knows both names of each.
      const script =
        'cat /a-too /b-too /c-too /d >/dev/null; echo x >>/a; chmod 600 /b; rm /c; echo n >/n; mv /n /d-too';
      const seen = async (...words: string[]): Promise<string[]> => {
        const ended = await upgrade(...words, '--json', ...SHELL, script);
        assert.equal(ended.status, 0, ended.stderr);
        return told(ended)
          .changed.map(({ path, what, on }) => `${path} ${what} ${on}`)
          .sort();
      };
      const dry = await seen('--dry-run');
      assert.deepEqual(dry, await seen());
      assert.ok(dry.includes('/a-too changed both'), dry.join('\n'));
      await live.umount();
    } finally {
      for (const dir of [live.flash, live.disk]) spawnSync('umount', ['-l', dir]);
    }
  });

  it('--dry-run refuses where an overlay would not show all of a branch', async () => {
    const below = join(live.disk, 'opt/d');
    assert.equal(
      spawnSync('mount', ['-t', 'overlay', '-o', `lowerdir=${below}:${live.flash}`, 'none', below]).status,
      0,
    );
    try {
      await live.mount('--mode', 'hold');
      const refused = await upgrade('--dry-run', ...SHELL, 'exit 0');
      assert.equal(refused.status, 125);
      assert.match(refused.stderr, /opt\/d is mounted below disk .*, and an overlay would not show it/);
      await live.umount();
    } finally {
      spawnSync('umount', [below]);
    }
  });
});
