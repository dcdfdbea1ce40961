// What is notified, and when. Guards against names that are dropped where the kernel cannot expire them, with what is mounted on them; against
// one long piece of work that requests wait behind; and against an answer that was under way and outlives the change.

import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { asBytes } from '../../src/bytes.ts';
import { HIDDEN, KernelCache, SHOWN, UNCAPTURED } from '../../src/ops/kernel-cache.ts';
import { attach } from '../../src/tree/names.ts';
import { isDir, MULTI_LINK, ON_FLASH, S_IFDIR, S_IFLNK, S_IFREG } from '../../src/tree/node.ts';
import type { DirNode, Node } from '../../src/tree/node.ts';
import { NodeTable } from '../../src/tree/node-table.ts';
import type { Tree } from '../../src/tree/tree.ts';

const S_IFIFO = 0o010000;

class Kernel {
  readonly table = new NodeTable();
  readonly root: DirNode;
  said: string[] = [];

  constructor() {
    const root = this.table.make(S_IFDIR, null, asBytes(''), 1, 0);
    if (!isDir(root)) throw new Error('no directory');
    root.lookups = 1;
    root.flags |= ON_FLASH;
    this.root = root;
  }

  make(kind: number, name: string, flags = 0, parent = this.root): Node {
    const node = this.table.make(kind, parent, asBytes(name), 2, 0);
    parent.dir.children.set(asBytes(name), node);
    node.flags |= flags;
    node.lookups = 1;
    return node;
  }

  cache(onStat: boolean, expireOnly = true): KernelCache {
    const cache = new KernelCache({ tree: { table: this.table } as unknown as Tree, onStat });
    const nameOf = (id: number): string => this.table.get(id)?.name ?? '';
    cache.connect(
      {
        invalInode: (id) => this.said.push(`inode ${nameOf(id)}`),
        invalEntry: (_parent, name) => this.said.push(`drop ${name}`),
        expireEntry: (_parent, name) => this.said.push(`expire ${name}`),
      },
      expireOnly,
    );
    return cache;
  }

  /** All that is said until there is nothing to do at once; and in how many pieces. */
  all(cache: KernelCache, what: number): [string[], number] {
    this.said = [];
    let over = false;
    cache.refresh(what, () => (over = true));
    let pieces = 0;
    while (cache.deadline === 0) {
      assert.ok(!over);
      cache.step();
      pieces++;
    }
    assert.ok(over);
    return [this.said.sort(), pieces];
  }
}

function sample(): Kernel {
  const kernel = new Kernel();
  kernel.make(S_IFDIR, 'dir');
  kernel.make(S_IFDIR, 'dir-on-flash', ON_FLASH);
  kernel.make(S_IFREG, 'file');
  kernel.make(S_IFREG, 'file-on-flash', ON_FLASH);
  kernel.make(S_IFLNK, 'link');
  kernel.make(S_IFLNK, 'link-on-flash', ON_FLASH);
  kernel.make(S_IFIFO, 'fifo');
  kernel.make(S_IFREG, 'forgotten').lookups = 0;
  const twin = kernel.make(S_IFREG, 'twin-on-flash', ON_FLASH | MULTI_LINK);
  attach(twin, kernel.root, asBytes('twin'), false);
  return kernel;
}

describe('ops/kernel-cache', () => {
  it('has asked for again what a use would capture', () => {
    const kernel = sample();
    assert.deepEqual(kernel.all(kernel.cache(false), UNCAPTURED)[0], [
      'expire dir',
      'expire fifo',
      'expire twin',
      'inode link',
    ]);
    assert.deepEqual(kernel.all(kernel.cache(true), UNCAPTURED)[0], [
      'expire dir',
      'expire fifo',
      'expire file',
      'expire twin',
      'inode link',
    ]);
  });

  it('has asked for again all that only disk has, when it is hidden', () => {
    const kernel = sample();
    const [said] = kernel.all(kernel.cache(false), HIDDEN);
    assert.deepEqual(
      said,
      ['dir', 'fifo', 'file', 'link', 'twin'].map((name) => `expire ${name}`),
    );
  });

  it('says of names that were missing that they are there again, once', () => {
    const kernel = sample();
    const cache = kernel.cache(false);
    const name = asBytes('missing');
    assert.deepEqual([cache.missing(kernel.root, name), cache.missing(kernel.root, name)], ['new', 'known']);
    assert.deepEqual(kernel.all(cache, SHOWN)[0], ['expire missing']);
    assert.deepEqual(kernel.all(cache, SHOWN)[0], []);
    assert.equal(cache.missing(kernel.root, name), 'new');
  });

  it('bounds what it remembers of missing names', () => {
    const kernel = sample();
    const cache = kernel.cache(false);
    for (let n = 0; n < 65_536; n++) assert.equal(cache.missing(kernel.root, asBytes(String(n))), 'new');
    assert.equal(cache.missing(kernel.root, asBytes('more')), 'full');
  });

  it('never drops the name of a directory where the kernel cannot expire it', () => {
    const kernel = sample();
    const [said] = kernel.all(kernel.cache(false, false), HIDDEN);
    assert.deepEqual(said, ['drop fifo', 'drop file', 'drop link', 'drop twin']);
  });

  it('works in pieces, and goes through all once more a second later', async () => {
    const kernel = sample();
    for (let n = 0; n < 2000; n++) kernel.make(S_IFIFO, `fifo${n}`);
    const cache = kernel.cache(false);
    const [said, pieces] = kernel.all(cache, UNCAPTURED);
    assert.ok(said.length > 2000 && pieces >= 8, `${pieces} pieces`);
    assert.ok(!cache.step());
    const { deadline } = cache;
    assert.ok(deadline !== undefined && deadline > performance.now());
    await setTimeout(deadline - performance.now() + 1);
    kernel.said = [];
    while (cache.step());
    assert.deepEqual(kernel.said.sort(), said);
    assert.equal(cache.deadline, undefined);
  });

  it('says at once that nothing has to be asked for again', () => {
    const kernel = sample();
    assert.deepEqual(kernel.all(kernel.cache(false), 0), [[], 0]);
  });
});
