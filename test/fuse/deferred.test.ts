import assert from 'node:assert/strict';
import { EIO, ENOENT, ENOSPC } from '../../src/errno.ts';
import { newCounterMemory, readCounters } from '../../src/fuse/counters.ts';
import { DEFERRED, OK } from '../../src/fuse/operation.ts';
import type { Deferred, Operations } from '../../src/fuse/operation.ts';
import { Session } from '../../src/fuse/session.ts';
import { FakeKernel, interruptBody, name, request } from './fake-kernel.ts';
import type { Step } from './fake-kernel.ts';

const LOOKUP = 1;
const INTERRUPT = 36;

/** A session whose lookups are deferred, but for the name `now`. `later` are the deferred ones, in order. */
class Place {
  readonly kernel: FakeKernel;
  readonly session: Session<null>;
  readonly later: Deferred[] = [];
  readonly names: string[] = [];
  readonly bugs: unknown[] = [];
  readonly counters = newCounterMemory();
  defer = true;

  constructor(...script: Step[]) {
    this.kernel = new FakeKernel(...script);
    const operations: Partial<Operations<null>> = {
      lookup: (_, req, arg) => {
        this.names.push(arg.name);
        if (arg.name === 'now' || !this.defer) {
          req.out.u32(0x6e6f77);
          return OK;
        }
        this.later.push(req.defer());
        return DEFERRED;
      },
    };
    const hooks = { onBug: (error: unknown) => this.bugs.push(error) };
    this.session = new Session({
      channel: this.kernel,
      operations,
      context: null,
      spin: 0,
      counters: this.counters,
      hooks,
    });
  }

  run(): void {
    assert.deepEqual(this.session.run(), { reason: 'unmounted' });
  }
}

const first = request(LOOKUP, name('first'), { unique: 10n, nodeid: 3 });
const second = request(LOOKUP, name('second'), { unique: 12n });
const now = request(LOOKUP, name('now'), { unique: 14n });

describe('fuse/waitlist', () => {
  it('answers later, in any order, while others are served', () => {
    const place: Place = new Place(first, second, now, () => {
      assert.equal(place.session.waiting, 2);
      place.later[1]?.reply((out) => {
        out.u32(2);
      });
      place.later[0]?.fail(ENOSPC);
      assert.equal(place.session.waiting, 0);
    });
    place.run();
    assert.deepEqual(
      place.kernel.sent.map(({ unique, error, body }) => [unique, error, body.toString('hex')]),
      [
        [14n, 0, '776f6e00'],
        [12n, 0, '02000000'],
        [10n, ENOSPC, ''],
      ],
    );
    assert.deepEqual(
      place.later.map(({ opcode, nodeid, uniqueLo, uniqueHi }) => [opcode, nodeid, uniqueLo, uniqueHi])[0],
      [1, 3, 10, 0],
    );
    const counts = readCounters(place.counters).operations.lookup;
    assert.deepEqual([counts?.count, counts?.deferred, counts?.errors], [3, 2, 1]);
  });

  it('retries the saved frame although its buffer was received into again, and the handler runs anew', () => {
    const place: Place = new Place(
      first,
      now,
      () => {
        place.defer = false;
        place.later[0]?.retry();
        assert.equal(place.kernel.sent.length, 1, 'not before the next moment between requests');
      },
      now,
    );
    place.run();
    assert.deepEqual(place.names, ['first', 'now', 'now', 'first']);
    assert.deepEqual(place.kernel.sent[2], { unique: 10n, error: 0, body: Buffer.from('776f6e00', 'hex') });
    assert.equal(place.session.waiting, 0);
  });

  it('may defer a retried request again', () => {
    const retry = (): void => {
      place.later.at(-1)?.retry();
    };
    const place: Place = new Place(first, retry, now, retry, now, () => {
      place.later.at(-1)?.reply();
    });
    place.run();
    assert.deepEqual(place.names, ['first', 'now', 'first', 'now', 'first']);
    assert.deepEqual(
      place.kernel.sent.map(({ unique }) => unique),
      [14n, 14n, 10n],
    );
    assert.equal(place.session.waiting, 0);
  });

  it('lets another thread answer, and only forgets', () => {
    const place: Place = new Place(first, () => {
      place.later[0]?.answered();
    });
    place.run();
    assert.deepEqual(place.kernel.sent, []);
    assert.equal(place.session.waiting, 0);
    assert.equal(readCounters(place.counters).operations.lookup?.deferred, 1);
  });

  it('reports a second answer and does not send it: the number may be another request by then', () => {
    const place: Place = new Place(first, () => {
      place.later[0]?.reply();
      place.later[0]?.fail(ENOENT);
      place.later[0]?.reply();
      place.later[0]?.retry();
      place.later[0]?.answered();
    });
    place.run();
    assert.equal(place.kernel.sent.length, 1);
    assert.equal(place.bugs.length, 4);
  });

  it('answers EIO when writing the body throws', () => {
    const place: Place = new Place(first, () => {
      place.later[0]?.reply(() => {
        throw new Error('bug');
      });
    });
    place.run();
    assert.equal(place.kernel.sent[0]?.error, EIO);
    assert.equal(place.bugs.length, 1);
  });

  it('passes an interruption on, once, and still answers', () => {
    const told: string[] = [];
    const interrupt = request(INTERRUPT, interruptBody(10n), { unique: 11n });
    const place: Place = new Place(
      first,
      () => {
        place.later[0]!.onInterrupt = () => {
          told.push('interrupted');
          place.later[0]?.fail(-4 as typeof EIO);
        };
      },
      interrupt,
      interrupt,
    );
    place.run();
    assert.deepEqual(told, ['interrupted']);
    assert.deepEqual(
      place.kernel.sent.map(({ unique, error }) => [unique, error]),
      [[10n, -4]],
    );
    assert.equal(readCounters(place.counters).session.interrupts, 2);
  });

  it('answers once, by what the handler returned, when it deferred and then did not say so or threw', () => {
    for (const [outcome, error, reports] of [
      [() => OK, 0, 1],
      [() => ENOENT, ENOENT, 1],
      [
        () => {
          throw new Error('bug');
        },
        EIO,
        1,
      ],
    ] as const) {
      const kernel = new FakeKernel(first);
      let bugs = 0;
      const operations: Partial<Operations<null>> = { lookup: (_, req) => (req.defer(), outcome()) };
      const session = new Session({ channel: kernel, operations, context: null, hooks: { onBug: () => bugs++ } });
      session.run();
      assert.deepEqual(
        kernel.sent.map((sent) => sent.error),
        [error],
      );
      assert.equal(bugs, reports);
      assert.equal(session.waiting, 0);
    }
  });

  it('can be answered before its handler has returned', () => {
    const kernel = new FakeKernel(first);
    const operations: Partial<Operations<null>> = {
      lookup(_, req) {
        req.defer().reply((out) => {
          out.u32(1);
        });
        return DEFERRED;
      },
    };
    const session = new Session({ channel: kernel, operations, context: null });
    session.run();
    assert.deepEqual(kernel.sent, [{ unique: 10n, error: 0, body: Buffer.from([1, 0, 0, 0]) }]);
  });
});
