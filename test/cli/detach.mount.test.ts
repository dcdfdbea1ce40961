// `rootsync detach` and `attach`: guards against a reference to disk that is left and keeps it from being unmounted, against another disk taken for
// the same, and against inode numbers that change.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { Status } from '../../src/control/protocol.ts';
import { needsMount, within } from '../mounted-root.ts';
import { LiveMount } from './live.ts';
import { start, type Ended } from './rootsync.ts';

const BIG = 3 << 20;

describe('cli/detach', function () {
  this.timeout(120_000);
  needsMount();
  let live: LiveMount;
  const sh = (script: string): void => {
    const { status, stderr } = spawnSync('bash', ['--norc', '-euc', script], { encoding: 'utf8', cwd: live.dir });
    assert.equal(status, 0, stderr);
  };
  /** Makes a filesystem in a file, with the same files each time. */
  const makeDisk = (image: string): void => {
    sh(`truncate -s 64M ${image}; mkfs.ext4 -qF ${image}; mkdir -p at; mount -o loop ${image} at
      mkdir -p at/etc at/var/cache at/only/deep
      echo used > at/etc/used; echo unused > at/etc/unused; echo cached > at/var/cache/cached
      ln -s used at/etc/link; echo deep > at/only/deep/file; head -c ${String(BIG)} /dev/urandom > at/etc/big; umount at`);
  };
  const mountDisk = (image: string): void => sh(`mount -o loop ${image} ${live.disk}`);
  const umountDisk = (): void => sh(`umount ${live.disk}`);
  const at = (path: string): string => join(live.mnt, path);
  const ino = (path: string): number => statSync(at(path)).ino;
  const ok = async (command: string, ...words: string[]): Promise<Ended> => {
    const ended = await live.ask(command, words);
    assert.equal(ended.status, 0, ended.stderr);
    return ended;
  };
  const status = async (): Promise<Status> => JSON.parse((await ok('status', '--json')).stdout) as Status;

  beforeEach(async () => {
    live = new LiveMount();
    makeDisk('image');
    mountDisk('image');
    await live.mount();
  });
  afterEach(async () => {
    await live[Symbol.asyncDispose]();
    spawnSync('umount', [live.disk]);
    rmSync(live.dir, { recursive: true, force: true });
  });

  it('lets disk be unmounted and taken back, with the inode numbers and the mode that there were', async () => {
    assert.equal(readFileSync(at('etc/used'), 'utf8'), 'used\n');
    await ok('mode', 'hold');
    const before = ['', 'etc', 'etc/used', 'only', 'only/deep/file'].map(ino);
    await ok('detach');
    assert.deepEqual([(await status()).detached, (await status()).mode], [true, 'rehearse']);
    umountDisk();
    assert.equal(readFileSync(at('etc/used'), 'utf8'), 'used\n');
    assert.deepEqual(['', 'etc', 'etc/used'].map(ino), before.slice(0, 3));
    assert.ok(!existsSync(at('etc/unused')));
    assert.ok(!existsSync(at('only/deep')));
    for (const words of [
      ['mode', 'capture'],
      ['detach'],
      ['add', '/etc/unused'],
      ['forget', '/etc/used'],
      ['rehearse', '--', 'true'],
    ]) {
      const { stderr } = await live.ask(words[0] ?? '', words.slice(1));
      assert.match(stderr, /disk is detached/);
    }
    writeFileSync(at('etc/new'), 'new');
    rmSync(at('etc/used'));
    // Elsewhere than before, and so very likely of another device number.
    sh(
      'truncate -s 1M other; truncate -s 64M spare; mkfs.ext4 -qF spare; mkdir spare-at; mount -o loop spare spare-at',
    );
    mountDisk('image');
    await ok('attach');
    sh('umount spare-at');
    assert.deepEqual([(await status()).detached, (await status()).mode], [false, 'hold']);
    assert.deepEqual(
      ['', 'etc', 'only', 'only/deep/file'].map(ino),
      before.filter((_, i) => i !== 2),
    );
    assert.equal(readFileSync(at('etc/unused'), 'utf8'), 'unused\n');
    assert.equal(readFileSync(at('etc/new'), 'utf8'), 'new');
    assert.ok(!existsSync(at('etc/used')), 'what was removed meanwhile comes back');
  });

  it('shows the inode numbers of disk without it, and brings nothing back that was removed or replaced meanwhile', async () => {
    const numbers = ['only', 'only/deep', 'only/deep/file'].map((path) => statSync(join(live.disk, path)).ino);
    await ok('add', '/only/deep/file', '/etc/link');
    await live.umount();
    // Nothing of it is known to this mount.
    await live.mount();
    await ok('detach');
    umountDisk();
    assert.deepEqual(['only', 'only/deep', 'only/deep/file'].map(ino), numbers);
    // Disk has these, which nobody can know now.
    for (const name of ['unused', 'big']) writeFileSync(at(`etc/${name}`), 'mine');
    rmSync(at('etc/unused'));
    mountDisk('image');
    await ok('attach');
    assert.ok(!existsSync(at('etc/unused')));
    assert.equal(readFileSync(at('etc/big'), 'utf8'), 'mine');
    assert.equal(readFileSync(join(live.disk, 'etc/unused'), 'utf8'), 'unused\n');
  });

  it('refuses another disk, and a directory at which none is mounted', async () => {
    await ok('detach');
    umountDisk();
    const nothing = await live.ask('attach');
    assert.equal(nothing.status, 2);
    assert.match(nothing.stderr, /is not the disk that was detached: .*is it, .*, mounted there\?/);
    makeDisk('other');
    mountDisk('other');
    assert.match((await live.ask('attach')).stderr, /is not the disk that was detached/);
    // Nothing of what was refused is held.
    umountDisk();
    sh('mkdir elsewhere; mount -o loop image elsewhere');
    await ok('attach', join(live.dir, 'elsewhere'));
    assert.equal(readFileSync(at('etc/unused'), 'utf8'), 'unused\n');
    assert.equal((await live.ask('attach')).status, 1);
    await live.umount();
    sh('umount elsewhere');
  });

  it('takes a filesystem that is mounted below disk along, and refuses disk without it', async () => {
    await live.umount();
    makeDisk('below');
    const mountBelow = (): void => sh(`mount -o loop below ${live.disk}/only/deep`);
    const umountBelow = (): void => sh(`umount ${live.disk}/only/deep`);
    mountBelow();
    await live.mount();
    assert.equal(readFileSync(at('only/deep/etc/used'), 'utf8'), 'used\n');
    const number = ino('only/deep/etc/used');
    await ok('detach');
    umountBelow();
    umountDisk();
    mountDisk('image');
    assert.equal((await live.ask('attach')).status, 2);
    mountBelow();
    await ok('attach');
    assert.equal(readFileSync(at('only/deep/etc/unused'), 'utf8'), 'unused\n');
    assert.equal(ino('only/deep/etc/used'), number);
    await live.umount();
    umountBelow();
  });

  it('lists what is open from disk and who has it, changes nothing; waits for it, or cuts it', async () => {
    await ok('mode', 'hold');
    const fd = openSync(at('etc/big'), 'r');
    const refused = await live.ask('detach');
    assert.equal(refused.status, 9);
    assert.match(refused.stderr, new RegExp(`\\n {2}/etc/big by node\\S*\\[${String(process.pid)}\\]`));
    assert.equal((await status()).mode, 'hold');
    assert.equal(readFileSync(at('etc/unused'), 'utf8'), 'unused\n');
    assert.equal((await live.ask('detach', ['--wait=0.5'])).status, 9);
    const killed = start(['detach', '-m', live.mnt, '--wait']);
    while ((await status()).mode !== 'rehearse');
    killed.process.kill('SIGKILL');
    while ((await status()).mode !== 'hold');
    const waiting = start(['detach', '-m', live.mnt, '--wait']);
    while ((await status()).mode !== 'rehearse');
    closeSync(fd);
    assert.equal((await within('detach', waiting.ended)).status, 0);
    umountDisk();
    mountDisk('image');
    await ok('attach');
    const cut = openSync(at('etc/big'), 'r');
    const forced = await ok('detach', '--force');
    assert.match(forced.stderr, /cut off from disk, .*\(EIO\):\n {2}\/etc\/big by /);
    umountDisk();
    assert.throws(() => readSync(cut, Buffer.alloc(16), 0, 16, BIG - 16), { code: 'EIO' });
    assert.equal(fstatSync(cut).size, BIG);
    mountDisk('image');
    await ok('attach');
    const again = openSync(at('etc/big'), 'r');
    assert.equal(readSync(again, Buffer.alloc(16), 0, 16, BIG - 16), 16);
    closeSync(again);
    closeSync(cut);
  });

  it('has flash follow first in mode upgrade, waits for who still writes, and goes on in it once disk is back', async () => {
    readFileSync(at('etc/used'));
    await ok('sync');
    await ok('mode', 'upgrade');
    const fd = openSync(at('etc/unused'), 'a');
    writeFileSync(at('etc/used'), 'changed\n');
    const refused = await live.ask('detach');
    assert.equal(refused.status, 9);
    assert.match(refused.stderr, /etc\/unused by /);
    closeSync(fd);
    await ok('detach');
    umountDisk();
    assert.equal(readFileSync(at('etc/used'), 'utf8'), 'changed\n');
    assert.equal(readFileSync(join(live.flash, 'etc/used'), 'utf8'), 'changed\n');
    mountDisk('image');
    assert.equal(readFileSync(join(live.disk, 'etc/used'), 'utf8'), 'changed\n');
    await ok('attach');
    assert.equal((await status()).mode, 'upgrade');
    writeFileSync(at('etc/used'), 'again\n');
    await ok('sync');
    assert.equal(readFileSync(join(live.flash, 'etc/used'), 'utf8'), 'again\n');
    assert.equal(readFileSync(join(live.disk, 'etc/used'), 'utf8'), 'again\n');
  });

  it('has why say of flash what there is to say, and of disk that it is detached', async () => {
    readFileSync(at('etc/used'));
    await ok('sync');
    await ok('detach');
    umountDisk();
    const { stdout } = await ok('why', '/etc/used', '/etc/unused');
    assert.match(stdout, /^\/etc\/used: file, 5 B, on flash: it was captured$/m);
    assert.match(stdout, /^\/etc\/unused: no \/etc\/unused: flash does not have it, and disk is detached$/m);
  });

  it('keeps sockets and fifos working that are in use', async () => {
    sh(`mkfifo ${live.disk}/var/cache/fifo`);
    await ok('mode', 'hold');
    const server = createServer((socket) => socket.end('hello'));
    server.listen(at('var/cache/socket'));
    await once(server, 'listening');
    const reader = spawn('cat', [at('var/cache/fifo')]);
    const writer = spawn('bash', ['-c', `exec 3> ${at('var/cache/fifo')}; echo open; read; echo said >&3`]);
    await once(writer.stdout, 'data');
    await ok('detach');
    umountDisk();
    const client = connect(at('var/cache/socket'));
    const [greeting] = (await within('socket', once(client, 'data'))) as [Buffer];
    assert.equal(greeting.toString(), 'hello');
    const heard = once(reader.stdout, 'data');
    writer.stdin.end('\n');
    assert.equal(String((await within('fifo', heard))[0]), 'said\n');
    await new Promise((resolve) => server.close(resolve));
  });
});
