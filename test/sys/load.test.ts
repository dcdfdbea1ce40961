import assert from 'node:assert/strict';
import { RunQueue } from '../../src/sys/load.ts';

describe('sys/load', () => {
  it('counts the tasks that want a processor, the one that asks among them', () => {
    assert.equal(new RunQueue(1).isCrowded(), true);
    assert.equal(new RunQueue(1_000_000).isCrowded(), false);
  });
});
