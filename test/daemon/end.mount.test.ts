// Guards against a daemon that, at its end, unmounts what is not its own: the kernel gives the numbers of a mount that is gone to the next one.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { asBytes, fromText } from '../../src/bytes.ts';
import { mount, umount2 } from '../../src/sys/mount.ts';
import { isMounted, MountedRoot, needsMount } from '../mounted-root.ts';

/** So many that one of them gets the numbers, whoever else mounts something at this moment. */
const MANY = 8;

describe('daemon/end', function () {
  this.timeout(60_000);
  needsMount();

  it('leaves alone what was mounted between the end of the mount and its own', async () => {
    await using root = await new MountedRoot().start();
    const others = Array.from({ length: MANY }, (_, i) => join(root.dir, `other-${i}`));
    const pid = root.pid ?? 0;
    // It is to hear of the end when the others are there.
    process.kill(pid, 'SIGSTOP');
    const tmpfs = asBytes('tmpfs');
    try {
      assert.equal(umount2(fromText(root.mountpoint)), 0);
      for (const other of others) {
        mkdirSync(other);
        assert.equal(mount(tmpfs, fromText(other), tmpfs, 0, asBytes('')), 0);
      }
      process.kill(pid, 'SIGCONT');
      await root.gone();
      assert.deepEqual(
        others.filter((other) => !isMounted(other)),
        [],
      );
    } finally {
      for (const other of others) umount2(fromText(other));
    }
  });
});
