import assert from 'node:assert/strict';
import { parseSize, parseSizeOrShare, showSize } from '../../src/daemon/size.ts';

describe('daemon/size', () => {
  it('reads sizes', () => {
    const sizes: [string, number | undefined][] = [
      ['0', 0],
      ['4096', 4096],
      ['10K', 10240],
      ['10M', 10 << 20],
      ['1.5g', 1.5 * 2 ** 30],
      ['2TiB', 2 ** 41],
      ['10MB', 10 << 20],
      ['', undefined],
      ['M', undefined],
      ['-1', undefined],
      ['1e3', undefined],
      ['10X', undefined],
      ['9999999T', undefined],
    ];
    for (const [text, bytes] of sizes) assert.equal(parseSize(text), bytes, text);
  });

  it('reads shares', () => {
    assert.deepEqual(parseSizeOrShare('5%'), { percent: 5 });
    assert.deepEqual(parseSizeOrShare('0.5 %'), { percent: 0.5 });
    assert.equal(parseSizeOrShare('100.1%'), undefined);
    assert.equal(parseSizeOrShare('7'), 7);
  });

  it('shows sizes', () => {
    const shown = [0, 999, 1000, 1234567, 9_960_000, 999_600_000, 21_300_000_000, 4e15].map(showSize);
    assert.deepEqual(shown, ['0 B', '999 B', '1.0 kB', '1.2 MB', '10 MB', '1.0 GB', '21 GB', '4.0 PB']);
  });
});
