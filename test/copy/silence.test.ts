import assert from 'node:assert/strict';
import { Silence, SILENT_MS } from '../../src/copy/silence.ts';

describe('copy/silence', () => {
  it('begins when the one who waits longest has waited for long, and ends with that', () => {
    const silence = new Silence();
    let changes = 0;
    silence.onChange = () => changes++;
    const long = performance.now() - SILENT_MS - 1;
    assert.equal(silence.judge([performance.now()]), false);
    assert.equal(silence.judge([performance.now(), long]), true);
    assert.equal(silence.since, long);
    assert.equal(silence.judge([long]), false, 'known');
    assert.equal(silence.judge([]), true);
    assert.equal(silence.since, null);
    assert.equal(changes, 2);
  });

  it('is looked for while somebody waits, and while it lasts', () => {
    const silence = new Silence();
    const due = (): number | undefined => silence.deadline;
    assert.equal(due(), undefined);
    const ends = silence.reads();
    const first = due();
    assert.ok(first !== undefined && first > performance.now());
    silence.expect();
    assert.equal(due(), first, 'no later than before');
    silence.goOn(false);
    assert.ok((due() ?? 0) >= first);
    ends();
    silence.goOn(true);
    assert.notEqual(due(), undefined);
    silence.judge([performance.now() - SILENT_MS - 1]);
    silence.goOn(false);
    assert.notEqual(due(), undefined, 'until it answers');
    silence.judge([]);
    silence.goOn(false);
    assert.equal(due(), undefined);
  });

  it('does not come of reads from a disk that was let go', () => {
    const silence = new Silence();
    silence.reads();
    silence.forgetReads();
    silence.goOn(false);
    assert.equal(silence.deadline, undefined);
  });
});
