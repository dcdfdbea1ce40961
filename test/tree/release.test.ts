// Nodes that nobody refers to any more are dropped once: dropped twice, a nodeid would be given to two objects, and the kernel would take one
// for the other.

import assert from 'node:assert/strict';
import { linkSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { openFlash } from '../../src/branch/open-branch.ts';
import { inoKey } from '../../src/tree/ino.ts';
import { Marks } from '../../src/tree/marks.ts';
import type { Node } from '../../src/tree/node.ts';
import { Tree } from '../../src/tree/tree.ts';
import { got, place } from '../sys/place.ts';

describe('tree: what nobody refers to', () => {
  const here = place();

  function inTree(use: (tree: Tree, find: (path: string) => Node) => void): void {
    for (const name of ['flash', 'disk']) {
      rmSync(`${here.dir}/${name}`, { recursive: true, force: true });
      mkdirSync(`${here.dir}/${name}`);
    }
    const [flash, disk] = [got(openFlash(`${here.dir}/flash`)), got(openFlash(`${here.dir}/disk`))];
    const tree = new Tree({ flash, disk, marks: new Marks(inoKey) });
    use(tree, (path) => got(tree.walk(asBytes(path))));
    for (const branch of [flash, disk]) branch.close();
  }

  it('is dropped once, also a directory that several names of a file were the last to keep', () => {
    for (const [one, two] of [
      ['above/one', 'above/below/two'],
      ['above/below/one', 'above/two'],
      ['above/below/one', 'above/below/two'],
      ['above/one', 'beside/two'],
    ] as const)
      inTree((tree, find) => {
        for (const dir of ['above/below', 'beside']) mkdirSync(`${here.dir}/disk/${dir}`, { recursive: true });
        writeFileSync(`${here.dir}/disk/${one}`, '', { flag: 'a' });
        linkSync(`${here.dir}/disk/${one}`, `${here.dir}/disk/${two}`);
        const node = find(one);
        assert.equal(find(two), node);
        // The kernel has forgotten all of them while the file was open.
        tree.release(node);
        assert.equal(tree.table.size, 1, `${one}, ${two}`);
        const ids = ['above', 'above/below', 'beside'].map((path) => find(path).id);
        assert.equal(new Set(ids).size, ids.length, `${one}, ${two}: two objects have one nodeid`);
      });
  });
});
