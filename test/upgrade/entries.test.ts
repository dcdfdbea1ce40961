// Guards against a mirror that goes round in circles: whoever walks what is queued may have it queued anew meanwhile, as symlinks that lead to one another do.

import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { Entries } from '../../src/upgrade/entries.ts';

describe('upgrade/entries', () => {
  it('shows each once to who walks those in a state, though they are put into it again meanwhile', () => {
    const entries = new Entries();
    for (const path of ['a', 'b']) entries.add(asBytes(path));
    const met: string[] = [];
    for (const { path } of entries.in('queued')) {
      met.push(path);
      if (met.length > 9) break;
      for (const other of entries.byPath.values()) entries.turn(other, 'queued');
    }
    assert.deepEqual(met, ['a', 'b']);
  });

  it('is idle when all that is left waits for somebody else', () => {
    const entries = new Entries();
    entries.add(asBytes('a'));
    const entry = entries.byPath.get(asBytes('a'))!;
    assert.equal(entries.idle, false);
    for (const [state, idle] of [
      ['copying', false],
      ['open', true],
      ['stored', false],
      ['failed', true],
    ] as const) {
      entries.turn(entry, state);
      assert.equal(entries.idle, idle, state);
    }
    entries.drop(entry);
    assert.equal(entries.byPath.size, 0);
  });
});
