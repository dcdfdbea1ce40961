// Guards against a daemon of `/` that goes on believing that it is mounted where the initramfs had it: it would look for the mounts of the
// booted system elsewhere, and name programs in the log by paths that nobody knows.

import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asBytes } from '../../src/bytes.ts';
import { MountWatch } from '../../src/daemon/mount-watch.ts';

describe('daemon/mount-watch', () => {
  const dir = mkdtempSync(join(tmpdir(), 'mount-watch-'));
  const file = join(dir, 'mountinfo');
  const heard: string[] = [];
  const table = (...lines: string[]): void => {
    writeFileSync(file, lines.map((line) => `${line} rw - type source rw\n`).join(''));
  };
  let fd: number;
  let watch: MountWatch;

  before(() => {
    table('1 1 0:2 / /', '20 1 0:21 / /dev', '30 1 0:50 / /root');
    fd = openSync(file, 'r');
    watch = new MountWatch(fd, asBytes('/root'), {
      mountedOn: (paths) => void heard.push(`on ${paths.join(' ')}`),
      moved: (to) => void heard.push(`moved to ${to}`),
    });
  });

  after(() => {
    watch.stop();
    closeSync(fd);
    rmSync(dir, { recursive: true });
  });

  it('knows its device, and says nothing as long as nothing is mounted on it', () => {
    assert.equal(watch.device, '0:50');
    assert.deepEqual(heard, []);
  });

  it('tells what is mounted on it, once', () => {
    table('1 1 0:2 / /', '20 30 0:21 / /root/dev', '30 1 0:50 / /root');
    watch.check();
    watch.check();
    assert.deepEqual(heard.splice(0), ['on dev']);
  });

  it('follows its mount to `/`', () => {
    table('1 1 0:2 / /', '30 1 0:50 / /', '20 30 0:21 / /dev', '21 30 0:22 / /root/data', '22 20 0:23 / /dev/pts');
    assert.equal(watch.mountpoint, '/');
    assert.deepEqual(heard.splice(0), ['moved to /', 'on root/data']);
    assert.deepEqual(watch.places(), ['dev', 'root/data']);
  });

  it('stays where it was last when its mount is gone, also when another has got its number', () => {
    table('1 1 0:2 / /');
    assert.equal(watch.mountpoint, '/');
    table('1 1 0:2 / /', '30 1 0:51 / /home');
    assert.equal(watch.mountpoint, '/');
    assert.deepEqual(heard, []);
  });
});
