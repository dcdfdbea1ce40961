// The helpers of mount(8) and umount(8), beside a `rootsync` that prints its arguments: guards against options that are lost, split or
// changed on the way, and against a call that is not understood but answered with success.

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

  it('passes on all options, as they are written', () => {
    const list = 'rw,nosuid,nofail,x-systemd.requires=/flash,flash=/f l,exclude="/a,b",exclude=/x\\,auto';
    assert.deepEqual(mounted('/a b', '-o', list), ['mount', '-o', list, '--', '/a b']);
    assert.deepEqual(mounted('/mnt', '-o', 'flash=/f', '-o', 'ro'), ['mount', '-o', 'flash=/f,ro', '--', '/mnt']);
    assert.deepEqual(mounted('/mnt'), ['mount', '--', '/mnt']);
  });

  it('takes the letters that mount(8) passes, and mounts nothing for -f', () => {
    assert.deepEqual(mounted('/mnt', '-s', '-n', '-v', '-t', 'rootsync'), ['mount', '--', '/mnt']);
    const fake = call('mount.rootsync', 'root', '/mnt', '-f', '-o', 'flash=/flash');
    assert.deepEqual([fake.words, fake.status], [[], 0]);
  });

  it('refuses remount, with what to do instead', () => {
    for (const list of ['remount', 'flash=/f,remount,rw']) {
      const { words, status, error } = call('mount.rootsync', 'root', '/mnt', '-o', list);
      assert.deepEqual([words, status], [[], 1]);
      assert.match(error, /^mount.rootsync: \/mnt: remount: .*mount it again/);
    }
    assert.deepEqual(mounted('/mnt', '-o', 'flash=/remount'), ['mount', '-o', 'flash=/remount', '--', '/mnt']);
  });

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
