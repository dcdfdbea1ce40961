import assert from 'node:assert/strict';
import { EACCES, EAGAIN, ECONNABORTED, EFBIG, EINTR, EINVAL, EIO, ENODEV, ENOENT, ENOSYS } from '../../src/errno.ts';
import { newCounterMemory, readCounters } from '../../src/fuse/counters.ts';
import type { BugReport } from '../../src/fuse/dispatch.ts';
import { DEFERRED, NO_REPLY, OK } from '../../src/fuse/operation.ts';
import type { Operations, Request } from '../../src/fuse/operation.ts';
import { Session } from '../../src/fuse/session.ts';
import type { Ending, SessionOptions } from '../../src/fuse/session.ts';
import { FakeKernel, NOTHING, initBody, name, request } from './fake-kernel.ts';
import type { Step } from './fake-kernel.ts';

const LOOKUP = 1;
const FORGET = 2;
const GETATTR = 3;
const READ = 15;
const SETXATTR = 21;
const INIT = 26;
const DESTROY = 38;
const BATCH_FORGET = 42;

type Handlers = Partial<Operations<null>>;

interface Ran {
  readonly kernel: FakeKernel;
  readonly ending: Ending;
  readonly bugs: { error: unknown; request: BugReport | undefined }[];
  readonly session: Session<null>;
}

function run(operations: Handlers, script: Step[], options: Partial<SessionOptions<null>> = {}): Ran {
  const kernel = new FakeKernel(...script);
  const bugs: Ran['bugs'] = [];
  const hooks = { onBug: (error: unknown, from: BugReport | undefined) => bugs.push({ error, request: from }) };
  const session = new Session({
    channel: kernel,
    operations,
    context: null,
    spin: 0,
    ...options,
    hooks: { ...hooks, ...options.hooks },
  });
  return { kernel, ending: session.run(), bugs, session };
}

function readBody(size: number): Buffer {
  const body = Buffer.alloc(40);
  body.writeUInt32LE(size, 16);
  return body;
}

