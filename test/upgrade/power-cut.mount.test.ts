// Guards against a change of disk of which flash does not know: a copy of flash's device is made right after each change, without a sync, as a power cut would leave it, and
// mounted with disk as it is by then.

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { shell } from '../capture/inside.ts';
import { image, tool } from '../copy/images.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { agreement } from './agreement.ts';
import { exchange } from './exchange.ts';

const CHANGES: Readonly<Record<string, string>> = {
  'written in place': 'echo more >>a',
  'replaced by a rename': 'echo new >n; mv -T n a',
  renamed: 'mv -T b d',
  'renamed back': 'mv -T d b',
  removed: 'rm b',
  'made again': 'echo back >b',
  'of another mode': 'chmod 700 a',
  'of another owner': 'chown 5:6 b',
  'a symlink replaced': 'ln -s other m; mv -T m l',
  'a directory renamed': 'mv -T sub dir',
  'directories that trade places': exchange('dir', 'alone'),
  'with a file': exchange('alone', 'a'),
  'and back': exchange('alone', 'a'),
  'a directory removed': 'rm -r dir',
};

describe('upgrade: flash at a power cut', function () {
  this.timeout(180_000);
  needsMount();
  const device = image('ext4');

  it('knows of each change of disk that was made', async () => {
    const flash = `${device.dir}/flash`;
    mkdirSync(flash);
    await using root = new MountedRoot({ flash, config: { mode: null } });
    for (const dir of ['sub', 'alone']) mkdirSync(`${root.disk}/${dir}`);
    for (const name of ['a', 'b', 'sub/c', 'sub/only', 'alone/c', 'alone/d', 'other'])
      writeFileSync(`${root.disk}/${name}`, `${name}\n`);
    symlinkSync('a', `${root.disk}/l`);
    await root.start();
    shell(root.mountpoint, 'cat a b l sub/c other >/dev/null');
    await root.settle();
    await root.switchMode('upgrade');
    const cuts: { readonly name: string; readonly file: string; readonly disk: string }[] = [];
    for (const [name, change] of Object.entries(CHANGES)) {
      // The device holds all up to now: what follows is in time, or is not there.
      await root.settle();
      shell(root.mountpoint, change);
      const cut = {
        name,
        file: `${device.file}-${String(cuts.length)}`,
        disk: `${root.dir}/disk-${String(cuts.length)}`,
      };
      tool('cp', ['--sparse=always', device.file, cut.file]);
      tool('cp', ['-a', root.disk, cut.disk]);
      cuts.push(cut);
    }
    await root.settle();
    assert.deepEqual(agreement(root), []);
    assert.deepEqual(root.warnings, []);
    const wrong: string[] = [];
    for (const { name, file, disk } of cuts) {
      const dir = `${file}-mounted`;
      mkdirSync(dir);
      tool('mount', ['-o', 'loop', file, dir]);
      try {
        await using after = new MountedRoot({ flash: `${dir}/flash`, disk, config: { mode: null } });
        await after.start();
        await after.settle();
        wrong.push(...agreement(after).map((line) => `${name}: ${line}`), ...after.warnings);
        await after.stop();
      } finally {
        tool('umount', [dir]);
      }
    }
    assert.deepEqual(wrong, []);
  });
});
