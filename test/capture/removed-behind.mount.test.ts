// What the user removes from flash behind our back: disk's object shows again, at once where it was open, after a remount too. Guards against a search
// for a copy that is no longer there, which once never ended for files with several names.

import assert from 'node:assert/strict';
import { linkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { run } from '../workloads/programs.ts';

const READ = `import os, sys
for name in sys.argv[1:]: print(open(name).read(), os.stat(name).st_nlink)`;
const NAMES = ['one', 'two', 'three'];

describe('files removed from flash behind our back', function () {
  this.timeout(120_000);
  needsMount();

  for (const when of ['while they are known', 'after the kernel forgot them', 'while not mounted'] as const)
    it(`${when}: disk's show again, by each of several names`, async () => {
      await using root = new MountedRoot();
      writeFileSync(join(root.disk, 'one'), 'old');
      for (const name of ['two', 'three']) linkSync(join(root.disk, 'one'), join(root.disk, name));
      writeFileSync(join(root.disk, 'alone'), 'old');
      await root.start();
      const read = () => run(['python3', '-c', READ, ...NAMES, 'alone'], root.mountpoint);
      const first = await read();
      assert.equal(first, 'old 3\nold 3\nold 3\nold 1\n');
      await root.settle();
      if (when === 'while not mounted') await root.stop();
      for (const name of [...NAMES, 'alone']) rmSync(join(root.flash, name), { force: true });
      if (when === 'after the kernel forgot them') writeFileSync('/proc/sys/vm/drop_caches', '2');
      if (when === 'while not mounted') await root.start();
      const again = await read();
      assert.deepEqual(again.match(/\w+(?= )/g), ['old', 'old', 'old', 'old']);
      assert.deepEqual(root.warnings, []);
    });
});
