// Guards against a start that waits for ever for a thread that has ended before it was asked for anything.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { SessionData } from '../../src/daemon/session-messages.ts';
import { StartError } from '../../src/daemon/start-error.ts';
import { loadThreads } from '../../src/daemon/threads.ts';

describe('daemon/threads', function () {
  this.timeout(20_000);

  it('are loaded without knowing what for, and one that has ended says so when it is asked', async () => {
    const threads = loadThreads();
    const notifier = await threads.notifier;
    assert(!(notifier instanceof StartError));
    const gone = threads.link.next('ended');
    await threads.close();
    await gone;
    const { kind } = await threads.link.prepare({} as SessionData);
    assert.equal(kind, 'ended');
  });

  it('that throw say why, then and later', async () => {
    const threads = loadThreads();
    const warned = once(process, 'warning') as Promise<[Error]>;
    const gone = threads.link.next('ended');
    // Without a configuration the thread cannot go on.
    const answer = await threads.link.prepare({} as SessionData);
    assert(answer.kind === 'failed');
    assert.match(answer.reason, /^session thread: TypeError/);
    assert.equal((await warned)[0].message, answer.reason);
    await gone;
    assert.deepEqual(await threads.link.prepare({} as SessionData), answer);
    await threads.close();
  });
});
