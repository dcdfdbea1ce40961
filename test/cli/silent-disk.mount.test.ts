// Disk is a filesystem whose server stops answering. Guards against a mount that waits for it as a whole: flash must go on, and so must status, detach, umount and the end of the
// daemon, and who is killed must be let go. When the server is back, who waited gets what there is.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Status } from '../../src/control/protocol.ts';
import { double } from '../doubles/double.ts';
import { isMounted, needsMount, within } from '../mounted-root.ts';
import { LiveMount } from './live.ts';

const BIG = 8 << 20;
/** What is answered from flash takes milliseconds; a daemon that waits for disk never answers. */
const SOON_MS = 10_000;
/** Until disk counts as silent, and a little. */
const SILENT_MS = 20_000;

describe('a disk whose server does not answer', function () {
  this.timeout(120_000);
  needsMount();
  const disk = double('plain');
  let live: LiveMount;

  beforeEach(async () => {
    live = new LiveMount();
    const put = (path: string, content: string | Buffer): void => writeFileSync(join(disk.dir, path), content);
    spawnSync('rm', ['-rf', ...['used', 'big', 'new', 'newer', 'made'].map((name) => join(disk.dir, name))]);
    for (const name of ['used', 'new', 'newer']) put(name, `${name}\n`);
    put('big', Buffer.alloc(BIG, 'b'));
    assert.equal(spawnSync('mount', ['--bind', disk.dir, live.disk]).status, 0);
    await live.mount();
    assert.equal(read('used'), 'used\n');
    assert.equal((await live.ask('sync')).status, 0);
  });

  afterEach(async () => {
    disk.thaw();
    if (isMounted(live.mnt)) await live.umount();
    assert.equal(spawnSync('umount', ['-l', live.disk]).status, 0);
    await live[Symbol.asyncDispose]();
  });

  const at = (path: string): string => join(live.mnt, path);

  /** What `cat` prints, in a process that may hang. */
  function read(path: string): string {
    const { stdout, error } = spawnSync('cat', [at(path)], {
      encoding: 'utf8',
      timeout: SOON_MS,
      killSignal: 'SIGKILL',
    });
    assert.equal(error, undefined, `cat ${path} waits`);
    return stdout;
  }

  /** A process that waits for disk, once it does. */
  async function waiter(command: string, ...words: string[]): Promise<Waiter> {
    const before = (await status()).remote?.waiting ?? 0;
    const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    child.stdout.on('data', (data) => (text += String(data)));
    child.stderr.on('data', (data) => (text += String(data)));
    const ended = once(child, 'close').then(([code, signal]) => ({
      code: code as number | null,
      signal: String(signal),
      text,
    }));
    const until = Date.now() + SOON_MS;
    while (((await status()).remote?.waiting ?? 0) <= before) assert.ok(Date.now() < until, 'nobody waits');
    return { kill: () => child.kill('SIGKILL'), ended: (ms) => within(`the end of ${command}`, ended, ms) };
  }

  async function status(): Promise<Status> {
    const ended = await within('status', live.ask('status', ['--json']), SOON_MS);
    assert.equal(ended.status, 0, ended.stderr);
    return JSON.parse(ended.stdout) as Status;
  }

  async function silence(): Promise<number> {
    const until = Date.now() + SILENT_MS;
    for (;;) {
      const { remote } = await status();
      if (typeof remote?.silent === 'number') return remote.silent;
      assert.ok(Date.now() < until, 'status does not say that disk is silent');
    }
  }

  const events = (): string[] =>
    readFileSync(join(live.flash, '.rootsync/log/events.jsonl'), 'utf8')
      .split('\n')
      .flatMap((line) => (line === '' ? [] : [JSON.parse(line) as { kind: string; operation: string }]))
      .filter(({ kind }) => kind === 'disk')
      .map(({ operation }) => operation);

  it('keeps nobody waiting but those who need it, who get what there is when it answers again', async () => {
    const { remote } = await status();
    assert.deepEqual(remote, { silent: null, waiting: 0 });
    disk.freeze();
    const cat = await waiter('cat', at('new'));
    for (let i = 0; i < 20; i++) assert.equal(read('used'), 'used\n');
    assert.ok((await silence()) >= 5);
    assert.match((await live.ask('status')).stdout, /DOES NOT ANSWER/);
    const other = await waiter('stat', '-c', '%s', at('newer'));
    assert.equal(read('used'), 'used\n');
    disk.thaw();
    assert.deepEqual(await cat.ended(SOON_MS), { code: 0, signal: 'null', text: 'new\n' });
    assert.deepEqual(await other.ended(SOON_MS), { code: 0, signal: 'null', text: '6\n' });
    assert.equal((await live.ask('sync')).status, 0);
    assert.equal((await status()).remote?.silent, null);
    assert.deepEqual(events(), ['silent', 'answers']);
    assert.equal(readFileSync(join(live.flash, 'new'), 'utf8'), 'new\n');
  });

  it('lets go who is killed, be it at a name or at data', async () => {
    const script = `exec 3<"$1"; echo open; read -r _; dd bs=4096 skip=1500 count=1 <&3`;
    const child = spawn('bash', ['-c', script, 'bash', at('big')], { stdio: ['pipe', 'pipe', 'ignore'] });
    const gone = once(child, 'close');
    await once(child.stdout, 'data');
    disk.freeze();
    child.stdin.write('\n');
    const cat = await waiter('cat', at('new'));
    const until = Date.now() + SILENT_MS;
    while (((await status()).remote?.waiting ?? 0) < 2) assert.ok(Date.now() < until, 'the read does not wait');
    cat.kill();
    spawnSync('pkill', ['-KILL', '-P', String(child.pid)]);
    child.kill('SIGKILL');
    assert.equal((await cat.ended(SOON_MS)).signal, 'SIGKILL');
    await within('the reader', gone, SOON_MS);
    // What the kernel reads ahead for nobody any more, too.
    while ((await status()).remote?.waiting !== 0) assert.ok(Date.now() < until, 'somebody still waits');
  });

  it('is detached: who waits is answered by flash alone; and taken back when it answers', async () => {
    disk.freeze();
    const cat = await waiter('cat', at('new'));
    await silence();
    const detached = await within('detach', live.ask('detach'), SILENT_MS);
    assert.equal(detached.status, 0, detached.stderr);
    const { code, text } = await cat.ended(SOON_MS);
    assert.match(text, /No such file/);
    assert.equal(code, 1);
    assert.equal(read('used'), 'used\n');
    assert.equal(read('newer'), '');
    assert.deepEqual([(await status()).mode, (await status()).detached], ['rehearse', true]);
    disk.thaw();
    const attached = await within('attach', live.ask('attach'), SOON_MS);
    assert.equal(attached.status, 0, attached.stderr);
    assert.equal(read('new'), 'new\n');
    assert.equal((await status()).mode, 'capture');
  });

  it('is detached by force only from who has a file of it open, whose reads fail then', async () => {
    assert.equal((await live.ask('mode', ['hold'])).status, 0);
    const script = `exec 3<"$1"; echo open; read -r _; dd bs=4096 skip=1500 count=1 <&3 2>&1 >/dev/null; echo "ended $?"`;
    const child = spawn('bash', ['-c', script, 'bash', at('big')], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (data) => (text += String(data)));
    const ended = once(child, 'close');
    await once(child.stdout, 'data');
    disk.freeze();
    child.stdin.write('\n');
    await silence();
    const refused = await within('detach', live.ask('detach'), SILENT_MS);
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, /\/big/);
    assert.doesNotMatch(text, /ended/);
    const forced = await within('detach --force', live.ask('detach', ['--force']), SILENT_MS);
    assert.equal(forced.status, 0, forced.stderr);
    await within('the reader', ended, SOON_MS);
    assert.match(text, /Input\/output error[^]*ended 1\n$/);
    assert.equal(read('used'), 'used\n');
  });

  it('has flash show what nobody has asked for before, and what is on disk when it answers again', async () => {
    await live.umount();
    // Of what disk has, the kernel would know.
    mkdirSync(join(live.flash, 'made'));
    writeFileSync(join(live.flash, 'made/file'), 'made\n');
    await live.mount();
    disk.freeze();
    const cat = await waiter('cat', at('made/file'));
    assert.deepEqual(await cat.ended(SILENT_MS), { code: 0, signal: 'null', text: 'made\n' });
    mkdirSync(join(disk.backing, 'made'));
    writeFileSync(join(disk.backing, 'made/below'), 'below\n');
    disk.thaw();
    assert.equal(read('made/below'), 'below\n');
  });

  it('does not keep the daemon from ending by a signal, nor by umount', async () => {
    const { pid } = await status();
    disk.freeze();
    const cat = await waiter('cat', at('new'));
    process.kill(pid, 'SIGTERM');
    const { code } = await cat.ended(SILENT_MS);
    assert.equal(code, 1);
    await gone(pid);
    assert.ok(!isMounted(live.mnt));
    disk.thaw();
    await live.mount();
    const again = await status();
    disk.freeze();
    const killed = await waiter('cat', at('new'));
    killed.kill();
    await killed.ended(SOON_MS);
    const ended = await within('umount', live.ask('umount'), SILENT_MS);
    assert.equal(ended.status, 0, ended.stderr);
    await gone(again.pid);
  });

  async function gone(pid: number): Promise<void> {
    const until = Date.now() + SILENT_MS;
    for (;;) {
      const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
      if (stdout === '' || stdout.startsWith('Z')) return;
      assert.ok(Date.now() < until, `the daemon ${pid} does not end`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
});

interface Waiter {
  kill(): void;
  ended(ms: number): Promise<{ code: number | null; signal: string; text: string }>;
}
