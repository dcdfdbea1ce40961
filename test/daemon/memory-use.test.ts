// Guards against a status that fails in the daemon of a root, which has no /proc to find by name.

import assert from 'node:assert/strict';
import { closeSync, openSync } from 'node:fs';
import { heapUsed, residentBytes } from '../../src/daemon/memory-use.ts';

describe('daemon/memory-use', () => {
  it('tells what process.memoryUsage does, by a descriptor of /proc', () => {
    const proc = openSync('/proc', 'r');
    const usage = process.memoryUsage();
    assert.ok(Math.abs(residentBytes(proc) - usage.rss) < 32 << 20);
    assert.ok(Math.abs(heapUsed() - usage.heapUsed) < 32 << 20);
    closeSync(proc);
    assert.equal(residentBytes(-1), 0);
  });
});
