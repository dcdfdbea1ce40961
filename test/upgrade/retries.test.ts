// Guards against an unmount that waits for ever, since what failed is always being tried again; and against a full flash that is worn by copies which cannot succeed.

import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { EIO, ENOSPC } from '../../src/errno.ts';
import { newEntry } from '../../src/upgrade/entry.ts';
import type { Entry } from '../../src/upgrade/entry.ts';
import { Retries } from '../../src/upgrade/retries.ts';

function failed(path: string, err: number): Entry {
  return { ...newEntry(asBytes(path)), state: 'failed', err };
}

describe('upgrade/retries', () => {
  const room = { free: 1000, files: 10 };
  const full = failed('full', ENOSPC);
  const broken = failed('broken', EIO);
  const entries = [full, broken, newEntry(asBytes('queued'))];

  it('begins a round only a while after the one before has ended, however long that took', () => {
    const retries = new Retries({ room });
    for (let now = 10_000; now < 20_000; now += 100) assert.deepEqual(retries.due(false, entries, now), []);
    assert.deepEqual(retries.due(true, entries, 20_000), []);
    assert.deepEqual(retries.due(true, entries, 22_000), [full, broken]);
    assert.deepEqual(retries.due(true, entries, 22_100), []);
  });

  it('tries again what flash had no room for only where it has more', () => {
    let now = 10_000;
    const space = { room };
    const retries = new Retries(space);
    const next = (): readonly Entry[] => retries.due(true, entries, (now += 3000));
    assert.deepEqual(next(), [full, broken]);
    assert.deepEqual(next(), [broken]);
    space.room = { free: 900, files: 10 };
    assert.deepEqual(next(), [broken]);
    space.room = { free: 950, files: 10 };
    assert.deepEqual(next(), [full, broken]);
    space.room = { free: 950, files: 11 };
    assert.deepEqual(next(), [full, broken]);
    assert.deepEqual(next(), [broken]);
  });
});
