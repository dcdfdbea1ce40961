import assert from 'node:assert/strict';
import { Counters, newCounterMemory, quantile, readCounters } from '../../src/fuse/counters.ts';

const GETATTR = 3;

describe('fuse/counters', () => {
  it('sorts latencies by powers of two of nanoseconds', () => {
    const counters = new Counters();
    for (const ns of [0, 1, 2, 3, 1023, 1024, 5_000_000, 4_000_000_000, 60_000_000_000])
      counters.request(GETATTR, ns / 1e6, false, false);
    const { histogram } = readCounters(counters.memory).operations.getattr!;
    const filled = histogram.flatMap((n, i) => (n > 0 ? [[i, n]] : []));
    assert.deepEqual(filled, [
      [0, 2],
      [1, 2],
      [9, 1],
      [10, 1],
      [22, 1],
      [31, 1],
      [33, 1],
    ]);
  });

  it('is readable from the memory alone, while it grows', () => {
    const memory = newCounterMemory();
    const counters = new Counters(memory);
    assert.deepEqual(readCounters(memory).operations, {});
    counters.request(GETATTR, 1, true, true);
    counters.event('sleeps');
    const { operations, session } = readCounters(structuredClone(memory));
    assert.deepEqual([operations.getattr?.count, operations.getattr?.errors, operations.getattr?.deferred], [1, 1, 1]);
    assert.equal(session.sleeps, 1);
  });

  it('has no place for opcodes beyond the protocol, and does not mind them', () => {
    const counters = new Counters();
    for (const opcode of [0, 63, 64, 4096, 0xffffffff]) counters.request(opcode, 1, false, false);
    assert.deepEqual(readCounters(counters.memory).operations, {});
    assert.equal(readCounters(counters.memory).session.sleeps, 0);
  });

  it('bounds a share of the latencies', () => {
    const counters = new Counters();
    for (let i = 0; i < 99; i++) counters.request(GETATTR, 0.001, false, false);
    counters.request(GETATTR, 1, false, false);
    const counts = readCounters(counters.memory).operations.getattr!;
    assert.equal(quantile(counts, 0.5), 0.001024);
    assert.equal(quantile(counts, 0.99), 0.001024);
    assert.equal(quantile(counts, 1), 1.048576);
    assert.equal(quantile({ ...counts, count: 0 }, 0.5), 0);
  });
});
