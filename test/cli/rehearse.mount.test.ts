// `rootsync rehearse`: guards against a rehearsal that misses something and does not say so, that outlives its command, or that two have at once.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import type { Missed } from '../../src/control/protocol.ts';
import { needsMount, within } from '../mounted-root.ts';
import { LiveMount } from './live.ts';
import { rootsync, start, type Ended } from './rootsync.ts';

const PYTHON = ['/usr/bin/python3', '-c', 'import json; print("ran")'];

describe('cli/rehearse', function () {
  this.timeout(120_000);
  needsMount();
  let live: LiveMount;
  beforeEach(() => (live = new LiveMount()));
  afterEach(() => live[Symbol.asyncDispose]());

  const rehearse = (...words: string[]): Promise<Ended> => live.ask('rehearse', words);
  const mode = async (): Promise<string> => (await live.ask('mode')).stdout.trim();
  const told = ({ stderr }: Ended): Missed & { exitCode: number; others: number } =>
    JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '') as Missed & { exitCode: number; others: number };
  const putShell = (): void => live.putPrograms('/bin/sh', '/bin/cat', '/bin/sleep');
  const inRoot = (script: string): void => {
    const { status, stderr } = spawnSync('chroot', [live.mnt, '/bin/sh', '-c', script], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  };

  it('says what is missing, who asked and who started that, takes the list, and then finds nothing missing', async () => {
    putShell();
    live.put({ 'etc/one': '1', 'etc/two\nlines': '2', 'etc/unused': '3' });
    await live.mount();
    inRoot('cat /dev/null; exec sleep 0');
    const script = 'cat /etc/one "/etc/two\nlines"; true';
    const list = join(live.dir, 'list');
    const first = await rehearse('--chdir', '/', '--json', '--list', list, '--', '/bin/sh', '-c', script);
    assert.equal(first.status, 124, first.stderr);
    const { misses, exitCode, others } = told(first);
    assert.deepEqual([exitCode, others], [0, 0]);
    assert.deepEqual(misses.map(({ path }) => path).sort(), ['/etc/one', '/etc/two\nlines']);
    const { requester } = misses[0] ?? { requester: null };
    assert.equal(requester?.comm, 'cat');
    assert.match(requester.exe, /\/bin\/cat$/);
    assert.equal(requester.parents[0]?.comm, 'sh');
    assert.equal(await mode(), 'capture');
    assert.equal((await live.ask('add', ['--from', list])).stdout, '2 added, 0 on flash before\n');
    const second = await rehearse('--chdir', '/', '--', '/bin/sh', '-c', script);
    assert.deepEqual([second.status, second.stdout], [0, '12']);
    assert.match(second.stderr, /flash lacks nothing/);
  });

  it("ends with the command's own status, or says that the command itself is missing", async () => {
    putShell();
    await live.mount();
    const missing = await rehearse('--chdir', '/', '--', '/bin/sh', '-c', 'exit 7');
    assert.equal(missing.status, 127);
    assert.match(missing.stderr, /flash lacks 1 of what was asked for\n {2}\/bin/);
    inRoot('exit 0');
    live.put({ 'etc/one': '1' });
    assert.equal((await rehearse('--chdir', '/', '--', '/bin/sh', '-c', 'read x < /etc/one; exit 7')).status, 7);
    assert.equal((await rehearse('--chdir', '/', '--', '/bin/sh', '-c', 'kill -TERM $$')).status, 143);
    assert.equal((await rootsync(['rehearse', '-m', live.disk, '--', 'true'])).status, 125);
  });

  it("runs in the merged root's / where that lacks the caller's directory, and misses nothing for it", async () => {
    putShell();
    await live.mount();
    inRoot('cd /etc; pwd');
    const pwd = ['--', '/bin/sh', '-c', 'pwd'];
    const elsewhere = await live.ask('rehearse', pwd, { cwd: live.dir });
    assert.deepEqual([elsewhere.status, elsewhere.stdout], [0, '/\n'], elsewhere.stderr);
    assert.ok(elsewhere.stderr.includes(`the merged root has no ${live.dir}: the command runs in its /`));
    const there = await live.ask('rehearse', pwd, { cwd: '/etc' });
    assert.deepEqual([there.status, there.stdout], [0, '/etc\n'], there.stderr);
    assert.equal((await live.ask('rehearse', ['--chdir', live.dir, ...pwd])).status, 125);
  });

  it('has the mode to itself, and gives it back however it ends', async () => {
    putShell();
    await live.mount();
    inRoot('sleep 0');
    await live.ask('add', ['/proc', '/dev', '/sys', '/run', '/tmp']);
    await live.ask('mode', ['hold']);
    const words = ['rehearse', '-m', live.mnt, '--chdir', '/', '--', '/bin/sh', '-c', 'echo begun; exec sleep 60'];
    const running = start(words);
    await within('begun', running.says('begun'));
    assert.equal(await mode(), 'rehearse');
    const second = await rehearse('--', '/bin/sh', '-c', 'exit 0');
    assert.equal(second.status, 125);
    assert.match(second.stderr, /process \d+ is rehearsing/);
    const turned = await live.ask('mode', ['capture']);
    assert.equal(turned.status, 9);
    assert.match(turned.stderr, /is rehearsing \(rootsync rehearse\)/);
    running.process.kill('SIGKILL');
    await running.ended;
    for (let tries = 0; (await mode()) !== 'hold' && tries < 50; tries++);
    assert.equal(await mode(), 'hold');
    assert.ok(!readFileSync(join(live.flash, '.rootsync/mode'), { flag: 'a+' }).includes('rehearse'));
    assert.equal((await rehearse('--chdir', '/', '--', '/bin/sh', '-c', 'exit 0')).status, 0);
  });

  it('python3 with a library that a rule hides: exactly that is missed, add mends it, and then nothing is missed', async () => {
    const library = libraryOf('/usr/bin/python3');
    await live.mount('--disk', '/', '--exclude', library, '--no-disk-changes');
    // Used once, with what the machine gives.
    const used = spawnSync('chroot', [live.mnt, ...PYTHON], { encoding: 'utf8' });
    assert.equal(used.stdout, 'ran\n', used.stderr);
    await live.ask('sync');
    const list = join(live.dir, 'list');
    const words = ['--list', list, '--chdir', '/', '--', ...PYTHON];
    const lacking = await rehearse(...words);
    assert.equal(lacking.status, 127);
    assert.equal(readFileSync(list, 'utf8'), `${library}\n`, lacking.stderr);
    assert.match(lacking.stderr, /by python3\[\d+\] \/usr\/bin\/python3[.\d]* < /);
    assert.equal((await live.ask('add', ['--from', list])).status, 0);
    const clean = await rehearse(...words);
    assert.deepEqual([clean.status, clean.stdout, readFileSync(list, 'utf8')], [0, 'ran\n', ''], clean.stderr);
  });

  /** The last library that a program is linked to, the C library aside. */
  function libraryOf(program: string): string {
    const libraries = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout.match(/(?<==> )\/\S+/g) ?? [];
    return realpathSync(libraries.findLast((path) => !path.includes('/libc.so')) ?? '');
  }
});
