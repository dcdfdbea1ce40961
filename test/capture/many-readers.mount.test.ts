// Capture under load, and under kill -9. Guards against lost captures and events, reads that fail or see half a copy, and half copies that
// stay on flash when the daemon dies: such a flash would boot a broken system.

import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { flashTree } from '../run/flash-tree.ts';
import { gaps, readEvents } from './events.ts';
import { makeSmallFiles, smallContent, smallFile, startReader } from './small-files.ts';
import type { Reader } from './small-files.ts';

const COUNT = 10_000;
const READERS = 8;
const KILLS = 50;
/** Longest time from the first read to the kill, in ms. */
const LIFE = 150;

function startReaders(root: string): Reader[] {
  return Array.from({ length: READERS }, (_, index) => startReader(root, index, COUNT));
}

/** Numbers of the files that flash has; fails where one is not exactly disk's. */
function checkFlash(flash: string, disk: string): Set<number> {
  const found = new Set<number>();
  for (const [path, type] of flashTree(flash)) {
    const number = Number(path.slice(path.lastIndexOf('/') + 1));
    const ours = lstatSync(flash + path, { bigint: true });
    const theirs = lstatSync(disk + path, { bigint: true });
    const facts = ({ mode, uid, gid }: typeof ours): unknown[] => [path, mode, uid, gid];
    assert.deepEqual(facts(ours), facts(theirs));
    // A kill between the rename into a directory and the setting back of its time leaves it with a new one.
    if (type === 'directory') continue;
    assert.equal(ours.mtimeNs, theirs.mtimeNs, path);
    assert.equal(readFileSync(flash + path, 'latin1'), smallContent(number), path);
    found.add(number);
  }
  return found;
}

describe('capture while 8 processes read 10,000 files', function () {
  this.timeout(300_000);
  needsMount();

  for (const passthrough of [true, false]) {
    it(`${passthrough ? 'passed through' : 'served'}: every file is captured once and logged once, no read fails or is wrong`, async () => {
      await using root = new MountedRoot({ config: { passthrough } });
      makeSmallFiles(root.disk, COUNT);
      await root.start();
      for (const { ended } of startReaders(root.mountpoint)) {
        assert.deepEqual(await ended, { read: COUNT, failed: 0, wrong: 0 });
      }
      await root.stop();
      assert.deepEqual(root.warnings, []);
      assert.equal(checkFlash(root.flash, root.disk).size, COUNT);
      const events = readEvents(root.flash);
      assert.deepEqual(gaps(events), []);
      const paths = events.filter(({ objectKind }) => objectKind === 'file').map(({ kind, path }) => `${kind} ${path}`);
      const expected = Array.from({ length: COUNT }, (_, number) => `capture /${smallFile(number)}`);
      assert.deepEqual(paths.sort(), expected.sort());
      for (const { requester } of events) assert.equal(requester?.comm, 'perl');
    });
  }

  it('kill -9 of the daemon, 50 times: what flash has is whole, and the next mount goes on', async () => {
    await using root = new MountedRoot();
    makeSmallFiles(root.disk, COUNT);
    let captured = 0;
    let cut = 0;
    for (let round = 0; round < KILLS; round++) {
      await root.start();
      // What was half done at the kill is swept before anything new is staged.
      assert.deepEqual(readdirSync(`${root.flash}/.rootsync/stage`), []);
      const readers = startReaders(root.mountpoint);
      await Promise.race(readers.map(({ begun }) => begun));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * LIFE));
      await root.kill();
      for (const { ended } of readers) assert.equal((await ended).wrong, 0);
      cut += readdirSync(`${root.flash}/.rootsync/stage`).length > 0 ? 1 : 0;
      const now = checkFlash(root.flash, root.disk).size;
      assert.ok(now >= captured, `round ${round}: ${captured} files were on flash, now ${now}`);
      captured = now;
      if (captured > 0.9 * COUNT) {
        rmSync(root.flash, { recursive: true });
        mkdirSync(root.flash);
        captured = 0;
      }
    }
    assert.ok(cut > 0, 'no kill met a copy under way: this test shows nothing');
    await root.start();
    for (const { ended } of startReaders(root.mountpoint)) {
      assert.deepEqual(await ended, { read: COUNT, failed: 0, wrong: 0 });
    }
    await root.stop();
    assert.equal(checkFlash(root.flash, root.disk).size, COUNT);
    assert.deepEqual(gaps(readEvents(root.flash)), []);
    assert.deepEqual(root.warnings, []);
  });
});
