// What each switch of the mode does to what the kernel has cached. Guards against links, directories and special files that were used in hold and
// are never captured, because the kernel does not ask again; against names that show in rehearse though flash lacks them, or stay hidden
// after it; and against names that are dropped with what is mounted on them.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Event } from '../../src/capture/event.ts';
import type { MountConfig } from '../../src/daemon/config.ts';
import { inside, shell } from '../capture/inside.ts';
import type { Ask } from '../capture/inside.ts';
import { records } from '../capture/log-reading.ts';
import { image } from '../copy/images.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { flashTree } from '../run/flash-tree.ts';

const MEMORY = '/dev/shm';
const FILES = ['d/file', 'd/other', 'd/twin', 'e/f/deep', 'e/more', 'link-to/file', 'both/disk'];

async function newRoot(config: Partial<MountConfig> = {}): Promise<MountedRoot> {
  const root = new MountedRoot({ config });
  for (const path of FILES) {
    mkdirSync(join(root.disk, path, '..'), { recursive: true });
    writeFileSync(join(root.disk, path), path);
  }
  linkSync(join(root.disk, 'd/twin'), join(root.disk, 'd/twin2'));
  symlinkSync('d/file', join(root.disk, 'link'));
  symlinkSync('link-to', join(root.disk, 'dirlink'));
  assert.equal(spawnSync('mkfifo', [join(root.disk, 'fifo')]).status, 0);
  assert.equal(spawnSync('mknod', [join(root.disk, 'null'), 'c', '1', '3']).status, 0);
  mkdirSync(join(root.flash, 'both'));
  writeFileSync(join(root.flash, 'both/flash'), 'both/flash');
  return root.start();
}

const WALK: readonly Ask[] = [
  ['list', '/'],
  ['list', '/d'],
  ['list', '/e'],
  ['list', '/both'],
  ['read', '/link'],
  ['read', '/dirlink/file'],
  ['lstat', '/fifo'],
  ['lstat', '/null'],
  ['read', '/d/twin'],
  ['stat', '/d/twin2'],
  ['stat', '/d/other'],
  ['stat', '/e/f'],
  ['stat', '/e/none'],
];

async function onFlash(root: MountedRoot): Promise<string[]> {
  await root.settle();
  return [...flashTree(root.flash).keys()].sort();
}

const eventsOf = (root: MountedRoot): Event[] => records(join(root.flash, '.rootsync/log')) as Event[];
const before = ['/both', '/both/flash'];

