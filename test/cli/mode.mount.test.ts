// `rootsync mode`, the signals, and what a flash remembers. Guards against a mode that is forgotten, or that an option of one mount leaves for the
// next; and against switches of which the log does not say who made them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Event } from '../../src/capture/event.ts';
import type { Mode } from '../../src/policy/mode.ts';
import type { Status } from '../../src/control/protocol.ts';
import { records } from '../capture/log-reading.ts';
import { isMounted, needsMount, within } from '../mounted-root.ts';
import { rootsync, start, type Ended } from './rootsync.ts';

describe('cli/mode', function () {
  this.timeout(120_000);
  needsMount();
  let dir: string;
  let mnt: string;
  const at = (name: string): string => join(dir, name);

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mode-'));
    mnt = at('mnt');
    for (const name of ['flash', 'disk', 'mnt']) mkdirSync(at(name));
    writeFileSync(at('disk/file'), 'content\n');
  });
  afterEach(async () => {
    if (isMounted(mnt)) await rootsync(['umount', mnt]);
    if (isMounted(mnt)) spawnSync('umount', ['-l', mnt]);
    rmSync(dir, { recursive: true });
  });

  const mount = async (...more: string[]): Promise<void> => {
    const { status, stderr } = await rootsync(['mount', '--flash', at('flash'), '--disk', at('disk'), ...more, mnt]);
    assert.deepEqual([status, stderr], [0, '']);
  };
  const umount = async (): Promise<void> => assert.equal((await rootsync(['umount', mnt])).status, 0);
  const mode = (...words: string[]): Promise<Ended> => rootsync(['mode', ...words, '-m', mnt]);
  const current = async (): Promise<string> => (await mode()).stdout;
  const turn = async (to: Mode): Promise<void> => {
    const { status, stdout, stderr } = await mode(to);
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  };
  const daemon = async (): Promise<Status> =>
    JSON.parse((await rootsync(['status', '--json', '-m', mnt])).stdout) as Status;
  const events = (): Event[] => (records(at('flash/.rootsync/log')) as Event[]).filter(({ kind }) => kind === 'mode');

  it('says which mode it is, switches it, and the log says who did', async () => {
    await mount();
    assert.equal(await current(), 'capture\n');
    await turn('hold');
    assert.equal(await current(), 'hold\n');
    assert.equal((await daemon()).mode, 'hold');
    assert.match((await rootsync(['status', '-m', mnt])).stdout, /^mode +hold,/m);
    await turn('hold');
    await turn('rehearse');
    const said = events().map(({ was, mode: to, operation, path }) => [was, to, operation, path]);
    assert.deepEqual(said, [
      ['capture', 'hold', 'control', '/'],
      ['hold', 'rehearse', 'control', '/'],
    ]);
    assert.match(
      (await rootsync(['log', '-m', mnt, '--kind', 'mode'])).stdout,
      / {2}capture -> hold \(control\) by node\[\d+\] /,
    );
    assert.equal(events()[0]?.requester?.exe, process.execPath);
    assert.ok(events()[0]?.requester?.parents.some(({ pid }) => pid === process.pid));
  });

  it('refuses what is no mode, and upgrade where disk takes no changes, and says so', async () => {
    const typo = await mode('rehears');
    assert.deepEqual(
      [typo.status, typo.stderr],
      [2, 'rootsync: unknown mode rehears (did you mean rehearse?); modes: capture, hold, upgrade, rehearse\n'],
    );
    const nowhere = await mode('hold');
    assert.equal(nowhere.status, 8);
    await mount('--no-disk-changes');
    const early = await mode('upgrade');
    assert.equal(early.status, 1);
    assert.match(early.stderr, /upgrade mode changes disk, and disk is not writable/);
    assert.equal(await current(), 'capture\n');
  });

  it('is remembered by flash over an unmount and a kill; an option holds for its mount alone', async () => {
    await mount('-o', 'mode=rehearse');
    assert.equal(await current(), 'rehearse\n');
    await umount();
    await mount();
    assert.equal(await current(), 'capture\n');
    await turn('hold');
    await umount();
    await mount('--mode', 'capture');
    assert.equal(await current(), 'capture\n');
    await umount();
    await mount();
    assert.equal(await current(), 'hold\n');
    assert.deepEqual(
      events().map(({ operation, mode: to, reason }) => [operation, to, reason]),
      [
        ['mount', 'rehearse', 'an option'],
        ['control', 'hold', undefined],
        ['mount', 'hold', 'it was switched to'],
      ],
    );
    await turn('rehearse');
    process.kill((await daemon()).pid, 'SIGKILL');
    spawnSync('umount', ['-l', mnt]);
    await mount();
    assert.equal(await current(), 'rehearse\n');
    assert.equal(spawnSync('cat', [join(mnt, 'file')]).status, 1);
  });

  it('begins in capture where flash remembers nonsense, and says so', async () => {
    await mount();
    await umount();
    for (const nonsense of ['hodl\n', '', 'upgrad\n', '\0'.repeat(100)]) {
      writeFileSync(at('flash/.rootsync/mode'), nonsense);
      await mount();
      assert.equal(await current(), 'capture\n');
      await umount();
    }
    assert.match(readFileSync(at('flash/.rootsync/log/daemon.log'), 'utf8'), /\.rootsync\/mode: "hodl": is no mode/);
    await mount();
    await turn('hold');
    await umount();
    await mount();
    assert.equal(await current(), 'hold\n');
  });

  it('is switched by SIGUSR1 to hold and by SIGUSR2 to capture', async () => {
    const words = ['mount', '-f', '--flash', at('flash'), '--disk', at('disk'), mnt];
    const running = start(words);
    const sent = async (signal: NodeJS.Signals, to: Mode): Promise<void> => {
      running.process.kill(signal);
      await within(signal, running.says(`${signal}: mode ${to}`));
      assert.equal(await current(), `${to}\n`);
    };
    for (let tries = 0; !isMounted(mnt) && tries < 500; tries++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    await sent('SIGUSR1', 'hold');
    await sent('SIGUSR2', 'capture');
    assert.deepEqual(
      events().map(({ operation, reason, requester }) => [operation, reason, requester]),
      [
        ['signal', 'SIGUSR1', null],
        ['signal', 'SIGUSR2', null],
      ],
    );
    await umount();
    await running.ended;
    assert.ok(!running.stderr.includes('Debugger'), running.stderr);
  });

  it('is switched on a flash that cannot remember it, which is said', async () => {
    await mount();
    mkdirSync(at('flash/.rootsync/mode.new'));
    const { status, stderr } = await mode('hold');
    assert.equal(status, 0);
    assert.match(stderr, /mode hold is in force, but will be forgotten at unmount: .*\.rootsync\/mode: /);
    assert.equal(await current(), 'hold\n');
  });
});
