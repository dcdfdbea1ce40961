// Flash or disk does not come. Guards against a machine that stands there without a word, and against one that does not start though flash alone could.

import { needsMount } from '../mounted-root.ts';
import { Boots, isWhole } from './boots.ts';
import { bootable } from './debian.ts';

const PATIENCE_MS = 300_000;

describe('a boot without one of its branches', function () {
  this.timeout(900_000);
  needsMount();
  let boots: Boots;

  before(() => {
    boots = new Boots(bootable());
  });

  it('without disk has flash alone as its root', async () => {
    // It has all that flash would have.
    const words = 'boot=rootsync rootsync.flash=LABEL=disk rootsync.disk=LABEL=nowhere rootsync.timeout=2';
    const booted = await boots.boot(words, [{ file: boots.disk() }]);
    isWhole(booted, 'ext4');
  });

  it('without flash waits, says what is missing, and gives a shell', async () => {
    const words = 'boot=rootsync rootsync.flash=LABEL=nowhere rootsync.disk=LABEL=disk rootsync.timeout=2';
    const machine = boots.machine({ words, shell: true, drives: [{ file: boots.disk(), snapshot: true }] });
    try {
      await machine.says(/waiting for flash LABEL=nowhere, up to 2 s/, PATIENCE_MS);
      await machine.says(/no flash \(rootsync\.flash=LABEL=nowhere\)/, PATIENCE_MS);
      await machine.says(/\(initramfs\) /, PATIENCE_MS);
      machine.type('echo shell $((40 + 2))');
      await machine.says(/shell 42/, PATIENCE_MS);
    } finally {
      await machine.cut();
    }
  });
});
