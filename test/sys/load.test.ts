import assert from 'node:assert/strict';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { RunQueue } from '../../src/sys/load.ts';

describe('sys/load', () => {
  it('is crowded while there is a task for each processor', async () => {
    const loops = Array.from({ length: availableParallelism() }, () => new Worker('for (;;);', { eval: true }));
    try {
      await Promise.all(loops.map((loop) => once(loop, 'online')));
      const queue = new RunQueue();
      const said = Array.from({ length: 20 }, () => queue.isCrowded());
      assert.ok(said.every(Boolean));
    } finally {
      await Promise.all(loops.map((loop) => loop.terminate()));
    }
  });
});
