import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { EINVAL } from '../../src/errno.ts';
import { OK } from '../../src/fuse/operation.ts';
import { Session } from '../../src/fuse/session.ts';
import { FakeKernel, name, request } from './fake-kernel.ts';

const LOOKUP = 1;
const lookup = request(LOOKUP, name('a'));

/** Session whose notifications go to `batches`, with the number of replies sent before each. */
function place(kernel: FakeKernel, handler: (session: Session<null>) => void) {
  const kept: Buffer[] = [];
  const batches: { after: number; frames: Buffer[] }[] = [];
  const session = new Session<null>({
    channel: kernel,
    context: null,
    operations: {
      lookup() {
        handler(session);
        return OK;
      },
    },
    notifier: {
      add: (frame) => kept.push(Buffer.from(frame)),
      flush: () => {
        if (kept.length > 0) batches.push({ after: kernel.sent.length, frames: kept.splice(0) });
      },
    },
  });
  return { session, batches };
}

describe('fuse/notify', () => {
  it('hands over what a handler notified once its request is answered, in order', () => {
    const kernel = new FakeKernel(lookup, lookup);
    const { session, batches } = place(kernel, ({ notify }) => {
      notify.expireEntry(7, asBytes('caf\xe9'));
      notify.invalEntry(7, asBytes('x'));
      notify.invalInode(9, -1, 0);
      notify.deleted(7, 9, asBytes('y'));
    });
    session.run();
    assert.deepEqual(
      batches.map(({ after, frames }) => [after, frames.length]),
      [
        [1, 4],
        [2, 4],
      ],
    );
    const none = '0000000000000000';
    const expected = [
      ['25000000', '03000000', none, '0700000000000000', '04000000', '01000000', '636166e900'],
      ['22000000', '03000000', none, '0700000000000000', '01000000', '00000000', '7800'],
      ['28000000', '02000000', none, '0900000000000000', 'ffffffffffffffff', none],
      ['2a000000', '06000000', none, '0700000000000000', '0900000000000000', '01000000', '00000000', '7900'],
    ];
    assert.deepEqual(
      batches[0]?.frames.map((frame) => frame.toString('hex')),
      expected.map((parts) => parts.join('')),
    );
  });

  it('is not confused by what it is asked to notify next', () => {
    const kernel = new FakeKernel(lookup);
    const { session, batches } = place(kernel, ({ notify }) => {
      notify.invalInode(1, 0, 0);
      notify.invalInode(2, 0, 0);
    });
    session.run();
    assert.deepEqual(
      batches[0]?.frames.map((frame) => frame.readUInt32LE(16)),
      [1, 2],
    );
  });

  it('sends at once, from the session itself, what takes no lock, and tells whether the kernel knows it', () => {
    const kernel = new FakeKernel(lookup);
    const results: number[] = [];
    const { session, batches } = place(kernel, ({ notify }) => {
      kernel.refusal = EINVAL;
      results.push(notify.incEpoch());
      kernel.refusal = undefined;
      results.push(notify.resend());
    });
    session.run();
    assert.deepEqual(results, [EINVAL, 16]);
    assert.deepEqual(
      kernel.sent.map(({ error, unique }) => [error, unique]),
      [
        [8, 0n],
        [7, 0n],
        [0, 2n],
      ],
    );
    assert.deepEqual(batches, []);
  });

  it('is a bug without a notifier', () => {
    const kernel = new FakeKernel(lookup);
    let bugs = 0;
    const session = new Session<null>({
      channel: kernel,
      context: null,
      operations: {
        lookup() {
          session.notify.expireEntry(1, asBytes('a'));
          return OK;
        },
      },
      hooks: { onBug: () => bugs++ },
    });
    session.run();
    assert.equal(bugs, 1);
  });
});
