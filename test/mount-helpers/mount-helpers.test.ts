// The helpers of mount(8) and umount(8), beside a `rootsync` that prints its arguments: guards against options that are lost, split in the wrong place, or
// passed on though they are meant for mount(8) or systemd.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

describe('mount-helpers', () => {
  let place: string;

  before(() => {
    place = mkdtempSync(join(tmpdir(), 'helpers-'));
    cpSync('mount-helpers', join(place, 'mount-helpers'), { recursive: true });
    mkdirSync(join(place, 'bin'));
    writeFileSync(join(place, 'bin/rootsync'), '#!/bin/sh\nfor word; do echo "$word"; done\n', { mode: 0o755 });
  });

  after(() => rmSync(place, { recursive: true }));

  function call(helper: string, ...words: string[]): { words: string[]; status: number | null; error: string } {
    const done = spawnSync(join(place, 'mount-helpers', helper), words, { encoding: 'utf8' });
    return { words: done.stdout.split('\n').slice(0, -1), status: done.status, error: done.stderr };
  }

  const mounted = (...words: string[]): string[] => call('mount.rootsync', 'root', ...words).words;

  it('passes on what rootsync is asked for, and the flags of the mount itself', () => {
    const words = mounted('/mnt', '-o', 'rw,nosuid,flash=/flash,disk=/disk,mode=hold');
    assert.deepEqual(words, ['mount', '-o', 'nosuid,flash=/flash,disk=/disk,mode=hold', '--', '/mnt']);
  });

  it('drops what is meant for mount(8) and systemd', () => {
    const line =
      'defaults,noauto,auto,nofail,_netdev,user,users,owner,x-systemd.requires=/flash,X-mount.mkdir,comment=a';
    assert.deepEqual(mounted('/mnt', '-o', `${line},flash=/flash`), ['mount', '-o', 'flash=/flash', '--', '/mnt']);
    assert.deepEqual(mounted('/mnt', '-o', line), ['mount', '--', '/mnt']);
  });

  it('keeps an escaped comma, spaces and a trailing backslash in their option', () => {
    const words = mounted('/a b', '-o', 'exclude=/x\\,auto,flash=/f l', '-o', 'disk=/d\\');
    assert.deepEqual(words, ['mount', '-o', 'exclude=/x\\,auto,flash=/f l,disk=/d\\', '--', '/a b']);
  });

  it('takes the letters that mount(8) passes, and mounts nothing for -f', () => {
    assert.deepEqual(mounted('/mnt', '-s', '-n', '-v', '-t', 'rootsync'), ['mount', '--', '/mnt']);
    const fake = call('mount.rootsync', 'root', '/mnt', '-f', '-o', 'flash=/flash');
    assert.deepEqual([fake.words, fake.status], [[], 0]);
  });

  for (const option of ['ro', 'remount']) {
    it(`refuses ${option}, with what to do instead`, () => {
      const { words, status, error } = call('mount.rootsync', 'root', '/mnt', '-o', `flash=/f,${option}`);
      assert.deepEqual([words, status], [[], 1]);
      assert.match(error, new RegExp(`^mount.rootsync: /mnt: ${option}: .*mode`));
    });
  }

  it('unmounts, lazily when asked', () => {
    assert.deepEqual(call('umount.rootsync', '/mnt', '-n', '-v').words, ['umount', '--', '/mnt']);
    assert.deepEqual(call('umount.rootsync', '/mnt', '-l').words, ['umount', '--lazy', '--', '/mnt']);
  });

  it('refuses a call that is none', () => {
    assert.equal(call('mount.rootsync', 'root').status, 1);
    assert.equal(call('mount.rootsync', 'root', '/mnt', '-q').status, 1);
    assert.equal(call('umount.rootsync').status, 1);
  });
});
