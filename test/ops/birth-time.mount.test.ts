// Guards against a birth time (statx's stx_btime) that is missing, that a change moves, or that is not the branch's own.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { shell } from '../workloads/programs.ts';

describe('birth times', function () {
  this.timeout(60_000);
  needsMount();

  const born = async (dir: string, ...names: string[]): Promise<string[]> =>
    (await shell(`stat -c %.9W ${names.join(' ')}`, dir)).trimEnd().split('\n');

  it('are those of the branch, and no change of an object moves them', async () => {
    await using root = new MountedRoot({ config: { mode: 'hold' } });
    mkdirSync(join(root.disk, 'dir'));
    writeFileSync(join(root.disk, 'dir/file'), 'of disk\n');
    await root.start();
    assert.deepEqual(await born(root.mountpoint, 'dir', 'dir/file'), await born(root.disk, 'dir', 'dir/file'));

    await pause(20);
    const before = Date.now() / 1000;
    await shell('mkdir made; echo first > made/file; ln -s file made/link; mkfifo made/fifo', root.mountpoint);
    const names = ['made', 'made/file', 'made/link', 'made/fifo'];
    const first = await born(root.mountpoint, ...names);
    assert.deepEqual(first, await born(root.flash, ...names));
    // The kernel's clock for files ticks every few milliseconds.
    for (const time of first) assert.ok(Number(time) > before - 0.02 && Number(time) <= Date.now() / 1000, time);

    await pause(20);
    await shell(
      'echo more >> made/file; chmod 600 made/file; touch -d 2001-02-03 made/* ; mv made moved',
      root.mountpoint,
    );
    const moved = names.map((name) => name.replace('made', 'moved'));
    assert.deepEqual(await born(root.mountpoint, ...moved), first);
    await root.restart('kill');
    assert.deepEqual(await born(root.mountpoint, ...moved), first);
  });
});