describe('fuse/session', () => {
  it('gives a handler the request and its argument, and sends what it writes', () => {
    const seen: Partial<Request>[] = [];
    const context = { answer: 7 };
    const kernel = new FakeKernel(
      request(LOOKUP, name('caf\xe9'), { unique: 0x1122334455667788n, nodeid: 9, uid: 1, gid: 2, pid: 3 }),
    );
    const session = new Session({
      channel: kernel,
      context,
      operations: {
        lookup(mine, req, arg) {
          assert.equal(mine, context);
          assert.equal(arg.name, 'caf\xe9');
          const { opcode, nodeid, uid, gid, pid, uniqueLo, uniqueHi } = req;
          seen.push({ opcode, nodeid, uid, gid, pid, uniqueLo, uniqueHi });
          req.out.u32(mine.answer);
          return OK;
        },
      },
    });
    assert.deepEqual(session.run(), { reason: 'unmounted' });
    assert.deepEqual(seen, [
      { opcode: 1, nodeid: 9, uid: 1, gid: 2, pid: 3, uniqueLo: 0x55667788, uniqueHi: 0x11223344 },
    ]);
    assert.deepEqual(kernel.sent, [{ error: 0, unique: 0x1122334455667788n, body: Buffer.from([7, 0, 0, 0]) }]);
  });

  it('answers an errno with a header alone, whatever the handler had written', () => {
    const operations: Handlers = {
      lookup(_, { out }) {
        out.u32(1);
        return ENOENT;
      },
    };
    const { kernel } = run(operations, [request(LOOKUP, name('a'))]);
    assert.deepEqual(kernel.sent, [{ error: -2, unique: 2n, body: Buffer.alloc(0) }]);
  });

  it('lets a handler fill the reply buffer itself, up to a megabyte', () => {
    const size = 1 << 20;
    const operations: Handlers = {
      read: (_, { out }, arg) => {
        out.buf.fill(0x61, out.pos, out.pos + arg.size);
        out.pos += arg.size;
        return OK;
      },
    };
    const { kernel } = run(operations, [request(READ, readBody(size)), request(READ, readBody(1), { unique: 4n })]);
    assert.equal(kernel.sent[0]?.body.length, size);
    assert.ok(kernel.sent[0].body.every((byte) => byte === 0x61));
    assert.deepEqual(kernel.sent[1]?.body, Buffer.from('a'));
  });

  it('receives a write of a megabyte', () => {
    const body = Buffer.alloc(40 + (1 << 20), 0x62);
    body.fill(0, 0, 40);
    body.writeUInt32LE(1 << 20, 16);
    let got = 0;
    run({ write: (_, __, { data }) => ((got = data.length), OK) }, [request(16, body)]);
    assert.equal(got, 1 << 20);
  });

  it('answers ENOSYS for what has no handler, and for opcodes of the future', () => {
    const memory = newCounterMemory();
    const { kernel, bugs } = run(
      {},
      [request(GETATTR, Buffer.alloc(16)), request(61, Buffer.alloc(3), { unique: 4n })],
      { counters: memory },
    );
    assert.deepEqual(
      kernel.sent.map(({ error, unique }) => [error, unique]),
      [
        [ENOSYS, 2n],
        [ENOSYS, 4n],
      ],
    );
    assert.equal(readCounters(memory).session.unknown, 1);
    assert.deepEqual(bugs, []);
  });

  it('never answers FORGET and BATCH_FORGET, not even when the handler fails or is missing', () => {
    const forget = request(FORGET, Buffer.alloc(8));
    const batch = request(BATCH_FORGET, Buffer.alloc(8));
    assert.deepEqual(run({}, [forget, batch]).kernel.sent, []);
    const handlers: Handlers = {
      forget: () => {
        throw new Error('bug');
      },
      batchForget: () => EIO,
    };
    assert.deepEqual(run(handlers, [forget, batch]).kernel.sent, []);
    assert.deepEqual(run(handlers, [request(FORGET, Buffer.alloc(2))]).kernel.sent, []);
    assert.deepEqual(run({ forget: () => NO_REPLY, batchForget: () => NO_REPLY }, [forget, batch]).bugs, []);
  });

  it('answers DESTROY', () => {
    assert.equal(run({}, [request(DESTROY)]).kernel.sent[0]?.error, 0);
  });

  it('makes EIO and one report of what a handler throws, and goes on', () => {
    const error = new Error('bug');
    const operations: Handlers = {
      lookup(_, req) {
        req.out.u32(1);
        if (req.uniqueLo === 2) throw error;
        return OK;
      },
    };
    const { kernel, bugs } = run(operations, [
      request(LOOKUP, name('a'), { nodeid: 5, uid: 6, pid: 7 }),
      request(LOOKUP, name('a'), { unique: 4n }),
    ]);
    assert.deepEqual(bugs, [{ error, request: { operation: 'lookup', opcode: 1, nodeid: 5, uid: 6, pid: 7 } }]);
    assert.deepEqual(
      kernel.sent.map((sent) => [sent.error, sent.body.length]),
      [
        [EIO, 0],
        [0, 4],
      ],
    );
  });

  it('answers a request that cannot be decoded with EIO and a report, a position beyond 2^53 with EFBIG and none', () => {
    const bad = run({ lookup: () => OK }, [request(LOOKUP, Buffer.from('no NUL'))]);
    assert.equal(bad.kernel.sent[0]?.error, EIO);
    assert.equal(bad.bugs.length, 1);
    const lying = request(LOOKUP, name('a'));
    lying.writeUInt32LE(4000, 0);
    assert.equal(run({ lookup: () => OK }, [lying]).kernel.sent[0]?.error, EIO);
    const far = Buffer.alloc(40);
    far.writeBigUInt64LE(1n << 60n, 8);
    const big = run({ write: () => OK }, [request(16, far)]);
    assert.equal(big.kernel.sent[0]?.error, EFBIG);
    assert.deepEqual(big.bugs, []);
  });

  it('answers nobody when the frame is too short to say who asked: a reply to 0 would be a notification', () => {
    const { kernel, bugs, ending } = run({ lookup: () => OK }, [request(LOOKUP, name('a')), Buffer.alloc(12)]);
    assert.equal(kernel.sent.length, 1);
    assert.ok(bugs.length > 0);
    assert.deepEqual(ending, { reason: 'unmounted' });
  });

  it('replaces what is no errno by EIO: the kernel would drop the reply, and its caller wait for ever', () => {
    const { kernel, bugs } = run({ lookup: () => -600 }, [request(LOOKUP, name('a'))]);
    assert.equal(kernel.sent[0]?.error, EIO);
    assert.equal(bugs.length, 1);
    for (const strange of [DEFERRED, 3, 17]) {
      const other = run({ lookup: () => strange }, [request(LOOKUP, name('a'))]);
      assert.equal(other.kernel.sent[0]?.error, EIO, String(strange));
      assert.equal(other.bugs.length, 1);
    }
  });

  it('says nothing when the kernel no longer wants a reply, but reports one that it finds malformed', () => {
    for (const [refusal, reports] of [
      [ENOENT, 0],
      [ENODEV, 0],
      [EINVAL, 1],
    ] as const) {
      const kernel = new FakeKernel(request(LOOKUP, name('a')));
      kernel.refusal = refusal;
      let bugs = 0;
      new Session({
        channel: kernel,
        context: null,
        operations: { lookup: () => OK },
        hooks: { onBug: () => bugs++ },
      }).run();
      assert.equal(bugs, reports);
    }
  });

  it('goes on after a request that was taken back and after a signal, ends on anything else', () => {
    const served: Handlers = { lookup: () => OK };
    assert.equal(run(served, [ENOENT, EINTR, request(LOOKUP, name('a'))]).kernel.sent.length, 1);
    assert.deepEqual(run(served, [ECONNABORTED]).ending, { reason: 'aborted' });
    assert.deepEqual(run(served, [EACCES]).ending, { reason: 'failed', errno: EACCES });
  });

  it('stops when told to, with the request in hand answered and the connection open', () => {
    const options = {
      hooks: {
        onWake() {
          session.stop();
        },
      },
    };
    const kernel: FakeKernel = new FakeKernel(request(LOOKUP, name('a')), () => (kernel.wake = true), NOTHING, NOTHING);
    const session = new Session<null>({
      channel: kernel,
      context: null,
      operations: { lookup: () => OK },
      spin: 0,
      ...options,
    });
    assert.deepEqual(session.run(), { reason: 'stopped' });
    assert.equal(kernel.sent.length, 1);
    assert.deepEqual(session.run(), { reason: 'unmounted' });
  });

  describe('INIT', () => {
    const EXT = 1 << 30;
    const SETXATTR_EXT = 1 << 29;
    const READDIRPLUS = 1 << 13;

    it('is answered with what both have, and told before the next request', () => {
      const events: string[] = [];
      const ran = run(
        {
          lookup: () => (events.push('lookup'), OK),
          readdirplus: () => OK,
        },
        [request(INIT, initBody(7, 45, EXT | READDIRPLUS, 1 << 5)), request(LOOKUP, name('a'), { unique: 4n })],
        { hooks: { onNegotiated: ({ passthrough }) => events.push(`passthrough ${String(passthrough)}`) } },
      );
      assert.deepEqual(events, ['passthrough true', 'lookup']);
      const { body } = ran.kernel.sent[0]!;
      assert.equal(body.length, 64);
      assert.equal(body.readUInt32LE(0), 7);
      assert.equal(body.readUInt32LE(4), 45);
      assert.equal(body.readUInt32LE(12), (EXT | READDIRPLUS) >>> 0);
      assert.equal(body.readUInt32LE(32), 1 << 5);
      assert.equal(ran.session.negotiated?.maxWrite, 131072);
    });

    it('does not promise READDIRPLUS without a handler for it: the kernel would not fall back', () => {
      const { kernel } = run({}, [request(INIT, initBody(7, 45, READDIRPLUS))]);
      assert.equal(kernel.sent[0]?.body.readUInt32LE(12), 0);
    });

    it('decides how SETXATTR is decoded', () => {
      const long = Buffer.concat([
        Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
        name('user.a'),
        Buffer.from('v'),
      ]);
      const seen: number[] = [];
      const operations: Handlers = { setxattr: (_, __, arg) => (seen.push(arg.setxattrFlags), OK) };
      run(operations, [request(INIT, initBody(7, 45, SETXATTR_EXT)), request(SETXATTR, long, { unique: 4n })]);
      assert.deepEqual(seen, [1]);
    });

    it('is refused, and the session over, when the kernel is too old; asked again when it is too new', () => {
      const old = run({}, [request(INIT, initBody(7, 12, 0).subarray(0, 16))]);
      assert.equal(old.ending.reason, 'refused');
      assert.equal(old.kernel.sent[0]?.error, EIO);
      const future = run({}, [request(INIT, initBody(8, 0, 0)), request(INIT, initBody(7, 45, 0), { unique: 4n })]);
      assert.deepEqual(
        future.kernel.sent.map(({ body }) => body.readUInt32LE(0)),
        [7, 7],
      );
      assert.deepEqual(future.ending, { reason: 'unmounted' });
    });

    it('is not awaited by a session that takes a connection over', () => {
      const before = run({}, [request(INIT, initBody(7, 45, SETXATTR_EXT))]).session.negotiated;
      const long = Buffer.concat([
        Buffer.from([1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]),
        name('user.a'),
        Buffer.from('v'),
      ]);
      const resent = 0x8000_0000_0000_0006n;
      const { kernel } = run(
        { setxattr: (_, __, arg) => (assert.equal(arg.setxattrFlags, 1), OK) },
        [request(SETXATTR, long, { unique: resent })],
        {
          negotiated: before!,
        },
      );
      assert.deepEqual(kernel.sent, [{ error: 0, unique: resent, body: Buffer.alloc(0) }]);
    });
  });

  describe('between requests', () => {
    it('lets idle work go on while nothing waits, and only then', () => {
      let todo = 3;
      const order: string[] = [];
      const hooks = {
        idle() {
          order.push('idle');
          return --todo > 0;
        },
      };
      const ran = run(
        { lookup: () => (order.push('lookup'), OK) },
        [
          request(LOOKUP, name('a')),
          request(LOOKUP, name('a')),
          NOTHING,
          NOTHING,
          NOTHING,
          NOTHING,
          request(LOOKUP, name('a')),
        ],
        { hooks },
      );
      assert.deepEqual(order, ['lookup', 'lookup', 'idle', 'idle', 'idle', 'lookup']);
      assert.deepEqual(ran.kernel.slept, [undefined, undefined]);
    });

    it('sleeps until the deadline, keeps it, and asks for the next', () => {
      let deadline: number | undefined = performance.now() + 5;
      const kernel = new FakeKernel(NOTHING, NOTHING, NOTHING, NOTHING);
      const slept: number[] = [];
      kernel.sleep = (ms) => {
        if (ms === undefined) return true;
        slept.push(ms);
        const until = performance.now() + ms;
        while (performance.now() < until);
        return false;
      };
      let kept = 0;
      const hooks = {
        nextDeadline: () => deadline,
        onDeadline() {
          kept++;
          deadline = undefined;
        },
      };
      new Session({ channel: kernel, context: null, operations: {}, spin: 0, hooks }).run();
      assert.equal(kept, 1);
      assert.equal(slept.length, 1);
      assert.ok(slept[0]! > 0 && slept[0]! <= 5);
    });

    it('hears the eventfd and keeps deadlines under load, too', () => {
      const script: Step[] = [];
      for (let i = 0; i < 100; i++) script.push(request(LOOKUP, name('a')));
      const kernel = new FakeKernel(...script);
      kernel.wake = true;
      const at: string[] = [];
      const hooks = {
        onWake: () => at.push(`wake ${String(kernel.sent.length)}`),
        nextDeadline: () => (at.length < 2 ? 0 : undefined),
        onDeadline: () => at.push(`deadline ${String(kernel.sent.length)}`),
      };
      new Session({ channel: kernel, context: null, operations: { lookup: () => OK }, hooks }).run();
      assert.deepEqual(at, ['wake 16', 'deadline 16']);
    });

    it('answers the request that ends a sleep before it looks at anything else, and keeps deadlines all the same', () => {
      const script: Step[] = [];
      for (let i = 0; i < 40; i++) script.push(NOTHING, request(LOOKUP, name('a')));
      const kernel = new FakeKernel(...script);
      let looks = 0;
      kernel.woken = () => (looks++, false);
      let kept = 0;
      const hooks = { nextDeadline: () => (kept === 0 ? 0 : undefined), onDeadline: () => kept++ };
      new Session({ channel: kernel, context: null, operations: { lookup: () => OK }, spin: 0, hooks }).run();
      assert.equal(kernel.slept.length, 40);
      assert.equal(kept, 1);
      assert.ok(looks < 10, `${String(looks)} looks at the eventfd`);
    });

    it('survives hooks that throw', () => {
      const boom = (): never => {
        throw new Error('hook');
      };
      const kernel: FakeKernel = new FakeKernel(
        request(INIT, initBody(7, 45, 0)),
        NOTHING,
        NOTHING,
        () => (kernel.wake = true),
        NOTHING,
        NOTHING,
        request(LOOKUP, name('a')),
      );
      let bugs = 0;
      const hooks = { onNegotiated: boom, onWake: boom, idle: boom, nextDeadline: boom, onBug: () => bugs++ };
      new Session({ channel: kernel, context: null, operations: { lookup: () => OK }, spin: 0, hooks }).run();
      assert.equal(kernel.sent.length, 2);
      assert.ok(bugs >= 4);
    });

    it('tells when requests come one upon the other, and when they have ceased', () => {
      const many = Array.from({ length: 100 }, () => request(LOOKUP, name('a')));
      const told: string[] = [];
      const kernel: FakeKernel = new FakeKernel(...many, NOTHING, request(LOOKUP, name('a')), NOTHING, ...many);
      const hooks = { onStream: (on: boolean) => told.push(`${on ? 'on' : 'off'} ${String(kernel.sent.length)}`) };
      new Session({ channel: kernel, context: null, operations: { lookup: () => OK }, spin: 0, hooks }).run();
      assert.deepEqual(told, ['on 64', 'off 100', 'on 165', 'off 201']);
    });

    it('looks for the next request for a while before sleeping, where that is allowed', () => {
      const many = Array.from({ length: 50 }, () => EAGAIN);
      const script = [request(LOOKUP, name('a')), ...many];
      const eager = run({ lookup: () => OK }, script, { spin: 10_000 });
      assert.equal(eager.kernel.slept.length, 0);
      const patient = run({ lookup: () => OK }, [request(LOOKUP, name('a')), ...many], { spin: 0 });
      assert.equal(patient.kernel.slept.length, 50);
    });
  });

  it('counts requests by operation, with errors and latencies', () => {
    const memory = newCounterMemory();
    let n = 0;
    run(
      { lookup: () => (n++ === 0 ? OK : ENOENT), forget: () => NO_REPLY },
      [request(LOOKUP, name('a')), request(LOOKUP, name('b')), request(FORGET, Buffer.alloc(8))],
      {
        counters: memory,
      },
    );
    const { operations, session } = readCounters(memory);
    assert.deepEqual(Object.keys(operations), ['lookup', 'forget']);
    assert.equal(operations.lookup?.count, 2);
    assert.equal(operations.lookup.errors, 1);
    assert.equal(operations.forget?.errors, 0);
    assert.equal(
      operations.lookup.histogram.reduce((sum, count) => sum + count),
      2,
    );
    assert.ok(operations.lookup.totalMs > 0);
    assert.equal(session.bugs, 0);
    assert.doesNotThrow(() => JSON.stringify({ operations, session }));
  });
});
