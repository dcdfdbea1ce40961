// Guards against changes that are half done when a device fails, and against reads that fail because a copy did. Flash, or disk, is a double that
// fails at the n-th step it is asked for (a write, a sync, a rename, ...).

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { readEvents } from '../capture/events.ts';
import { inside } from '../capture/inside.ts';
import { double } from '../doubles/double.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { Trials } from './trials.ts';

const STEPS = {
  'a name': 'create,mkdir,mknod,symlink,link,rename,rename2,unlink,rmdir'.split(','),
  'content or attributes': 'write,setattr,setxattr,fsync'.split(','),
};
const DEGREES = [0, 1, 2, 4, 6, 7, 8];
const MIB = 1 << 20;
const CONTENT = 'content '.repeat(MIB / 4);

/** What a shell says of a command that fails in the merged root. */
function complaint(root: MountedRoot, command: string): string {
  const ended = spawnSync('bash', ['-c', command], { cwd: root.mountpoint, encoding: 'utf8', timeout: 60_000 });
  assert.notEqual(ended.status, 0, command);
  return ended.stderr;
}

describe('a device that fails', function () {
  this.timeout(300_000);
  needsMount();

  describe('at the n-th step of a change', () => {
    for (const [of, steps] of Object.entries(STEPS))
      describe(`that is about ${of}`, () => {
        const device = double('plain');
        it('lets it come about as a whole or not at all', async () => {
          mkdirSync(`${device.dir}/flash`);
          await using root = new MountedRoot({ flash: `${device.dir}/flash`, config: { mode: 'hold' } });
          await new Trials(root, {
            what: 'step',
            degrees: DEGREES,
            hinder: (n) => {
              device.fail(steps, 'EIO', n);
            },
            relent: () => {
              device.heal();
            },
            end: () => {
              device.heal();
            },
            errors: ['EIO'],
            timesMove: true,
            without: /^exchange|^a name for what has none/,
            allowsRemoval: false,
          }).go();
        });
      });
  });

  describe('while it is written to', () => {
    const device = double('plain');
    for (const [step, n] of [
      ['create', 0],
      ['write', 0],
      ['write', 3],
      ['fsync', 0],
      ['rename2', 0],
    ] as const)
      for (const error of ['EIO', 'ENOSPC'] as const)
        it(`takes no half copy and keeps nobody from reading: ${step} ${n}, ${error}`, async () => {
          const flash = `${device.dir}/${step}-${n}-${error}`;
          mkdirSync(flash);
          await using root = new MountedRoot({ flash });
          writeFileSync(`${root.disk}/file`, CONTENT);
          await root.start();
          device.fail([step], error, n, true);
          assert.deepEqual(inside(root.mountpoint, [['read', '/file']]), [CONTENT]);
          await root.settle();
          device.heal();
          assert.equal(existsSync(`${flash}/file`), false);
          assert.deepEqual(inside(root.mountpoint, [['read', '/file']]), [CONTENT]);
          await root.settle();
          assert.deepEqual(readdirSync(`${flash}/.rootsync/stage`), []);
          await root.stop();
          assert.ok(readEvents(flash).some(({ kind, path }) => path === '/file' && /^(error|skip)$/.test(kind)));
          assert.deepEqual(root.warnings, []);
        });
  });

  describe('while it is read', () => {
    const device = double('plain');
    it('fails who reads there, and leaves nothing on flash', async () => {
      const disk = `${device.dir}/disk`;
      mkdirSync(disk);
      await using root = new MountedRoot({ disk });
      for (const name of ['file', 'other']) writeFileSync(`${disk}/${name}`, CONTENT);
      await root.start();
      device.fail(['read'], 'EIO', 0, true);
      assert.match(complaint(root, 'cat file'), /Input\/output error/);
      assert.match(complaint(root, 'echo more >>other'), /Input\/output error/);
      await root.settle();
      assert.deepEqual(readdirSync(root.flash), ['.rootsync']);
      assert.deepEqual(readdirSync(`${root.flash}/.rootsync/stage`), []);
      device.heal();
      assert.deepEqual(inside(root.mountpoint, [['read', '/file']]), [CONTENT]);
      await root.settle();
      assert.ok(existsSync(`${root.flash}/file`));
      await root.stop();
      assert.deepEqual(root.warnings, []);
    });
  });
});
