import assert from 'node:assert/strict';
import { Worker } from 'node:worker_threads';
import { EAGAIN, EBADF } from '../../src/errno.ts';
import { close } from '../../src/sys/open.ts';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  PollSet,
  drainEvent,
  eventfd,
  monotonicNs,
  signalEvent,
} from '../../src/sys/poll.ts';
import { fails, ok, place } from './place.ts';

describe('sys/poll', () => {
  place();

  it('counts signals and says when there is none', () => {
    const fd = ok(eventfd());
    fails(drainEvent(fd), EAGAIN);
    assert.equal(signalEvent(fd), 0);
    ok(signalEvent(fd));
    assert.equal(drainEvent(fd), 2);
    fails(drainEvent(fd), EAGAIN);
    ok(close(fd));
    fails(signalEvent(fd), EBADF);
    fails(drainEvent(fd), EBADF);
  });

  it('tells which of several descriptors is ready, and for what', () => {
    const fds = [ok(eventfd()), ok(eventfd()), ok(eventfd())];
    const set = new PollSet(5);
    fds.forEach((fd, i) => set.watch(i, fd, POLLIN));
    set.watch(3, 9999, POLLIN);
    assert.equal(set.wait(0), 1);
    assert.equal(set.ready(3), POLLNVAL);
    set.watch(3, -1, 0);
    assert.equal(set.wait(0), 0);
    ok(signalEvent(fds[1]!));
    assert.equal(set.wait(-1), 1);
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((i) => set.ready(i)),
      [0, POLLIN, 0, 0, 0],
    );
    set.watch(2, fds[2]!, POLLIN | POLLOUT);
    assert.equal(set.wait(-1), 2);
    assert.equal(set.ready(2), POLLOUT);
    assert.equal(set.ready(2) & (POLLERR | POLLHUP), 0);
    ok(drainEvent(fds[1]!));
    assert.equal(set.wait(-1), 1);
    assert.equal(set.ready(1), 0);
    assert.throws(() => set.watch(5, 0, 0), RangeError);
    for (const fd of fds) ok(close(fd));
  });

  it('waits as long as it is told, less than a millisecond too', () => {
    const set = new PollSet(1);
    for (const ns of [0, 1, 200_000, 3_000_000, 1_000_000_001]) {
      const before = process.hrtime.bigint();
      assert.equal(set.wait(ns), 0);
      const waited = Number(process.hrtime.bigint() - before);
      assert.ok(waited >= ns, `${waited} of ${ns} ns`);
      if (ns === 200_000) assert.ok(waited < 200_000_000);
    }
  });

  it('is woken by another thread: the main thread must reach a session thread that sleeps', async () => {
    const fd = ok(eventfd());
    const worker = new Worker(new URL('./signal-thread.js', import.meta.url), { workerData: fd });
    const set = new PollSet(2);
    set.watch(1, fd, POLLIN);
    await new Promise((resolve) => worker.once('online', resolve));
    worker.postMessage('go');
    assert.equal(set.wait(10_000_000_000), 1);
    assert.equal(drainEvent(fd), 1);
    await worker.terminate();
    ok(close(fd));
  });

  it('reads the same clock as Node', () => {
    for (let i = 0; i < 100; i++) {
      const before = process.hrtime.bigint();
      const now = monotonicNs();
      assert.ok(BigInt(now) >= before - 2n && BigInt(now) <= process.hrtime.bigint() + 2n);
    }
  });
});
