// Guards against two names that trade places in upgrade mode and leave the branches apart: a directory whose content stays behind on flash, what flash lacks and nobody
// mirrors, what it keeps and disk has not, a copy of the one that is taken for the other's, also after a crash between the change of disk and that of flash.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { RENAME_EXCHANGE, renameat2 } from '../../src/sys/link.ts';
import { close, O_DIRECTORY, O_RDONLY, openat } from '../../src/sys/open.ts';
import { inoKey } from '../../src/tree/ino.ts';
import { MarkLog } from '../../src/tree/mark-log.ts';
import { Marks } from '../../src/tree/marks.ts';
import { shell } from '../capture/inside.ts';
import { double } from '../doubles/double.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import type { RootOptions } from '../mounted-root.ts';
import { got, ok } from '../sys/place.ts';
import { agreement } from './agreement.ts';
import { exchange } from './exchange.ts';

/** Two directories that flash has some of, one of which it has nothing, a file, and one that flash lacks. */
const CAPTURED = ['one/a', 'one/sub/b', 'one/l', 'two/a', 'two/c', 'file'];
const ALONE = ['one/only', 'one/sub/only', 'two/only', 'three/a', 'three/c', 'three/sub/b', 'three/sub/only', 'other'];
/** What flash has of it when the mode begins, directories included. */
const HELD = [...CAPTURED, 'one', 'one/sub', 'two'];

async function upgrading(options: RootOptions = {}): Promise<MountedRoot> {
  const root = new MountedRoot({ ...options, config: { mode: null, ...options.config } });
  for (const dir of ['one/sub', 'two', 'three/sub']) mkdirSync(`${root.disk}/${dir}`, { recursive: true });
  for (const file of [...CAPTURED, ...ALONE]) if (file !== 'one/l') writeFileSync(`${root.disk}/${file}`, `${file}\n`);
  symlinkSync('a', `${root.disk}/one/l`);
  await root.start();
  shell(root.mountpoint, `cat ${CAPTURED.join(' ')} >/dev/null`);
  await root.settle();
  await root.switchMode('upgrade');
  return root;
}

const LIST = "find . -mindepth 1 -printf '%P %y %l\\n' | sort; find . -type f | sort | xargs cat";

/** Both branches agree, and flash has these paths and no others. */
async function inSync(root: MountedRoot, held: readonly string[], what = ''): Promise<void> {
  await root.settle();
  assert.deepEqual(agreement(root), [], what);
  const flash = shell(root.flash, "find . -mindepth 1 -not -path './.rootsync*' -printf '%P\\n' | sort").trimEnd();
  assert.deepEqual(flash.split('\n'), [...held].sort(), what);
  assert.deepEqual(root.warnings, [], what);
}

/** As plain directories would be after it; what the merged root shows is to be the same, also after a remount and a kill. */
async function shows(root: MountedRoot, expected: string, held: readonly string[]): Promise<void> {
  for (const way of [undefined, 'stop', 'kill'] as const) {
    if (way !== undefined) await root.restart(way);
    assert.equal(shell(root.mountpoint, LIST), expected, way);
    await inSync(root, held, way);
  }
}

function plainly(root: MountedRoot, script: string): string {
  const plain = `${root.dir}/plain`;
  shell(root.dir, `cp -a ${root.disk} plain`);
  shell(plain, script);
  return shell(plain, LIST);
}

/** Both names, and what flash has at them and below them afterwards. Of a directory, what it has goes along; of a file, the name alone is wanted. */
const CASES = {
  'two that flash has': ['one', 'two', 'one one/a one/c two two/a two/l two/sub two/sub/b'],
  'one that flash has and one of disk alone': [
    'one',
    'three',
    `one one/a one/sub one/sub/b three three/a three/l three/sub three/sub/b`,
  ],
  'the same, the other way round': [
    'three',
    'one',
    `one one/a one/sub one/sub/b three three/a three/l three/sub three/sub/b`,
  ],
  'one within another directory': ['one/sub', 'two', 'one/sub one/sub/a one/sub/c two two/b'],
  'a directory and a file': ['one', 'file', 'one file file/a file/l file/sub file/sub/b'],
  'a directory and a file of disk alone': ['one', 'other', 'one other other/a other/l other/sub other/sub/b'],
  'a directory of disk alone and a file': ['three', 'file', 'file'],
  'a directory and a symlink': ['two', 'one/l', 'two one/l one/l/a one/l/c'],
  'files, one of disk alone': ['file', 'other', 'file'],
  'files of flash': ['one/a', 'two/a', 'one/a two/a'],
} as const;

