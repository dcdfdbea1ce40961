import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { IdleProcessors } from '../../src/sys/idle.ts';

const DEVICE = '/dev/cpu_dma_latency';

/** Requests of this process. */
function requests(): number {
  return readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`) === DEVICE;
    } catch {
      return false;
    }
  }).length;
}

/** us that the kernel grants idle processors, of all requests the least. */
function granted(): number {
  return readFileSync(DEVICE).readInt32LE();
}

describe('sys/idle', () => {
  it('asks for nothing where it would be of no use', () => {
    const before = requests();
    for (const idle of [
      new IdleProcessors('intel_idle', 2),
      new IdleProcessors('', 2),
      new IdleProcessors('haltpoll', 1),
      new IdleProcessors('haltpoll', 64),
    ]) {
      idle.wait(true);
    }
    assert.equal(requests(), before);
  });

  it('has idle processors of a small guest wait, and sleep again', function () {
    if (process.getuid?.() !== 0 || !existsSync(DEVICE)) this.skip();
    const idle = new IdleProcessors('haltpoll', 2);
    const before = granted();
    idle.wait(true);
    assert.equal(granted(), 0);
    idle.wait(false);
    assert.equal(granted(), before);
  });
});