describe('mode switch', function () {
  this.timeout(120_000);
  needsMount();

  const cases: {
    readonly ask: Ask;
    readonly captured: readonly string[];
    readonly may?: string;
    readonly config?: Partial<MountConfig>;
  }[] = [
    { ask: ['read', '/link'], captured: ['/d/file', '/link'] },
    { ask: ['readlink', '/link'], captured: ['/link'] },
    { ask: ['stat', '/dirlink/.'], captured: ['/dirlink', '/link-to'] },
    { ask: ['lstat', '/fifo'], captured: ['/fifo'] },
    { ask: ['lstat', '/null'], captured: ['/null'] },
    { ask: ['stat', '/e/f'], captured: ['/e/f'] },
    { ask: ['read', '/e/f/deep'], captured: ['/e/f/deep'] },
    // Its other name as well, if the kernel has not forgotten it.
    { ask: ['read', '/d/twin'], captured: ['/d/twin'], may: '/d/twin2' },
    { ask: ['stat', '/d/other'], captured: ['/d'], config: { onStat: false } },
    { ask: ['stat', '/d/other'], captured: ['/d/other'], config: { onStat: true } },
    { ask: ['stat', '/e/none'], captured: ['/e'] },
    { ask: ['list', '/d'], captured: ['/d'], config: { onStat: true } },
  ];
  describe('from hold to capture: what was used in hold is captured by its next use', () => {
    for (const { ask, captured, may, config } of cases) {
      it(`${ask.join(' ')}${config?.onStat ? ', by its name' : ''}`, async () => {
        await using root = await newRoot({ mode: 'hold', ...config });
        const answers = inside(root.mountpoint, [...WALK, ask]);
        assert.deepEqual(await onFlash(root), before);
        await root.switchMode('capture');
        assert.deepEqual(inside(root.mountpoint, [ask]), answers.slice(-1));
        const now = await onFlash(root);
        assert.deepEqual(
          now.filter((path) => path !== may && !before.includes(path) && !isParent(path, now)),
          captured,
        );
        assert.deepEqual(root.warnings, []);
      });
    }
  });

  it('from capture to hold: nothing more is captured, of what the kernel knows or not', async () => {
    await using root = await newRoot();
    inside(root.mountpoint, [
      ['list', '/'],
      ['list', '/d'],
      ['read', '/d/file'],
    ]);
    const held = await onFlash(root);
    await root.switchMode('hold');
    inside(root.mountpoint, WALK);
    assert.deepEqual(await onFlash(root), held);
  });

  it('hides in rehearse what only disk has, from listings and by name, and shows it again', async () => {
    await using root = await newRoot({ mode: 'hold' });
    const shown = inside(root.mountpoint, WALK);
    await root.switchMode('rehearse');
    const hidden = inside(root.mountpoint, WALK);
    const gone = 'ENOENT';
    assert.deepEqual(hidden, ['both', gone, gone, 'flash', ...new Array<string>(9).fill(gone)]);
    // Once for each name, whoever asks and however often the kernel does.
    inside(root.mountpoint, WALK);
    const misses = eventsOf(root).filter(({ kind }) => kind === 'miss');
    assert.deepEqual(misses.map(({ path }) => path).sort(), ['/d', '/dirlink', '/e', '/fifo', '/link', '/null']);
    assert.deepEqual(misses[0]?.requester?.comm, 'perl');
    await root.switchMode('hold');
    assert.deepEqual(inside(root.mountpoint, WALK), shown);
    assert.deepEqual(await onFlash(root), before);
    await root.switchMode('rehearse');
    assert.deepEqual(inside(root.mountpoint, WALK), hidden);
    await root.switchMode('capture');
    assert.deepEqual(inside(root.mountpoint, WALK), shown);
    assert.ok((await onFlash(root)).includes('/link'));
  });

  it('leaves what is open, and who is inside, to go on while it is hidden', async () => {
    await using root = await newRoot({ mode: 'hold' });
    const script = `exec 3< d/file; cd e/f; exec 4< deep; echo ready; read; cat <&3; cat <&4; cat deep 2>/dev/null || echo -n none; read; cat deep`;
    const held = spawn('bash', ['-c', script], { cwd: root.mountpoint, stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    held.stdout.on('data', (chunk) => (said += String(chunk)));
    await once(held.stdout, 'data');
    await root.switchMode('rehearse');
    held.stdin.write('\n');
    while (!said.includes('none')) await once(held.stdout, 'data');
    await root.switchMode('hold');
    held.stdin.write('\n');
    await once(held, 'close');
    assert.equal(said, 'ready\nd/filee/f/deepnonee/f/deep');
  });

  it('never drops a name that something is mounted on, known to flash or not', async () => {
    await using root = await newRoot({ mode: 'hold' });
    const at = join(root.mountpoint, 'e/f');
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', 'none', at]).status, 0);
    try {
      shell(at, 'echo here > file');
      for (const mode of ['rehearse', 'hold', 'rehearse', 'capture', 'rehearse'] as const) {
        await root.switchMode(mode);
        assert.equal(shell(root.dir, 'cat mnt/e/f/file'), 'here\n', mode);
      }
      const missed = eventsOf(root).filter(({ kind }) => kind === 'miss');
      assert.deepEqual(
        missed.map(({ path, operation }) => [path, operation]),
        [
          ['/e/f', 'mount'],
          ['/e/f', 'mount'],
        ],
      );
      assert.ok((await onFlash(root)).includes('/e/f'), 'needed by who mounts there');
    } finally {
      spawnSync('umount', [at]);
    }
  });

  it('nor one that somebody has mounted on in a namespace of his own', async () => {
    await using root = await newRoot({ mode: 'hold' });
    const at = join(root.mountpoint, 'e/f');
    const script = `mount -t tmpfs none "$0"; echo here > "$0/file"; echo ready; read; cat "$0/file"`;
    const apart = spawn('unshare', ['-m', 'bash', '-c', script, at], { stdio: ['pipe', 'pipe', 'inherit'] });
    let said = '';
    apart.stdout.on('data', (chunk) => (said += String(chunk)));
    await once(apart.stdout, 'data');
    await root.switchMode('rehearse');
    inside(root.mountpoint, WALK);
    apart.stdin.end('\n');
    await once(apart, 'close');
    assert.equal(said, 'ready\nhere\n');
  });

  it('shows in rehearse what was on its way to flash, once it is there', async () => {
    // In memory, where there is: there switching is faster than copying.
    await using root = new MountedRoot(existsSync(MEMORY) ? { base: MEMORY } : {});
    await root.start();
    let onItsWay = false;
    for (let n = 0; n < 8 && !onItsWay; n++) {
      const path = join(root.disk, `big${n}`);
      assert.equal(spawnSync('dd', ['if=/dev/urandom', `of=${path}`, 'bs=1M', 'count=96', 'status=none']).status, 0);
      await root.switchMode('capture');
      shell(root.mountpoint, `head -c 1 big${n} > /dev/null`);
      await root.switchMode('rehearse');
      onItsWay =
        inside(root.mountpoint, [
          ['stat', `/big${n}`],
          ['list', '/'],
        ])[0] === 'ENOENT';
      await root.settle();
      // Its notification is under way.
      for (let tries = 0; inside(root.mountpoint, [['stat', `/big${n}`]])[0] !== 'ok'; tries++) assert.ok(tries < 50);
      assert.deepEqual(inside(root.mountpoint, [['list', '/']]), [`big${n}`]);
      assert.ok(readFileSync(join(root.flash, `big${n}`)).equals(readFileSync(path)));
      for (const dir of [root.flash, root.disk]) rmSync(join(dir, `big${n}`));
    }
    assert.ok(onItsWay, 'every copy was there before it could be missed');
  });

  it('takes a name in rehearse that disk has, for good', async () => {
    await using root = await newRoot({ mode: 'hold' });
    inside(root.mountpoint, WALK);
    await root.switchMode('rehearse');
    shell(root.mountpoint, 'mkdir d e; echo new > d/file; echo moved > x; mv x link; mkfifo e/f');
    await root.switchMode('capture');
    assert.deepEqual(
      inside(root.mountpoint, [
        ['list', '/d'],
        ['read', '/d/file'],
        ['read', '/link'],
        ['stat', '/e/f/deep'],
        ['list', '/e'],
      ]),
      ['file', 'new\n', 'moved\n', 'ENOTDIR', 'f'],
    );
    assert.deepEqual(root.warnings, []);
  });

  it('gives the name of what is hidden away for good, whoever is still inside', async () => {
    await using root = await newRoot({ mode: 'hold' });
    const script = `cd d; echo ready; read; echo x > stray || true; echo tried; read`;
    const insider = spawn('bash', ['-c', script], { cwd: root.mountpoint, stdio: ['pipe', 'pipe', 'ignore'] });
    await once(insider.stdout, 'data');
    await root.switchMode('rehearse');
    shell(root.mountpoint, 'mkdir d');
    insider.stdin.write('\n');
    await once(insider.stdout, 'data');
    assert.deepEqual(inside(root.mountpoint, [['list', '/d']]), ['']);
    await root.switchMode('capture');
    assert.deepEqual(
      inside(root.mountpoint, [
        ['list', '/d'],
        ['stat', '/d/file'],
      ]),
      ['', 'ENOENT'],
    );
    insider.stdin.end();
    await once(insider, 'close');
  });

  describe('with a small flash', () => {
    const flash = image('ext4', { size: '16M' });

    it('tries what had no room again in capture only', async () => {
      mkdirSync(join(flash.dir, 'flash'));
      await using root = new MountedRoot({ flash: join(flash.dir, 'flash') });
      symlinkSync('nowhere', join(root.disk, 'link'));
      await root.start();
      spawnSync('dd', ['if=/dev/zero', `of=${join(flash.dir, 'filler')}`, 'bs=4k', 'status=none']);
      inside(root.mountpoint, [['readlink', '/link']]);
      await root.settle();
      assert.deepEqual(await onFlash(root), [], 'flash was not full');
      await root.switchMode('hold');
      rmSync(join(flash.dir, 'filler'));
      await setTimeout(500);
      inside(root.mountpoint, [['list', '/']]);
      assert.deepEqual(await onFlash(root), []);
      await root.switchMode('capture');
      assert.deepEqual(await onFlash(root), ['/link']);
    });
  });
});

function isParent(path: string, all: readonly string[]): boolean {
  return all.some((other) => other.startsWith(`${path}/`));
}
