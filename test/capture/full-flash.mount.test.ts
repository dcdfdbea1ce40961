// A flash that is too small. Guards against reads that fail because a copy of what they read did, against silence about what is missing, and
// against a capture that stays off when there is room again, or that the kernel's caches keep us from seeing.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Status } from '../../src/control/protocol.ts';
import { image } from '../copy/images.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { flashTree } from '../run/flash-tree.ts';
import { gaps, readEvents } from './events.ts';
import { inside } from './inside.ts';
import type { Ask } from './inside.ts';

const COUNT = 40;
const SIZE = 500_000;

/** 20 MB in files, each with a symlink to it and a directory of its own. */
function makeTree(disk: string): void {
  mkdirSync(`${disk}/links`);
  for (let i = 0; i < COUNT; i++) {
    mkdirSync(`${disk}/${i}`);
    writeFileSync(`${disk}/${i}/file`, randomBytes(SIZE));
    symlinkSync(`../${i}/file`, `${disk}/links/${i}`);
  }
}

const all = Array.from({ length: COUNT }, (_, i): Ask => ['read', `/links/${i}`]);

function readAll(root: MountedRoot): void {
  const answers = inside(root.mountpoint, all);
  for (let i = 0; i < COUNT; i++) {
    const wanted = readFileSync(`${root.disk}/${i}/file`, 'latin1');
    assert.ok(answers[i] === wanted, `file ${i}: ${answers[i]?.slice(0, 20) ?? 'no answer'}`);
  }
}

/** Indices of the files that flash has; fails where one is not whole. */
function captured(root: MountedRoot): number[] {
  const found: number[] = [];
  for (const [path, type] of flashTree(root.flash)) {
    if (type !== 'file') continue;
    const same = readFileSync(root.flash + path).equals(readFileSync(root.disk + path));
    assert.ok(same, `${path} on flash is not disk's`);
    found.push(Number(path.split('/')[1]));
  }
  return found;
}

async function statusOf(root: MountedRoot): Promise<Status> {
  return (await root.status()) as Status;
}

function skips(flash: string): { path: string; reason: string | undefined }[] {
  return readEvents(flash)
    .filter(({ kind, objectKind }) => kind === 'skip' && objectKind === 'file')
    .map(({ path, reason }) => ({ path, reason }));
}

describe('a flash that is too small', function () {
  this.timeout(120_000);
  needsMount();

  for (const passthrough of [true, false]) {
    describe(passthrough ? '(passthrough)' : '(served)', () => {
      const flash = image('ext4', { size: '8M' });

      it('no read fails, what did not fit is logged, and capture goes on once there is room', async () => {
        mkdirSync(`${flash.dir}/flash`);
        await using root = new MountedRoot({ flash: `${flash.dir}/flash`, config: { passthrough } });
        makeTree(root.disk);
        await root.start();
        readAll(root);
        await root.settle();
        readAll(root);
        await root.settle();
        const first = captured(root);
        assert.ok(first.length >= 5 && first.length < 16, `${first.length} files of 500 kB on 8 MB`);
        const full = await statusOf(root);
        assert.equal(full.space.full, true);
        assert.ok(full.counts.skipped >= COUNT - first.length);
        assert.deepEqual(readdirSync(`${root.flash}/.rootsync/stage`), []);

        // Room is made behind our back, as a user would.
        const gone = first.slice(0, 4);
        for (const i of gone) rmSync(`${root.flash}/${i}/file`);
        // By itself: nobody needs to ask again.
        await root.settle();
        readAll(root);
        await root.settle();
        const second = captured(root);
        assert.ok(second.some((i) => !first.includes(i)));
        assert.ok(second.length >= first.length - 1, `${first.length} files fitted, now ${second.length}`);
        const missing = all.flatMap((_, i) => (second.includes(i) ? [] : [i]));
        await root.stop();
        assert.deepEqual(root.warnings, []);
        const events = readEvents(root.flash);
        assert.deepEqual(gaps(events), []);
        const said = new Set(skips(root.flash).map(({ path, reason }) => `${path} ${reason ?? ''}`));
        for (const i of missing) assert.ok(said.has(`/${i}/file flash-full`), `nothing was said of ${i}`);
        assert.deepEqual(
          events.filter(({ kind }) => kind === 'error'),
          [],
        );
      });
    });
  }

  describe('in its inodes', () => {
    const flash = image('ext4', { size: '8M', mkfs: ['-N', '64'] });

    it('symlinks, directories and devices are captured too once there is room, though the kernel has cached them', async () => {
      mkdirSync(`${flash.dir}/flash`);
      await using root = new MountedRoot({ flash: `${flash.dir}/flash` });
      for (let i = 0; i < 50; i++) symlinkSync('target', `${root.disk}/filler-${i}`);
      writeFileSync(`${root.disk}/target`, 'content');
      mkdirSync(`${root.disk}/directory/below`, { recursive: true });
      execFileSync('mknod', [`${root.disk}/null`, 'c', '1', '3']);
      symlinkSync('target', `${root.disk}/last`);
      await root.start();
      const fill = Array.from({ length: 50 }, (_, i): Ask => ['readlink', `/filler-${i}`]);
      assert.deepEqual(new Set(inside(root.mountpoint, fill)), new Set(['target']));
      const late: readonly Ask[] = [
        ['read', '/last'],
        ['stat', '/null'],
        ['list', '/directory/below'],
      ];
      assert.deepEqual(inside(root.mountpoint, late), ['content', 'ok', '']);
      await root.settle();
      const paths = ['/last', '/null', '/directory/below', '/target'];
      assert.ok(
        paths.some((path) => !existsSync(root.flash + path)),
        'flash had room for everything',
      );
      for (let i = 0; i < 20; i++) rmSync(`${root.flash}/filler-${i}`, { force: true });
      assert.deepEqual(inside(root.mountpoint, late), ['content', 'ok', '']);
      await root.stop();
      const found = flashTree(root.flash);
      assert.deepEqual(
        paths.filter((path) => !found.has(path)),
        [],
      );
      assert.deepEqual(root.warnings, []);
    });
  });

  it('reserve and max-file-size: reads go on, the reason is logged once per file', async () => {
    await using root = new MountedRoot({ config: { maxFileSize: 1000 } });
    makeTree(root.disk);
    writeFileSync(`${root.disk}/small`, 'x'.repeat(1000));
    await root.start();
    readAll(root);
    readAll(root);
    assert.deepEqual(inside(root.mountpoint, [['open', '/small']]), ['ok']);
    await root.stop();
    assert.deepEqual(
      [...flashTree(root.flash)].filter(([, type]) => type === 'file'),
      [['/small', 'file']],
    );
    const expected = all.map((_, i) => ({ path: `/${i}/file`, reason: 'too-big' }));
    const byPath = (a: { path: string }, b: { path: string }): number => (a.path < b.path ? -1 : 1);
    assert.deepEqual(skips(root.flash).sort(byPath), expected.sort(byPath));

    await using reserved = new MountedRoot({ config: { reserve: 2 ** 50 } });
    makeTree(reserved.disk);
    await reserved.start();
    readAll(reserved);
    await reserved.stop();
    assert.deepEqual(
      [...flashTree(reserved.flash)].filter(([, type]) => type === 'file'),
      [],
    );
    assert.deepEqual(new Set(skips(reserved.flash).map(({ reason }) => reason)), new Set(['reserve']));
  });
});
