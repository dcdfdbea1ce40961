import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asBytes } from '../../src/bytes.ts';
import { EAGAIN, EBADF, EINVAL, EPERM } from '../../src/errno.ts';
import { O_RDONLY, close, openat } from '../../src/sys/open.ts';
import {
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  PR_GET_DUMPABLE,
  PR_SET_DUMPABLE,
  descriptorLimit,
  flock,
  getgid,
  gettid,
  getuid,
  kill,
  mlockall,
  prctl,
  setDescriptorLimit,
  setpgid,
  setsid,
} from '../../src/sys/process.ts';
import { currentUmask, fails, got, makeFile, ok, place } from './place.ts';
import { inThread } from './thread.ts';

const ESRCH = -3;

describe('sys/process', () => {
  const here = place();
  const scenario = (name: string) =>
    async function (this: Mocha.Context) {
      const before = [process.cwd(), currentUmask()];
      const answer = await inThread('./process-thread.js', name, here.dir);
      assert.deepEqual([process.cwd(), currentUmask()], before, 'another thread was changed too');
      if (answer === 'skip') this.skip();
    };

  it('names descriptors below proc without passing through the root directory', scenario('proc'));
  it('changes directory and umask of one thread', scenario('directories'));
  it('enters namespaces with one thread, and says that a user namespace takes a process', scenario('namespaces'));
  it('drops capabilities of one thread', scenario('capabilities'));
  it('controls what prctl controls', scenario('controls'));

  for (const thread of ['main', 'thread']) {
    it(`becomes a program from the ${thread}, with bytes as arguments, no signal blocked or ignored`, () => {
      const file = fileURLToPath(new URL('./exec-process.js', import.meta.url));
      const out = execFileSync(process.execPath, [file, thread], { encoding: 'latin1', env: { HOME: '/home' } });
      const [first, ...lines] = out.split('\n');
      assert.match(first!, new RegExp(`^${thread === 'main' ? '0' : '1'} ENOENT true (true|EPERM|ENOMEM)$`));
      assert.deepEqual(lines.slice(0, 6), ['zero', '\xff\xfe', 'two words', '', '\x80\xc3\xa9', '[]']);
      assert.match(lines[6]!, /^SigBlk:\s0+$/);
      assert.match(lines[7]!, /^SigIgn:\s0+$/);
    });
  }

  it('reads and sets the limit of descriptors', () => {
    const limit = got(descriptorLimit());
    const [, soft, hard] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))!;
    assert.deepEqual([String(limit.soft), String(limit.hard)], [soft, hard]);
    ok(setDescriptorLimit({ soft: limit.soft - 1, hard: limit.hard }));
    assert.deepEqual(descriptorLimit(), { soft: limit.soft - 1, hard: limit.hard });
    ok(setDescriptorLimit(limit));
    fails(setDescriptorLimit({ soft: limit.hard + 1, hard: limit.hard }), EINVAL);
    fails(setDescriptorLimit({ soft: limit.soft, hard: Infinity }), EPERM);
    assert.deepEqual(descriptorLimit(), limit);
  });

  it('locks files between open files', () => {
    makeFile(here.fd, asBytes('f'));
    const one = ok(openat(here.fd, asBytes('f'), O_RDONLY));
    const two = ok(openat(here.fd, asBytes('f'), O_RDONLY));
    ok(flock(one, LOCK_SH));
    ok(flock(two, LOCK_SH | LOCK_NB));
    fails(flock(one, LOCK_EX | LOCK_NB), EAGAIN);
    ok(flock(two, LOCK_UN));
    ok(flock(one, LOCK_EX | LOCK_NB));
    fails(flock(two, LOCK_SH | LOCK_NB), EAGAIN);
    ok(close(one));
    ok(flock(two, LOCK_EX | LOCK_NB));
    ok(close(two));
    fails(flock(9999, LOCK_EX), EBADF);
  });

  it('asks whether a process is there', () => {
    assert.equal(kill(process.pid, 0), 0);
    fails(kill(2 ** 30, 0), ESRCH);
    fails(kill(process.pid, 999), EINVAL);
  });

  it('knows who we are', () => {
    assert.deepEqual([getuid(), getgid(), gettid()], [process.getuid?.(), process.getgid?.(), process.pid]);
  });

  it('returns errnos of calls about the process', () => {
    fails(mlockall(1 << 20), EINVAL);
    fails(setpgid(2 ** 30, 0), ESRCH);
    if (setpgid(0, 0) === 0) fails(setsid(), EPERM);
    const dumpable = ok(prctl(PR_GET_DUMPABLE, 0));
    ok(prctl(PR_SET_DUMPABLE, dumpable));
    fails(prctl(PR_SET_DUMPABLE, 99), EINVAL);
  });
});
