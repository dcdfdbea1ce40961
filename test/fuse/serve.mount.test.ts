// A session against the real kernel: what cannot be learnt from a scripted one.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { lstat, open, readFile, readlink, stat } from 'node:fs/promises';
import { fromText } from '../../src/bytes.ts';
import { EBUSY, ENOENT } from '../../src/errno.ts';
import { abortConnection, connectionOf, serve } from '../../src/fuse/index.ts';
import type { Counts, ServeOptions, Serving } from '../../src/fuse/index.ts';
import { cut, eventually, isMounted, needsFuse, place, sh } from './mounted.ts';

const filesystem = new URL('./probe-fs.js', import.meta.url);

describe('fuse/serve', () => {
  needsFuse();
  let serving: Serving;
  afterEach(async () => {
    cut(here.mountpoint);
    await serving.ended;
  });
  const here = place();

  async function start(options: ServeOptions = {}): Promise<void> {
    const result = await serve(here.mountpoint, filesystem, options);
    assert.ok(!('reason' in result), JSON.stringify(result));
    serving = result;
  }

  const at = (name: string): string => `${here.mountpoint}/${name}`;
  /** Has the filesystem do something; true when it answered as it should. */
  const tell = async (command: string): Promise<void> => {
    await assert.rejects(stat(at(command)), { code: 'ENOENT' });
  };
  /** Waits for that many requests to be counted, which is done after the reply; then it must not be more. */
  const counted = async (op: keyof Counts['operations'], expected: number): Promise<void> => {
    const count = (): number => serving.counts().operations[op]?.count ?? 0;
    await eventually(`${String(expected)} ${op}, not ${String(count())}`, () => count() >= expected);
    assert.equal(count(), expected);
  };
  const waits = (): boolean => serving.counts().session.waiting === 1;

  it('negotiates what this kernel offers', async () => {
    await start();
    const { flags, maxPages, maxWrite, minor } = serving.negotiated;
    assert.ok(minor >= 31);
    assert.ok(flags.includes('FUSE_POSIX_ACL') && flags.includes('FUSE_HANDLE_KILLPRIV_V2'), flags.join());
    assert.equal(maxPages, 256);
    assert.equal(maxWrite, 1 << 20);
  });

  it('reads and writes in requests of a megabyte, at offsets beyond 4 GiB', async () => {
    await start();
    const file = await open(at('big'), 'r+');
    const direct = await sh('dd if="$1" bs=4M count=4 skip=1500 iflag=direct status=none | tr -d 6 | wc -c', at('big'));
    assert.equal(direct.stdout.trim(), '0');
    await counted('read', 16);
    const { bytesWritten } = await file.write(Buffer.alloc(4 << 20, 0x77), 0, 4 << 20, 5 * 2 ** 30);
    assert.equal(bytesWritten, 4 << 20);
    await counted('write', 4);
    await file.close();
  });

  it('is asked once about what may be cached, and again about a name that was expired', async () => {
    await start();
    await stat(at('file'));
    await stat(at('file'));
    await counted('lookup', 1);
    await tell('do-expire');
    await serving.notified();
    await stat(at('file'));
    await counted('lookup', 3);
  });

  it('is asked again about all names after an epoch, where the kernel has them', async () => {
    await start();
    await stat(at('file'));
    await stat(at('dir'));
    await tell('do-epoch');
    await stat(at('file'));
    await stat(at('dir'));
    if (serving.negotiated.minor >= 44) await counted('lookup', 5);
  });

  it('has a cached symlink read again after its inode was invalidated', async () => {
    await start();
    assert.equal(await readlink(at('link')), 'old');
    assert.equal(await readlink(at('link')), 'old');
    await counted('readlink', 1);
    await tell('do-relink');
    await serving.notified();
    assert.equal(await readlink(at('link')), 'new');
  });

  it('goes on serving while the kernel cannot take a notification yet: the directory is locked by a request that waits', async () => {
    await start();
    const creating = assert.rejects(open(at('dir/new'), 'w'), { code: 'ENOENT' });
    await eventually('the create waits', waits);
    await tell('do-expire-in-dir');
    let notified = false;
    const notifying = serving.notified().then(() => (notified = true));
    await lstat(at('file'));
    await lstat(at('link'));
    assert.equal(notified, false);
    await tell('do-fail');
    await creating;
    await notifying;
  });

  it('answers a request later, after others', async () => {
    await start();
    const reading = readFile(at('slow'), 'latin1');
    await eventually('the open waits', waits);
    assert.equal(await readFile(at('file'), 'latin1'), '22222');
    await tell('do-retry');
    assert.equal(await reading, '5555');
    assert.equal(serving.counts().operations.open?.deferred, 1);
  });

  it('learns that a caller has given up', async () => {
    await start();
    const child = spawn('cat', [at('slow')], { stdio: 'ignore' });
    await eventually('the open waits', waits);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await eventually('the interrupt', () => serving.counts().session.interrupts === 1);
    await counted('open', 1);
    assert.equal(serving.counts().operations.open?.errors, 1);
  });

  it('answers EIO for a handler that throws, tells once, and lives', async () => {
    const bugs: unknown[] = [];
    await start({ onBug: (what, request) => bugs.push([what.split('\n')[0], request?.operation]) });
    await assert.rejects(stat(at('do-throw')), { code: 'EIO' });
    await stat(at('file'));
    assert.deepEqual(bugs, [['Error: told to', 'lookup']]);
  });

  it('leaves no dead mount behind when its thread dies', async () => {
    await start();
    await assert.rejects(stat(at('do-exit')));
    const ending = await serving.ended;
    assert.equal(ending.reason, 'crashed');
    assert.equal(isMounted(here.mountpoint), false);
  });

  it('ends with a reason when it stops by itself', async () => {
    await start();
    await tell('do-stop');
    assert.deepEqual(await serving.ended, { reason: 'stopped' });
    assert.equal(isMounted(here.mountpoint), false);
  });

  it('refuses to unmount what is in use, unless lazily', async () => {
    await start();
    const file = await open(at('file'));
    assert.equal(serving.unmount(), EBUSY);
    assert.equal(serving.unmount(true), 0);
    assert.equal(isMounted(here.mountpoint), false);
    assert.equal((await file.readFile()).length, 5);
    await file.close();
    assert.deepEqual(await serving.ended, { reason: 'unmounted' });
  });

  it('can be aborted, with requests waiting', async () => {
    await start();
    const control = '/sys/fs/fuse/connections';
    const mine = readdirSync(control).length === 0;
    if (mine) await sh('mount -t fusectl none "$1"', control);
    try {
      const reading = assert.rejects(readFile(at('slow')));
      await eventually('the open waits', waits);
      const connection = connectionOf(fromText(here.mountpoint));
      assert.ok(connection > 0);
      assert.equal(abortConnection(connection), 0);
      await reading;
      assert.deepEqual(await serving.ended, { reason: 'aborted' });
      assert.equal(isMounted(here.mountpoint), false);
      assert.equal(abortConnection(connection), ENOENT);
    } finally {
      if (mine) await sh('umount "$1"', control);
    }
  });

  it('finds its connection on odd mountpoints, and none where nothing is mounted', async () => {
    assert.equal(connectionOf(fromText(here.dir)), ENOENT);
    here.mountpoint = `${here.dir}/a b\\c\td`;
    await sh('mkdir "$1"', here.mountpoint);
    await start();
    assert.ok(connectionOf(fromText(here.mountpoint)) > 0);
    serving.unmount(true);
    await serving.ended;
    assert.equal(connectionOf(fromText(here.mountpoint)), ENOENT);
  });

  it('closes what it opened', async () => {
    const descriptors = (): number => readdirSync('/proc/self/fd').length;
    await start();
    serving.unmount();
    await serving.ended;
    const before = descriptors();
    for (let i = 0; i < 5; i++) {
      await start();
      serving.unmount();
      await serving.ended;
    }
    assert.equal(descriptors(), before);
  });

  it('rejects a module that cannot be loaded, before anything is mounted', async () => {
    await start();
    const other = new URL('./none.js', import.meta.url);
    await assert.rejects(serve(here.dir, other), /none\.js/);
    assert.equal(isMounted(here.dir), false);
  });
});