/** All that flash has once these have traded places. */
function heldAfter([one, other, there]: (typeof CASES)[keyof typeof CASES]): string[] {
  const isAt = (path: string): boolean => [one, other].some((end) => path === end || path.startsWith(`${end}/`));
  return [...HELD.filter((path) => !isAt(path)), ...there.split(' ')];
}

describe('upgrade: names that trade places', function () {
  this.timeout(120_000);
  needsMount();

  for (const [name, names] of Object.entries(CASES))
    it(`are the same on both branches: ${name}`, async () => {
      await using root = await upgrading();
      const script = exchange(names[0], names[1]);
      const expected = plainly(root, script);
      shell(root.mountpoint, script);
      await shows(root, expected, heldAfter(names));
    });

  it('are not copied where flash has the right copy', async () => {
    await using root = await upgrading();
    const before = statSync(`${root.flash}/one/sub/b`).ino;
    shell(root.mountpoint, exchange('one', 'two'));
    await root.settle();
    assert.equal(statSync(`${root.flash}/two/sub/b`).ino, before);
    assert.equal(statSync(`${root.flash}/one/c`).isFile(), true);
    assert.deepEqual(agreement(root), []);
  });

  it('take along what is open and whoever is in there, and what has still to be mirrored', async () => {
    await using root = await upgrading();
    const script = `exec 3>>one/sub/b 4<two/a; cd one/sub; echo more >&3; (cd ../..; ${exchange('one', 'two')}); echo again >&3; cat <&4; echo here >new
      echo third >>../a; cd ../..; ls two/sub; cat two/sub/b two/a one/a; echo ready; read -r _; echo last >&3`;
    const child = spawn('bash', ['--norc', '-euc', script], {
      cwd: root.mountpoint,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', (bytes: Buffer) => (out += bytes.toString()));
    while (!out.includes('ready\n')) await once(child.stdout, 'data');
    assert.equal(out, 'two/a\nb\nnew\nonly\none/sub/b\nmore\nagain\none/a\nthird\ntwo/a\nready\n');
    await root.kill();
    child.kill('SIGKILL');
    await root.start();
    assert.equal(shell(root.mountpoint, 'cat two/sub/b two/a'), 'one/sub/b\nmore\nagain\none/a\nthird\n');
    await inSync(root, heldAfter(CASES['two that flash has']));
  });

  it('go on being followed there, and where they were', async () => {
    await using root = await upgrading();
    shell(
      root.mountpoint,
      `${exchange('one', 'three')}; echo 1 >>three/a; echo 2 >>one/a; rm one/c; rm -r three/sub; echo new >three/new`,
    );
    await inSync(root, [
      'file',
      'one',
      'one/a',
      'one/sub',
      'one/sub/b',
      'three',
      'three/a',
      'three/l',
      'two',
      'two/a',
      'two/c',
    ]);
    shell(root.mountpoint, `${exchange('one', 'three')}; mkdir -p one/sub; echo back >one/sub/b; echo no >one/sub/no`);
    await inSync(root, [
      ...['file', 'one', 'one/a', 'one/l', 'one/sub', 'one/sub/b', 'three', 'three/a', 'three/sub', 'three/sub/b'],
      ...['two', 'two/a', 'two/c'],
    ]);
  });

  it('are there, with what flash had made or customised', async () => {
    await using root = new MountedRoot({ config: { mode: null } });
    for (const dir of ['one', 'two']) mkdirSync(`${root.disk}/${dir}`);
    for (const file of ['one/a', 'one/b', 'two/a']) writeFileSync(`${root.disk}/${file}`, `${file}\n`);
    await root.start();
    shell(root.mountpoint, 'echo custom >one/a; echo own >one/own; cat one/b two/a >/dev/null');
    await root.settle();
    await root.switchMode('upgrade');
    shell(root.mountpoint, exchange('one', 'two'));
    await root.settle();
    const expected = 'custom\none/b\nown\ntwo/a\n';
    for (const branch of [root.mountpoint, root.disk, root.flash])
      assert.equal(shell(branch, 'cat two/a two/b two/own one/a'), expected, branch);
    assert.deepEqual(agreement(root), []);
    assert.deepEqual(root.warnings, []);
  });

  it('are changed on flash, as in hold, where what is below was renamed there before', async () => {
    await using root = new MountedRoot({ config: { mode: null } });
    for (const dir of ['one/sub', 'two']) mkdirSync(`${root.disk}/${dir}`, { recursive: true });
    for (const file of ['one/sub/a', 'two/b']) writeFileSync(`${root.disk}/${file}`, `${file}\n`);
    await root.start();
    shell(root.mountpoint, 'mv one/sub one/dir');
    await root.settle();
    await root.switchMode('upgrade');
    shell(root.mountpoint, exchange('one', 'two'));
    for (const way of ['settle', 'stop', 'kill'] as const) {
      if (way === 'settle') await root.settle();
      else await root.restart(way);
      assert.equal(
        shell(root.mountpoint, 'cat two/dir/a one/b; ls one two'),
        'one/sub/a\ntwo/b\none:\nb\n\ntwo:\ndir\n',
      );
    }
    assert.deepEqual(root.warnings, []);
  });

  describe('a crash', () => {
    for (const [name, names] of Object.entries(CASES))
      for (const flash of ['as before', 'without the first', 'without both'] as const)
        it(`after disk's change, flash ${flash}: ${name}`, async () => {
          await using root = await upgrading();
          await root.stop();
          const [one, other] = names;
          note(root, one, other);
          const [here, there] = [asBytes(`${root.disk}/${one}`), asBytes(`${root.disk}/${other}`)];
          ok(renameat2(AT_FDCWD, here, AT_FDCWD, there, RENAME_EXCHANGE));
          if (flash !== 'as before') rmSync(`${root.flash}/${one}`, { recursive: true, force: true });
          if (flash === 'without both') rmSync(`${root.flash}/${other}`, { recursive: true, force: true });
          const expected = shell(root.disk, LIST);
          await root.start();
          assert.equal(shell(root.mountpoint, LIST), expected);
          await inSync(root, heldAfter(names));
          assert.equal(shell(root.mountpoint, LIST), expected);
        });
  });

  describe('on a flash that cannot exchange', () => {
    const here = double('jffs2');
    it('go through the stage', async () => {
      const flash = `${here.dir}/flash`;
      mkdirSync(flash);
      await using root = await upgrading({ flash });
      const expected = plainly(root, exchange('one', 'two'));
      shell(root.mountpoint, exchange('one', 'two'));
      await root.settle();
      assert.equal(shell(root.mountpoint, LIST), expected);
      assert.equal(readFileSync(`${root.flash}/two/sub/b`, 'latin1'), 'one/sub/b\n');
      assert.equal(readFileSync(`${root.flash}/one/c`, 'latin1'), 'two/c\n');
      assert.ok(!existsSync(`${root.flash}/one/sub`));
      assert.equal(shell(flash, 'ls .rootsync/stage'), '');
      assert.deepEqual(root.warnings, []);
    });
  });
});

/** Writes to flash what is written before two names trade places: what is wanted from then on, all of it dirty. */
function note(root: MountedRoot, one: string, other: string): void {
  const list = `${root.flash}/.rootsync/wanted`;
  const wanted = new Set(readFileSync(list, 'latin1').split('\0').slice(0, -1));
  const isAt = (path: string, end: string): boolean => path === end || path.startsWith(`${end}/`);
  const isFile = (end: string): boolean => !lstatSync(`${root.disk}/${end}`).isDirectory();
  for (const path of [...wanted])
    for (const [from, to] of [
      [one, other],
      [other, one],
    ] as const)
      if (isAt(path, from) && !isFile(from)) wanted.add(to + path.slice(from.length));
  writeFileSync(list, [...wanted].map((path) => `${path}\0`).join(''), 'latin1');
  const home = ok(openat(AT_FDCWD, asBytes(`${root.flash}/.rootsync`), O_RDONLY | O_DIRECTORY));
  const { log } = got(MarkLog.open(home, new Marks(inoKey)));
  for (const path of wanted)
    if (isAt(path, one) || isAt(path, other)) ok(log.append({ kind: 'dirty', path: asBytes(path) }));
  log.close();
  close(home);
}
