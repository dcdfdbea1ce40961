// Guards against a daemon that, at its end, unmounts what is not its own (the kernel gives the numbers of a mount that is gone to the next one), and against one that
// does not end.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { asBytes, fromText } from '../../src/bytes.ts';
import { mount, umount2 } from '../../src/sys/mount.ts';
import { shell } from '../capture/inside.ts';
import { isMounted, MountedRoot, needsMount, within } from '../mounted-root.ts';
import { begin } from '../workloads/programs.ts';

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

  it('comes also where disk has gone for good, and flash had something to follow', async () => {
    await using below = new MountedRoot();
    writeFileSync(join(below.disk, 'f'), 'old\n');
    await below.start();
    await using root = await new MountedRoot({ disk: below.mountpoint, config: { mode: null } }).start();
    shell(root.mountpoint, 'cat f >/dev/null');
    await root.settle();
    await root.switchMode('upgrade');
    const writer = begin(['bash', '--norc', '-c', 'exec 3>>f; echo 1 >&3; echo open; exec sleep 60'], root.mountpoint);
    while (!writer.stdout().includes('open')) await within('open', once(writer.child.stdout!, 'data'));
    await below.kill();
    writer.child.kill('SIGKILL');
    await writer.ended;
    await root.stop();
  });
});
