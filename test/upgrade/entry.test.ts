// What the mirror copies, and what it links instead, on two directories as branches. Guards against copying what flash shows by itself over disk's, and against a file of
// several names that becomes several files on flash.

import assert from 'node:assert/strict';
import { linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import type { ByteString } from '../../src/bytes.ts';
import { openFlash } from '../../src/branch/open-branch.ts';
import { Stage } from '../../src/copy/stage.ts';
import { close, O_DIRECTORY, O_RDONLY, openat } from '../../src/sys/open.ts';
import { inoKey } from '../../src/tree/ino.ts';
import { Marks } from '../../src/tree/marks.ts';
import { openToCopy } from '../../src/tree/place.ts';
import { Tree } from '../../src/tree/tree.ts';
import { findOnDisk, newEntry } from '../../src/upgrade/entry.ts';
import type { Entry } from '../../src/upgrade/entry.ts';
import { stageTwin } from '../../src/upgrade/twin.ts';
import { got, ok, place } from '../sys/place.ts';

const path = asBytes;

describe('upgrade/entry', () => {
  const here = place();

  beforeEach(() => {
    for (const dir of ['flash/stage', 'disk/d']) mkdirSync(`${here.dir}/${dir}`, { recursive: true });
  });

  function inTree(use: (tree: Tree) => void): void {
    const [flash, disk] = [got(openFlash(`${here.dir}/flash`)), got(openFlash(`${here.dir}/disk`))];
    use(new Tree({ flash, disk, marks: new Marks(inoKey) }));
    for (const branch of [flash, disk]) branch.close();
  }

  const put = (...files: readonly string[]): void => {
    for (const file of files) writeFileSync(`${here.dir}/${file}`, file);
  };

  it('finds what disk shows: what flash lacks, or has still to follow', () => {
    put('disk/d/alone', 'disk/both', 'disk/dirty', 'flash/both', 'flash/dirty', 'flash/own');
    inTree((tree) => {
      tree.marks.apply({ kind: 'dirty', path: path('dirty') }, 1);
      for (const [at, found] of [
        ['d/alone', true],
        ['dirty', true],
        ['both', false],
        ['own', false],
        ['gone', false],
        ['gone/below', false],
        ['both/below', false],
      ] as const)
        assert.equal(findOnDisk(tree, path(at)) !== null, found, at);
      const { node, name } = findOnDisk(tree, path('d/alone'))!;
      assert.equal(name, 'alone');
      const fd = ok(openToCopy(tree, node));
      assert.equal(readFileSync(`/proc/self/fd/${String(fd)}`, 'utf8'), 'disk/d/alone');
      close(fd);
    });
  });

  it('opens a symlink itself', () => {
    symlinkSync('nowhere', `${here.dir}/disk/l`);
    inTree((tree) => close(ok(openToCopy(tree, findOnDisk(tree, path('l'))!.node))));
  });

  it('links a further name to the copy that is right, waits for one that is being made, and else has none', () => {
    put('disk/one', 'flash/one');
    linkSync(`${here.dir}/disk/one`, `${here.dir}/disk/d/two`);
    const stageFd = ok(openat(here.fd, path('flash/stage'), O_RDONLY | O_DIRECTORY));
    const stage = new Stage(stageFd);
    inTree((tree) => {
      const node = got(tree.walk(path('one')));
      const twin = (entries: ReadonlyMap<ByteString, Entry>, at = 'd/two'): ByteString | null | 'wait' =>
        stageTwin({ tree, stage }, entries, node, path(at));
      const entry = (state: Entry['state']): Map<ByteString, Entry> =>
        new Map([[path('one'), { ...newEntry(path('one')), state }]]);
      assert.equal(twin(new Map()), null, 'no other name is known');
      got(tree.walk(path('d/two')));
      for (const entries of [new Map<ByteString, Entry>(), entry('stored')]) {
        const staged = twin(entries);
        assert.equal(readFileSync(`${here.dir}/flash/stage/${String(staged)}`, 'utf8'), 'flash/one');
      }
      assert.equal(twin(entry('copying')), 'wait');
      for (const state of ['queued', 'open', 'failed'] as const) assert.equal(twin(entry(state)), null, state);
      assert.equal(twin(new Map(), 'one'), null, 'flash has no other name of it');
    });
    stage.close();
  });
});
