import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { asBytes } from '../../src/bytes.ts';
import { EBADF, EEXIST, EIO, EISDIR, ENOTDIR, errnoName } from '../../src/errno.ts';
import type { Copied } from '../../src/copy/exact-copy.ts';
import { startCopyPool } from '../../src/copy/copy-pool.ts';
import { CopyThreads } from '../../src/copy/copy-threads.ts';
import { presumedFeatures } from '../../src/copy/features.ts';
import type { Task } from '../../src/copy/tasks.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { O_PATH, O_RDONLY, O_RDWR, close, openFollow, openat } from '../../src/sys/open.ts';
import { fails, got, makeFile, ok, place } from '../sys/place.ts';
import { inThread } from '../sys/thread.ts';
import { openSource } from './copying.ts';
import { PoolUnderTest } from './pool.ts';

const MIB = 1 << 20;

describe('copy/copy-pool', function () {
  this.timeout(60_000);
  let under: PoolUnderTest | undefined;
  // Before place's own, which looks for descriptors left open: sources that tasks own among them.
  afterEach(async () => {
    under?.close();
    under = undefined;
    // A thread's own descriptors go with it, a moment after it has said that it ends.
    while (readdirSync('/proc/self/task').length > threads) await setTimeout(5);
  });
  let threads = 0;
  beforeEach(() => (threads = readdirSync('/proc/self/task').length));
  const here = place();
  const start = (ioThreads = 1): PoolUnderTest => (under = new PoolUnderTest(here.fd, ioThreads));
  const staged = (): string[] => readdirSync(`${here.dir}/stage`).sort();

  /** Submits and waits: the result. */
  function run(pool: PoolUnderTest, task: Task): unknown {
    let result: unknown;
    pool.pool.submit('io', task, (answer) => (result = answer));
    pool.drainUntil(() => result !== undefined);
    return result;
  }

  it('copies in groups, closes every source, answers each task once, in any kind', () => {
    const pool = start();
    const answers = new Map<string, Copied | number>();
    const submit = (name: string, sourceFd: number, stageName = asBytes(name)): void =>
      pool.pool.submit('capture', { kind: 'copy', sourceFd, stageName, data: true }, (result) => {
        assert.ok(!answers.has(name));
        answers.set(name, result);
      });
    for (let i = 0; i < 300; i++) {
      makeFile(here.fd, asBytes(`f${String(i)}`), Buffer.alloc(i * 100, i));
      submit(`s${String(i)}`, openSource(here.fd, asBytes(`f${String(i)}`)));
    }
    submit('directory', ok(openat(here.fd, asBytes('.'), O_PATH)));
    // What cannot be copied is answered among the others: a file that may not be read through its descriptor.
    submit('unreadable', ok(openat(here.fd, asBytes('f7'), O_PATH)));
    submit('taken', openSource(here.fd, asBytes('f1')), asBytes('s0'));
    assert.equal(pool.pool.pending('capture'), 303);
    pool.drainUntil(() => pool.pool.pending('capture') === 0);
    assert.equal(pool.pool.answered, false);
    for (let i = 1; i < 300; i++) {
      assert.deepEqual(answers.get(`s${String(i)}`), { bytes: i * 100, degraded: [] });
      assert.ok(readFileSync(`${here.dir}/stage/s${String(i)}`).equals(Buffer.alloc(i * 100, i)));
    }
    assert.deepEqual(answers.get('directory'), { bytes: 0, degraded: [] });
    fails(answers.get('unreadable'), EBADF);
    fails(answers.get('taken'), EEXIST);
    assert.equal(staged().length, 301);
    assert.deepEqual(pool.bugs, []);
  });

  it('copies up at once, durable or not, with data or without', () => {
    const pool = start();
    makeFile(here.fd, asBytes('f'), 'content');
    for (const durable of [true, false]) {
      for (const data of [true, false]) {
        const stageName = asBytes(`${durable}-${data}`);
        const sourceFd = openSource(here.fd, asBytes('f'));
        assert.equal(
          got(run(pool, { kind: 'copyUp', sourceFd, stageName, data, durable }) as Copied).bytes,
          data ? 7 : 0,
        );
        assert.equal(readFileSync(`${here.dir}/stage/${stageName}`, 'utf8'), data ? 'content' : '');
      }
    }
  });

  it('answers reads: whole, at the end, beyond it, bigger than usual, failing', () => {
    const pool = start();
    const content = Buffer.from(Array.from({ length: 3 * MIB }, (_, i) => (i * 7) % 251));
    makeFile(here.fd, asBytes('f'), content);
    const fd = ok(openat(here.fd, asBytes('f'), O_RDONLY));
    const unique = { uniqueLo: -5, uniqueHi: 0x4000_0001 };
    const read = (offset: number, length: number): unknown =>
      run(pool, { kind: 'readReply', fd, offset, length, ...unique });
    assert.equal(read(4096, 100), 100);
    assert.equal(read(content.length - 10, 4096), 10);
    assert.equal(read(content.length + 10, 4096), 0);
    assert.equal(read(1, 2 * MIB), 2 * MIB);
    const directory = ok(openat(here.fd, asBytes('.'), O_RDONLY));
    fails(run(pool, { kind: 'readReply', fd: directory, offset: 0, length: 10, uniqueLo: 1, uniqueHi: 2 }), EISDIR);
    const replies = pool.replies();
    assert.deepEqual(
      replies.map(({ error, uniqueLo, uniqueHi, body }) => [errnoName(error), uniqueLo, uniqueHi, body.length]),
      [
        ['errno 0', -5, 0x4000_0001, 100],
        ['errno 0', -5, 0x4000_0001, 10],
        ['errno 0', -5, 0x4000_0001, 0],
        ['errno 0', -5, 0x4000_0001, 2 * MIB],
        ['EISDIR', 1, 2, 0],
      ],
    );
    assert.ok(replies[0]?.body.equals(content.subarray(4096, 4196)));
    assert.ok(replies[3]?.body.equals(content.subarray(1, 1 + 2 * MIB)));
    for (const open of [fd, directory]) ok(close(open));
  });

  it('reads on where the kernel gives less than was asked for before the end', function () {
    const path = '/proc/kallsyms';
    const length = 100_000;
    if (!existsSync(path)) this.skip();
    const pool = start();
    const fd = ok(openFollow(AT_FDCWD, asBytes(path), O_RDONLY));
    const content = readFileSync(path).subarray(0, length);
    const n = run(pool, { kind: 'readReply', fd, offset: 0, length, uniqueLo: 1, uniqueHi: 0 });
    assert.equal(n, content.length);
    assert.ok(pool.replies()[0]?.body.equals(content));
    ok(close(fd));
  });

  it('answers writes with bytes that were copied when they were submitted, and syncs', () => {
    const pool = start();
    makeFile(here.fd, asBytes('f'), 'xxxxxxxxxx');
    const fd = ok(openat(here.fd, asBytes('f'), O_RDWR));
    // Memory of its own: the pool that small Buffers share can't be handed over to another thread.
    const frame = Buffer.allocUnsafeSlow(9);
    frame.write('..hello..');
    let written: number | undefined;
    const task = { kind: 'writeReply', fd, offset: 3, data: frame.subarray(2, 7), uniqueLo: 9, uniqueHi: 0 } as const;
    pool.pool.submit('io', task, (n) => (written = n));
    frame.fill('!');
    pool.drainUntil(() => written !== undefined);
    assert.equal(written, 5);
    assert.equal(frame.length, 9, 'the caller keeps its buffer');
    assert.equal(readFileSync(`${here.dir}/f`, 'utf8'), 'xxxhelloxx');
    for (const how of ['fsync', 'fdatasync', 'syncfs'] as const) {
      assert.equal(run(pool, { kind: 'syncReply', fd, how, uniqueLo: 10, uniqueHi: 0 }), 0);
      assert.equal(run(pool, { kind: 'sync', fd, how }), 0);
    }
    const path = ok(openat(here.fd, asBytes('f'), O_PATH));
    fails(run(pool, { kind: 'sync', fd: path, how: 'fsync' }), EBADF);
    const readOnly = ok(openat(here.fd, asBytes('f'), O_RDONLY));
    fails(run(pool, { ...task, fd: readOnly }), EBADF);
    assert.deepEqual(
      pool.replies().map(({ error, uniqueLo, body }) => [error, uniqueLo, body.toString('hex')]),
      [
        [0, 9, '0500000000000000'],
        [0, 10, ''],
        [0, 10, ''],
        [0, 10, ''],
        [EBADF, 9, ''],
      ],
    );
    for (const open of [fd, path, readOnly]) ok(close(open));
  });

  for (const ioThreads of [1, 2]) {
    it(`serves reads while a big copy-up is going on (io threads: ${ioThreads})`, () => {
      const pool = start(ioThreads);
      writeFileSync(`${here.dir}/big`, Buffer.alloc(200 * MIB, 'b'));
      makeFile(here.fd, asBytes('f'), 'content');
      const fd = ok(openat(here.fd, asBytes('f'), O_RDONLY));
      const order: string[] = [];
      const copyUp = { kind: 'copyUp', data: true, durable: true } as const;
      for (const name of ['big1', 'big2']) {
        const sourceFd = openSource(here.fd, asBytes('big'));
        pool.pool.submit('io', { ...copyUp, sourceFd, stageName: asBytes(name) }, (result) => {
          assert.equal(got(result).bytes, 200 * MIB);
          order.push(name);
        });
      }
      const reads = 50;
      for (let i = 0; i < reads; i++) {
        const read = { kind: 'readReply', fd, offset: 0, length: 7, uniqueLo: i, uniqueHi: 0 } as const;
        pool.pool.submit('io', read, () => order.push('read'));
      }
      pool.drainUntil(() => pool.pool.pending('io') === 0);
      assert.deepEqual(order.slice(0, reads), Array<string>(reads).fill('read'));
      assert.deepEqual(order.slice(reads), ['big1', 'big2']);
      ok(close(fd));
    });
  }

  it('answers an exception with EIO, tells of it, and goes on', () => {
    const pool = start();
    makeFile(here.fd, asBytes('f'), 'content');
    const fd = ok(openat(here.fd, asBytes('f'), O_RDONLY));
    const broken = { kind: 'readReply', fd: 'x' as never, offset: 0, length: 1, uniqueLo: 3, uniqueHi: 4 } as const;
    fails(run(pool, broken), EIO);
    assert.equal(pool.bugs.length, 1);
    const [reply] = pool.replies();
    assert.deepEqual([reply?.error, reply?.uniqueLo, reply?.uniqueHi], [EIO, 3, 4]);
    const lost = { kind: 'copy', sourceFd: fd, stageName: asBytes('x'), data: true } as const;
    fails(run(pool, { ...lost, stageName: 7 as never }), EIO);
    assert.equal(pool.bugs.length, 2);
    makeFile(here.fd, asBytes('g'), 'content');
    assert.equal(got(run(pool, { ...lost, sourceFd: openSource(here.fd, asBytes('g')) }) as Copied).bytes, 7);
  });

  it('copies on while another task throws, of which even the error cannot be told, and answers both', () => {
    const pool = start();
    makeFile(here.fd, asBytes('f'), Buffer.alloc(64 * MIB, 1));
    const results: unknown[] = [];
    const copy = (name: string): void => {
      const sourceFd = openSource(here.fd, asBytes('f'));
      pool.pool.submit('capture', { kind: 'copy', sourceFd, stageName: asBytes(name), data: true }, (result) =>
        results.push(typeof result === 'number' ? result : result.bytes),
      );
    };
    copy('first');
    // Queued behind it while it is staged; even its reply cannot be written.
    const broken = {
      kind: 'readReply',
      fd: -1,
      offset: 'x' as never,
      length: 1,
      uniqueLo: 4n as never,
      uniqueHi: 4,
    } as const;
    pool.pool.submit('capture', broken, (result) => results.push(result));
    pool.drainUntil(() => results.length === 2);
    assert.deepEqual(results, [EIO, 64 * MIB]);
    copy('second');
    pool.drainUntil(() => results.length === 3);
    assert.equal(results[2], 64 * MIB);
    assert.equal(pool.bugs.length, 1);
  });

  it('finishes what it was given before it closes, and answers it', () => {
    const pool = start();
    let answers = 0;
    for (let i = 0; i < 200; i++) {
      makeFile(here.fd, asBytes(`f${String(i)}`), 'content');
      const sourceFd = openSource(here.fd, asBytes(`f${String(i)}`));
      const lane = i % 2 === 0 ? 'capture' : 'io';
      pool.pool.submit(
        lane,
        { kind: 'copy', sourceFd, stageName: asBytes(`s${String(i)}`), data: true },
        () => answers++,
      );
    }
    pool.close();
    under = undefined;
    assert.equal(answers, 200);
    assert.equal(staged().length, 200);
  });

  it('is not made when its threads cannot start', () => {
    const threads = () => new CopyThreads((stack: string) => assert.fail(stack));
    const ground = { wakeFd: -1, procFd: -1, fuseFd: -1, stageDirFd: -1, features: presumedFeatures(0, 0) };
    const pool = startCopyPool(threads(), ground);
    assert.equal(typeof pool, 'number');
    makeFile(here.fd, asBytes('f'));
    const file = ok(openat(here.fd, asBytes('f'), O_RDONLY));
    fails(startCopyPool(threads(), { ...ground, procFd: file }), ENOTDIR);
    ok(close(file));
  });

  it('is ready at once when its threads are loaded, and tells of them that they are', async () => {
    const loading = new CopyThreads((stack: string) => assert.fail(stack), 1);
    loading.add('remote', 1);
    await loading.loaded();
    const procFd = ok(openat(AT_FDCWD, asBytes('/proc'), O_RDONLY));
    const ground = { wakeFd: -1, procFd, fuseFd: -1, stageDirFd: -1, features: presumedFeatures(0, 0) };
    const pool = startCopyPool(loading, ground);
    assert.ok(typeof pool !== 'number');
    assert.equal(pool.threads, 4);
    assert.ok(pool.close());
    ok(close(procFd));
  });

  it('works for a thread whose event loop never runs', async () => {
    assert.equal(await inThread('../copy/blocked-thread.js', 'session', here.dir), 'done');
  });
});
