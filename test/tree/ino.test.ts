import assert from 'node:assert/strict';
import { InodeNumbers, inoKey } from '../../src/tree/ino.ts';

/** Numbers of a 64-bit inode, as unsigned. */
const shown = (numbers: InodeNumbers): bigint => (BigInt(numbers.hi >>> 0) << 32n) | BigInt(numbers.lo >>> 0);

describe('tree/ino', () => {
  it("keeps the numbers of disk's own device, whatever they are", () => {
    const numbers = new InodeNumbers(8, 1);
    for (const [lo, hi] of [
      [12, 0],
      [-1, 0],
      [-1, -1],
      [5, 0x40000000],
    ] as const) {
      numbers.ofDisk(8, 1, lo, hi);
      assert.deepEqual([numbers.lo, numbers.hi], [lo, hi]);
    }
  });

  it('keeps apart flash, disk and two further devices, though all count from the same number', () => {
    const numbers = new InodeNumbers(8, 1);
    const seen = new Set<bigint>();
    for (let i = 0; i < 1000; i++) {
      numbers.ofDisk(8, 1, i, 0);
      seen.add(shown(numbers));
      numbers.ofDisk(0, 40, i, 0);
      seen.add(shown(numbers));
      numbers.ofDisk(0, 41, i, 0);
      seen.add(shown(numbers));
      numbers.ofFlash(i, 0);
      seen.add(shown(numbers));
    }
    assert.equal(seen.size, 4000);
  });

  it('gives the same number after a restart', () => {
    const once = new InodeNumbers(8, 1);
    const again = new InodeNumbers(8, 1);
    once.ofDisk(0, 33, 77, 2);
    again.ofDisk(0, 33, 77, 2);
    assert.equal(shown(once), shown(again));
  });

  it('keeps numbers beyond 54 bits in the range of their device', () => {
    const numbers = new InodeNumbers(8, 1);
    numbers.ofFlash(1, 0x7fffffff);
    const big = shown(numbers);
    numbers.ofFlash(1, 0);
    assert.equal(big >> 54n, shown(numbers) >> 54n);
    assert.notEqual(big, shown(numbers));
  });

  it('has one key per number, negative halves included', () => {
    const keys = [inoKey(1, 0), inoKey(-1, 0), inoKey(0, 1), inoKey(0, -1), inoKey(-1, -1), inoKey(0, 0x200000)];
    assert.equal(new Set(keys).size, keys.length);
    assert.equal(inoKey(-1, 0), 0xffffffff);
  });
});
