// The daemon is loaded before there is anything to mount, and gets its orders later, from another process. Guards against a machine that waits for ever for a daemon
// that has ended, and against a start that is not early.

import assert from 'node:assert/strict';
import { needsMount } from '../mounted-root.ts';
import { Boots, CAPTURE, isWhole } from './boots.ts';
import { bootable } from './debian.ts';

const PATIENCE_MS = 300_000;

describe('the daemon of a boot', function () {
  this.timeout(900_000);
  needsMount();
  let boots: Boots;

  before(() => {
    boots = new Boots(bootable());
  });

  it('that cannot do what it is told says so, and there is a shell, with nothing left of it', async () => {
    const drives = [{ file: boots.flash() }, { file: boots.disk(), snapshot: true }];
    const machine = boots.machine({ words: `${CAPTURE} rootsync.options=nonsense`, shell: true, drives });
    try {
      await machine.says(/rootsync: .*nonsense/, PATIENCE_MS);
      await machine.says(/\(initramfs\) /, PATIENCE_MS);
      machine.type('ls -d /run/rootsync*; echo left $((40 + 2))');
      await machine.says(/\/run\/rootsync\*: No such file[^]*left 42/, PATIENCE_MS);
    } finally {
      await machine.cut();
    }
  });

  it('is loaded before the root is looked for; one that has ended since is loaded anew', async () => {
    const inInitramfs = [
      'read -r watcher daemon </run/rootsync.pids; readlink /proc/$daemon/exe',
      'kill -9 $daemon; echo killed: $?; exit',
    ];
    const drives = [{ file: boots.flash() }, { file: boots.disk(), snapshot: true }];
    const booted = await boots.boot(`${CAPTURE} break=premount`, drives, [], { inInitramfs });
    assert.match(booted.console, /^\/usr\/bin\/node\r$/m);
    assert.match(booted.console, /^killed: 0\r$/m);
    isWhole(booted, 'fuse.rootsync');
  });
});
