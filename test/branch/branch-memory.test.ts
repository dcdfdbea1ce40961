// What tells a disk that comes back from another one: guards against marks and inode numbers of one disk being laid over another.
import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import type { ByteString } from '../../src/bytes.ts';
import { BranchMemory } from '../../src/branch/branch-memory.ts';
import { ENOENT } from '../../src/errno.ts';
import { newStat, type Stat } from '../../src/sys/stat.ts';

const FILE = 0o100644;
const DIRECTORY = 0o040755;

function stat(inoLo: number, mode = FILE, more: Partial<Stat> = {}): Stat {
  return { ...newStat(), inoLo, mode, btime: 1000, btimeNsec: 5, ...more };
}

describe('branch/memory', () => {
  const known = new Map<string, Stat>([
    ['', stat(2, DIRECTORY)],
    ['a', stat(10)],
    ['b', stat(11)],
    ['b\xff', stat(12)],
  ]);
  const memory = new BranchMemory();
  for (const [path, one] of known) memory.keep(asBytes(path), one);

  /** A tree that is as remembered, but for `changes`; undefined: it has no such path. */
  const tree = (changes: Readonly<Record<string, Stat | undefined>>) => (path: ByteString, out: Stat) => {
    const found = path in changes ? changes[path] : known.get(path);
    if (found === undefined) return ENOENT;
    Object.assign(out, found);
    return 0;
  };

  it('answers with a copy of what it was given, by bytes', () => {
    const out = newStat();
    assert.equal(memory.stat(asBytes('b\xff'), out), 0);
    assert.equal(out.inoLo, 12);
    out.inoLo = 99;
    memory.stat(asBytes('b\xff'), out);
    assert.equal(out.inoLo, 12);
    assert.equal(memory.stat(asBytes('c'), out), ENOENT);
  });

  it('knows the tree again, on a device of another number, and where some of it has changed', () => {
    assert.ok(memory.isOf(tree({})));
    assert.ok(memory.isOf(tree({ '': stat(2, DIRECTORY, { devMajor: 7, devMinor: 3 }) })));
    assert.ok(memory.isOf(tree({ a: undefined })));
  });

  it('does not take another for it: another root, by number or birth, or other files', () => {
    assert.ok(!memory.isOf(tree({ '': stat(3, DIRECTORY) })));
    assert.ok(!memory.isOf(tree({ '': stat(2, DIRECTORY, { btimeNsec: 6 }) })));
    assert.ok(!memory.isOf(tree({ '': undefined })));
    assert.ok(!memory.isOf(tree({ a: stat(10, DIRECTORY), b: stat(12), 'b\xff': undefined })));
  });
});
