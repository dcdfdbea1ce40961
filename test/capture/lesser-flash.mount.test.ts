// Flash that holds less than disk: what it cannot hold is told once, as `degraded`, and read from disk; nobody gains a right by it. On a double of jffs2.

import assert from 'node:assert/strict';
import { chmodSync, chownSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { double } from '../doubles/double.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { readEvents } from './events.ts';
import { inside } from './inside.ts';

const LONG = 'n'.repeat(255);
const TARGET = `/${'t'.repeat(2000)}`;

describe('flash that holds less than disk', function () {
  this.timeout(60_000);
  needsMount();
  const here = double('jffs2');

  it('has what it can of each object, and says once what it cannot', async () => {
    await using root = new MountedRoot({ flash: `${here.dir}/flash` });
    const directory = `/${LONG.slice(1)}d`;
    mkdirSync(`${root.disk}${directory}`);
    for (const name of [LONG, 'owned', 'plain']) writeFileSync(`${root.disk}/${name}`, name);
    symlinkSync(TARGET, `${root.disk}/link`);
    chownSync(`${root.disk}/owned`, 70_000, 70_001);
    chmodSync(`${root.disk}/owned`, 0o6755);
    await root.start();
    for (let time = 0; time < 2; time++) {
      const answers = inside(root.mountpoint, [
        ['read', `/${LONG}`],
        ['list', directory],
        ['readlink', '/link'],
        ['read', '/owned'],
        ['read', '/plain'],
      ]);
      assert.deepEqual(answers, [LONG, '', TARGET, 'owned', 'plain']);
      await root.settle();
    }
    await root.stop();
    const told = readEvents(root.flash).flatMap(({ kind, path, reason = '' }) =>
      kind === 'degraded' || kind === 'error' || kind === 'skip' ? [`${kind} ${path} ${reason}`] : [],
    );
    assert.deepEqual(
      told.filter((line) => !line.endsWith('time: seconds')).sort(),
      [
        `degraded ${directory} not captured: ENAMETOOLONG`,
        'degraded /link not captured: ENAMETOOLONG',
        `degraded /${LONG} not captured: ENAMETOOLONG`,
        'degraded /owned group: 16 bit',
        'degraded /owned mode: follows owner',
        'degraded /owned owner: 16 bit',
      ].sort(),
    );
    assert.equal(told.filter((line) => line.endsWith('time: seconds')).length, 1);
    const { uid, gid, mode } = lstatSync(`${root.flash}/owned`);
    assert.deepEqual([uid, gid, mode & 0o7777], [65_534, 65_534, 0o755]);
  });
});
