// `rootsync exclude` on a live mount. Guards against a rule that holds only for what was never looked at, one that is gone after the daemon
// is, one that is half added, and a list that is not what the mount obeys.

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Status } from '../../src/control/protocol.ts';
import type { Rule } from '../../src/policy/exclude-rule.ts';
import { readEvents } from '../capture/events.ts';
import { isMounted, needsMount } from '../mounted-root.ts';
import { flashTree } from '../run/flash-tree.ts';
import { MAIN, rootsync, type Ended } from './rootsync.ts';

const execute = promisify(execFile);

describe('cli/exclude on a live mount', function () {
  this.timeout(60_000);
  needsMount();
  let dir: string;
  let mnt: string;
  const at = (name: string): string => join(dir, name);

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'exclude-'));
    mnt = at('mnt');
    for (const name of ['flash', 'disk', 'mnt']) mkdirSync(at(name));
  });
  afterEach(() => {
    for (const path of [mnt, at('flash')]) {
      if (isMounted(path)) spawnSync('umount', ['-l', path]);
    }
    spawnSync('rm', ['-rf', '--one-file-system', dir]);
  });

  const fill = (...paths: string[]): void => {
    for (const path of paths) {
      mkdirSync(dirname(at(`disk/${path}`)), { recursive: true });
      writeFileSync(at(`disk/${path}`), path);
    }
  };
  const done = async (ended: Promise<Ended>): Promise<void> => {
    const { status, stdout, stderr } = await ended;
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  };
  const mount = (...more: string[]): Promise<void> =>
    done(rootsync(['mount', '--flash', at('flash'), '--disk', at('disk'), '--no-capture-on-stat', ...more, mnt]));
  const umount = (): Promise<void> => done(rootsync(['umount', mnt]));
  const exclude = (...args: string[]): Promise<Ended> => rootsync(['exclude', ...args, '-m', mnt]);
  const change = (...args: string[]): Promise<void> => done(exclude(...args));
  const refused = async (exitCode: number, message: RegExp, ...args: string[]): Promise<void> => {
    const { status, stdout, stderr } = await exclude(...args);
    assert.equal(status, exitCode, stderr);
    assert.match(stderr, message);
    assert.equal(stdout, '');
  };
  const rules = async (): Promise<Rule[]> => {
    const { stdout } = await exclude('list', '--json');
    return (JSON.parse(stdout) as { rules: Rule[] }).rules;
  };
  const live = async (): Promise<string[]> =>
    (await rules()).filter(({ source }) => source === 'live').map(({ glob }) => glob);
  /** What is said about each path. */
  const test = async (...paths: string[]): Promise<string[]> => {
    const { stdout } = await exclude('test', ...paths);
    return stdout.trimEnd().split('\n').slice(1);
  };
  /** From a child: should the mount hang, only that does. */
  const use = (...paths: string[]): Promise<unknown> =>
    execute(
      'cat',
      paths.map((path) => join(mnt, path)),
    );
  const kept = (): string[] =>
    readFileSync(at('flash/.rootsync/excludes'), 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
  const everything = (): string[] => [...flashTree(at('flash')).keys()].sort();
  /** Files and symlinks on flash, once all is copied. */
  const captured = async (): Promise<string[]> => {
    await umount();
    return [...flashTree(at('flash'))].flatMap(([path, type]) => (type === 'directory' ? [] : [path])).sort();
  };

  it('keeps off flash what is excluded from now on, and lets it in again', async () => {
    fill('a/one', 'a/two', 'a/three', 'b/one');
    await mount();
    await use('a/one');
    await change('add', '/a');
    await use('a/one', 'a/two', 'a/three', 'b/one');
    await change('rm', '/a');
    await use('a/three');
    assert.deepEqual(await captured(), ['/a/one', '/a/three', '/b/one']);
    const skips = readEvents(at('flash')).filter(({ kind }) => kind === 'skip');
    assert.deepEqual(
      skips.map(({ path, reason, rule }) => [path, reason, rule]),
      [
        ['/a/two', 'excluded', '/a'],
        ['/a/three', 'excluded', '/a'],
      ],
    );
  });

  it('lets in again what the kernel has cached: targets of symlinks, names, empty directories, special files', async () => {
    fill('a/file', 'a/sub/file');
    for (const name of ['one', 'two']) symlinkSync('file', at(`disk/a/${name}`));
    mkdirSync(at('disk/a/empty'));
    spawnSync('mkfifo', [at('disk/a/fifo')]);
    await done(rootsync(['mount', '--flash', at('flash'), '--disk', at('disk'), mnt]));
    await change('add', '/a/**');
    const paths = ['one', 'two', 'file', 'empty', 'sub', 'sub/file', 'fifo'].map((name) => join(mnt, 'a', name));
    const look = (): unknown => execute('sh', ['-c', 'stat -L "$@" && readlink "$1"', 'sh', ...paths]);
    await look();
    await look();
    assert.deepEqual(everything(), ['/a']);
    await change('add', '!/a', '/a/two');
    await look();
    await umount();
    assert.deepEqual(everything(), ['/a', '/a/empty', '/a/fifo', '/a/file', '/a/one', '/a/sub', '/a/sub/file']);
  });

  it('makes at once the directory that something is mounted on, and leaves the mount', async () => {
    fill('a/sub/file');
    await mount('--exclude', '/a/**');
    const place = join(mnt, 'a/sub');
    await execute('mount', ['-t', 'tmpfs', 'tmpfs', place]);
    try {
      await execute('touch', [join(place, 'mine')]);
      await change('add', '!/a');
      assert.deepEqual(everything(), ['/a', '/a/sub']);
      assert.equal((await execute('ls', [place])).stdout, 'mine\n');
    } finally {
      await execute('umount', [place]);
    }
    await umount();
  });

  it('says again why, when another rule forbids it', async () => {
    fill('a/one');
    await mount('--exclude', '/a');
    await use('a/one');
    await change('add', 'one');
    await use('a/one');
    await umount();
    const rulesLogged = readEvents(at('flash')).flatMap(({ kind, rule }) => (kind === 'skip' ? [rule] : []));
    assert.deepEqual(rulesLogged, ['/a', 'one']);
  });

  it('takes back built-in rules and options, in the order given', async () => {
    fill('var/log/keep/one', 'var/log/two', 'a/three');
    await mount('--exclude', '/a');
    await change('add', '!/var/log/keep', '!/a');
    await change('add', '!/var/log', '/var/log/two');
    await use('var/log/keep/one', 'var/log/two', 'a/three');
    assert.deepEqual(await live(), ['!/var/log/keep', '!/a', '!/var/log', '/var/log/two']);
    assert.deepEqual(await captured(), ['/a/three', '/var/log/keep/one']);
  });

  it('lists the rules in force with where they are from, and tells which one decides', async () => {
    writeFileSync(at('rules'), '\n/b\n');
    fill('d/file');
    await mount('--exclude', '/a', '--exclude-from', at('rules'));
    await change('add', '!/a/b');
    assert.deepEqual((await rules()).slice(-3), [
      { glob: '/a', source: 'option' },
      { glob: '/b', source: 'file', file: at('rules'), line: 2 },
      { glob: '!/a/b', source: 'live' },
    ]);
    const { stdout } = await exclude('list');
    assert.ok(stdout.startsWith(`exclude rules of the mount at ${mnt}, in order`), stdout);
    assert.deepEqual(await test('/a', '/a/b', '/b/c', '/c'), [
      '/a: excluded by /a (option); a directory is made, without its files',
      '/a/b: captured: taken back by !/a/b (live)',
      `/b/c: excluded by /b (${at('rules')}:2); a directory is made, without its files`,
      '/c: captured: no rule matches',
    ]);
    const inside = `cd ${mnt}/d && exec ${process.execPath} ${MAIN} exclude test e ../a`;
    const { stdout: relative } = await execute('sh', ['-c', inside]);
    assert.match(relative, /\n\/d\/e: .*\n\/a: /);
    await umount();
  });

  it('keeps live rules over a remount and a kill of the daemon, where people can read them', async () => {
    fill('a/one', 'b/one', 'c/one');
    await mount();
    await change('add', '/a', '#odd', '/with blank ');
    await umount();
    assert.deepEqual(kept(), ['/a', '\\#odd', '/with blank\\ ']);
    await mount();
    assert.deepEqual(await live(), ['/a', '\\#odd', '/with blank\\ ']);
    await change('add', '/b');
    await change('rm', '#odd', '/with blank ');
    const { pid } = JSON.parse((await rootsync(['status', '--json', '-m', mnt])).stdout) as Status;
    process.kill(pid, 'SIGKILL');
    spawnSync('umount', ['-l', mnt]);
    while (existsSync(`/proc/${pid}/fd`) && readdirSync(`/proc/${pid}/fd`).length > 0) await nextTurn();
    await mount();
    assert.deepEqual(await live(), ['/a', '/b']);
    await use('a/one', 'b/one', 'c/one');
    assert.deepEqual(await captured(), ['/c/one']);
  });

  it('adds and removes all or nothing, and says what is wrong', async () => {
    await mount('--exclude', '/opt/x');
    await change('add', '/a', '/b');
    await refused(2, /bad exclude glob '\/d\[': a '\[' is not closed.*nothing was changed/, 'add', '/c', '/d[', '/e');
    await refused(2, /not UTF-8/, 'add', '/c\ufffd');
    await refused(2, /no live rule '\/bb' .did you mean \/b\?.*exclude list/, 'rm', '/a', '/bb');
    await refused(2, /'\/var\/log' is not a live rule .built-in.: .* add '!\/var\/log'/, 'rm', '/var/log');
    await refused(2, /'\/opt\/x' is not a live rule .option.: .* add '!\/opt\/x'/, 'rm', '/opt/x');
    await refused(
      2,
      /too long .65536 at most.: ask for less/,
      'add',
      ...Array.from({ length: 9 }, (_, i) => `/${String(i)}${'x'.repeat(8000)}`),
    );
    assert.deepEqual(
      [await live(), kept()],
      [
        ['/a', '/b'],
        ['/a', '/b'],
      ],
    );
    await umount();
  });

  it('changes nothing where flash has no room to keep it', async () => {
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1M', 'tmpfs', at('flash')]);
    await mount();
    await change('add', '/a');
    spawnSync('sh', ['-c', `cat /dev/zero > ${at('flash/filler')} 2>/dev/null`]);
    await refused(1, /\.rootsync\/excludes: ENOSPC; nothing was changed/, 'add', '/b');
    await refused(1, /\.rootsync\/excludes: ENOSPC; nothing was changed/, 'rm', '/a');
    assert.deepEqual([await live(), kept()], [['/a'], ['/a']]);
    assert.deepEqual(readdirSync(at('flash/.rootsync/stage')), []);
    await umount();
  });

  it('does not mount with kept rules that somebody has spoilt, and says where', async () => {
    mkdirSync(at('flash/.rootsync'));
    writeFileSync(at('flash/.rootsync/excludes'), '/a\n/b[\n');
    const words = ['mount', '--flash', at('flash'), '--disk', at('disk'), mnt];
    const { status, stderr } = await rootsync(words);
    assert.equal(status, 2, stderr);
    assert.match(stderr, /flash\/\.rootsync\/excludes:2: bad exclude glob '\/b\[': .*; mend or remove that line\n/);
    assert.ok(!isMounted(mnt));
  });
});

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}
