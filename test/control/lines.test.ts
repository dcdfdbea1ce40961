import assert from 'node:assert/strict';
import fc from 'fast-check';
import { LineSplitter } from '../../src/control/lines.ts';

describe('control/lines', () => {
  it('gives the same lines however the stream is cut', () => {
    const text = fc.array(fc.string({ unit: 'grapheme' }).map((line) => line.replaceAll('\n', ' ')));
    fc.assert(
      fc.property(text, fc.array(fc.nat(20)), (lines, cuts) => {
        let rest = Buffer.from(lines.map((line) => `${line}\n`).join(''));
        const splitter = new LineSplitter(1 << 20);
        const got: string[] = [];
        for (const cut of [...cuts, Infinity]) {
          got.push(...(splitter.push(rest.subarray(0, cut)) ?? ['over']));
          rest = rest.subarray(cut);
        }
        assert.deepEqual(got, lines);
        assert.equal(splitter.unfinished, false);
      }),
    );
  });

  it('takes a line of exactly the limit, newline included, and none longer', () => {
    const line = (length: number): Buffer => Buffer.from(`${'x'.repeat(length - 1)}\n`);
    assert.deepEqual(new LineSplitter(10).push(line(10)), ['x'.repeat(9)]);
    assert.equal(new LineSplitter(10).push(line(11)), undefined);
  });

  it('gives a line up before it has ended', () => {
    const splitter = new LineSplitter(10);
    assert.deepEqual(splitter.push(Buffer.from('xxxxx')), []);
    assert.equal(splitter.unfinished, true);
    assert.equal(splitter.push(Buffer.from('xxxxx')), undefined);
  });
});
