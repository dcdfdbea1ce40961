// A session thread as copy-pool.test.ts needs one: from its start to its end it never gives its event loop a turn.

import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { O_DIRECTORY, O_RDONLY, close, openat } from '../../src/sys/open.ts';
import { got, makeFile, ok } from '../sys/place.ts';
import { serve } from '../sys/thread.ts';
import { openSource } from './copying.ts';
import { PoolUnderTest } from './pool.ts';

serve({
  session: (dir) => {
    const fd = ok(openat(AT_FDCWD, asBytes(dir), O_RDONLY | O_DIRECTORY));
    makeFile(fd, asBytes('f'), 'content');
    const under = new PoolUnderTest(fd, 2);
    // A callback that submits the next task, as a session does when an answer lets a waiting request go on.
    let rounds = 0;
    const next = (): void => {
      const sourceFd = openSource(fd, asBytes('f'));
      const stageName = under.stage.name();
      const lane = rounds % 2 === 0 ? 'capture' : 'io';
      under.pool.submit(lane, { kind: 'copy', sourceFd, stageName, data: true }, (result) => {
        assert.equal(got(result).bytes, 7);
        if (++rounds < 100) next();
      });
    };
    next();
    under.drainUntil(() => rounds === 100);
    under.close();
    ok(close(fd));
    return 'done';
  },
});
