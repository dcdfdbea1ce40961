import assert from 'node:assert/strict';
import { crc32 } from '../../src/tree/crc32.ts';

describe('tree/crc32', () => {
  const sum = (text: string, start = 0, end = text.length): number =>
    crc32(Buffer.from(text, 'latin1'), start, end) >>> 0;

  it('is the sum that zlib, gzip and PNG have', () => {
    assert.equal(sum(''), 0);
    assert.equal(sum('123456789'), 0xcbf43926);
    assert.equal(sum('The quick brown fox jumps over the lazy dog'), 0x414fa339);
    assert.equal(sum('\xff'.repeat(32)), 0xff6cab0b);
  });

  it('is of the bytes between, wherever they begin', () => {
    for (let start = 0; start < 9; start++)
      assert.equal(sum(`${'x'.repeat(start)}123456789yy`, start, start + 9), 0xcbf43926);
  });
});
