import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { EBADF } from '../../src/errno.ts';
import { SyncPolicy, commit, startWriteback } from '../../src/copy/group-commit.ts';
import { O_CREAT, O_DIRECTORY, O_RDONLY, O_RDWR, close, openat } from '../../src/sys/open.ts';
import { ok, place } from '../sys/place.ts';

describe('copy/group-commit', () => {
  const here = place();

  it('syncs one file by itself, many at once', () => {
    const policy = new SyncPolicy();
    assert.equal(policy.choose(1), 'each');
    assert.equal(policy.choose(2), 'whole');
    assert.equal(policy.choose(64), 'whole');
  });

  it('stops syncing the whole filesystem while that costs more, and tries it again later', () => {
    const policy = new SyncPolicy();
    policy.learn('whole', 4, 2000);
    assert.equal(policy.choose(4), 'each');
    assert.equal(policy.choose(1000), 'whole', 'so many files are worth it');
    let groups = 0;
    for (; policy.choose(4) === 'each'; groups++) policy.learn('each', 4, 8);
    assert.ok(groups > 5 && groups < 50, String(groups));
  });

  for (const [name, cost] of [
    ['each', 10_000],
    ['whole', 0],
  ] as const) {
    it(`answers for every file (${name})`, () => {
      const policy = new SyncPolicy();
      policy.learn('whole', 1, cost);
      const stage = ok(openat(here.fd, asBytes('.'), O_RDONLY | O_DIRECTORY));
      const fds = ['a', 'b', 'c'].map((file) => ok(openat(here.fd, asBytes(file), O_RDWR | O_CREAT, 0o600)));
      fds.forEach(startWriteback);
      assert.equal(policy.choose(3), name);
      assert.deepEqual(commit(fds, stage, policy), [0, 0, 0]);
      ok(close(fds[1]!));
      policy.learn('whole', 1, cost);
      assert.deepEqual(commit(fds, stage, policy), [0, EBADF, 0]);
      // A stage that cannot be synced as a whole: each file is asked.
      assert.deepEqual(commit([fds[0]!, fds[2]!], -1, new SyncPolicy()), [0, 0]);
      assert.deepEqual(commit([], -1, policy), []);
      for (const fd of [fds[0]!, fds[2]!, stage]) ok(close(fd));
    });
  }
});
