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
    const program = '#!/bin/sh\nfor word; do echo "$word"; done\nexit "${EXIT:-0}"\n';
    writeFileSync(join(place, 'bin/rootsync'), program, { mode: 0o755 });
  });

  after(() => rmSync(place, { recursive: true }));

  function call(helper: string, ...words: string[]): { words: string[]; status: number | null; error: string } {
    const done = spawnSync(join(place, 'mount-helpers', helper), words, { encoding: 'utf8' });
    return { words: done.stdout.split('\n').slice(0, -1), status: done.status, error: done.stderr };
  }

  const mounted = (...words: string[]): string[] => call('mount.rootsync', 'root', ...words).words;

  it('passes on all options, as they are written', () => {
    const list = 'rw,nosuid,nofail,x-systemd.requires=/flash,flash=/f l,exclude="/a,b",exclude=/x\\,auto';
    const rest = ['--fsname', 'root', '--', '/mnt'];
    assert.deepEqual(mounted('/a b', '-o', list), ['mount', '-o', list, '--fsname', 'root', '--', '/a b']);
    assert.deepEqual(mounted('/mnt', '-o', 'flash=/f', '-o', 'ro'), ['mount', '-o', 'flash=/f,ro', ...rest]);
    assert.deepEqual(mounted('/mnt', '-s', '-o', 'odd'), ['mount', '-o', 'sloppy,odd', ...rest]);
    assert.deepEqual(mounted('/mnt'), ['mount', ...rest]);
  });

  it('takes the letters that mount(8) passes, and mounts nothing for -f', () => {
    assert.deepEqual(mounted('/mnt', '-n', '-t', 'rootsync'), ['mount', '--fsname', 'root', '--', '/mnt']);
    assert.match(mounted('/mnt', '-v')[0] ?? '', /^mount.rootsync: .*\/rootsync mount --fsname root -- \/mnt$/);
    const fake = call('mount.rootsync', 'root', '/mnt', '-f', '-o', 'flash=/flash');
    assert.deepEqual([fake.words, fake.status], [[], 0]);
  });

  it('ends with the exit codes of mount(8)', () => {
    for (const [ours, theirs] of Object.entries({ 0: 0, 1: 32, 2: 1, 3: 32, 6: 2, 7: 1, 9: 32, 127: 2, 130: 8 })) {
      process.env['EXIT'] = ours;
      assert.equal(call('mount.rootsync', 'root', '/mnt').status, theirs);
      assert.equal(call('umount.rootsync', '/mnt').status, theirs);
    }
    delete process.env['EXIT'];
  });

  it('unmounts, lazily when asked', () => {
    assert.deepEqual(call('umount.rootsync', '/mnt', '-n').words, ['umount', '--', '/mnt']);
    assert.deepEqual(call('umount.rootsync', '/mnt', '-l').words, ['umount', '--lazy', '--', '/mnt']);
  });

  it('refuses a call that is none', () => {
    assert.equal(call('mount.rootsync', 'root').status, 1);
    assert.equal(call('mount.rootsync', 'root', '/mnt', '-q').status, 1);
    assert.equal(call('umount.rootsync').status, 1);
  });
});
