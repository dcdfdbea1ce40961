// A captured tree equals its source in everything that tar could keep, on each filesystem that flash may be; and capturing changes neither the
// source nor the directories that it puts things in. Guards against losing what a program needs but no test of bytes sees: capabilities,
// ACLs, times, hard links, holes.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, linkSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { image } from '../copy/images.ts';
import type { ImageType } from '../copy/images.ts';
import { makeSparse, makeSpecimens } from '../copy/specimens.ts';
import { witness } from '../copy/witness.ts';
import type { Account } from '../copy/witness.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { flashTree } from '../run/flash-tree.ts';
import { inside, shell } from './inside.ts';
import type { Ask } from './inside.ts';

const FLASHES: readonly ImageType[] = ['ext4', 'xfs', 'btrfs', 'tmpfs'];
const GROUPS = [
  ['/links/one', '/links/two', '/links/far/three'],
  ['/links/a', '/links/far/b'],
];

function makeTree(disk: string): void {
  mkdirSync(`${disk}/every/kind`, { recursive: true });
  makeSpecimens(`${disk}/every/kind`);
  mkdirSync(`${disk}/links/far`, { recursive: true });
  for (const [first, ...others] of GROUPS) {
    writeFileSync(disk + first!, `group of ${first}`);
    for (const other of others) linkSync(disk + first!, disk + other);
  }
  makeSparse(`${disk}/links/sparse`, 10 << 20, [1 << 20, 5 << 20]);
  chownSync(`${disk}/every`, 12, 34);
  chmodSync(`${disk}/every`, 0o2751);
  execFileSync('setfattr', ['-n', 'trusted.of-a-directory', '-v', 'value', `${disk}/every`]);
  execFileSync('setfacl', ['-m', 'u:1000:rwx', `${disk}/every`]);
  for (const [dir, time] of [
    ['every/kind', '@1111111111.111111111'],
    ['every', '@999999999.999999999'],
    ['links', '@-5.000000005'],
    ['links/far', '@1700000000.000000001'],
    ['.', '@1600000000.123456789'],
  ]) {
    execFileSync('touch', ['-d', time!, `${disk}/${dir!}`]);
  }
}

/** Uses every object below `dir` in the way that captures it; its directories last, so that nothing is known before it is asked for. */
function useAll(disk: string, dir: string): Ask[] {
  const asks: Ask[] = [];
  for (const name of readdirSync(Buffer.from(disk + dir, 'latin1'), { encoding: 'latin1' as BufferEncoding })) {
    const path = `${dir}/${name}`;
    const stat = lstatSync(Buffer.from(disk + path, 'latin1'));
    if (stat.isDirectory()) asks.push(...useAll(disk, path), ['list', path]);
    else asks.push([stat.isFile() ? 'open' : stat.isSymbolicLink() ? 'readlink' : 'lstat', path]);
  }
  return asks;
}

/** Accounts of all directories of the tree, by directory; that of the root is under ''. */
function accounts(root: string): Record<string, Record<string, Account>> {
  const found: Record<string, Record<string, Account>> = {};
  for (const dir of ['', '/every', '/every/kind', '/links', '/links/far']) {
    const here = witness(root + dir);
    delete here['.rootsync'];
    delete here['lost+found'];
    found[dir] = here;
  }
  return found;
}

function inodes(root: string, paths: readonly string[]): Set<number> {
  return new Set(paths.map((path) => lstatSync(root + path).ino));
}

describe('a captured tree', function () {
  this.timeout(120_000);
  needsMount();
  const disk = image('ext4');
  const flashes = FLASHES.map((type) => image(type));
  let source = '';
  let before_: ReturnType<typeof accounts>;

  before(function () {
    source = `${disk.dir}/root`;
    mkdirSync(source);
    makeTree(source);
    before_ = accounts(source);
  });

  for (const flash of flashes) {
    for (const passthrough of [true, false]) {
      it(`on ${flash.type}${passthrough ? '' : ', served'}: equals its source`, async () => {
        const here = `${flash.dir}/flash-${passthrough}`;
        mkdirSync(here);
        await using root = new MountedRoot({ flash: here, disk: source, config: { passthrough } });
        await root.start();
        const asks = useAll(source, '');
        const answers = inside(root.mountpoint, asks);
        assert.deepEqual(
          answers.filter((answer) => /^E[A-Z]+$/.test(answer)),
          [],
        );
        await root.settle();
        const shown = accounts(root.mountpoint);
        await root.stop();
        assert.deepEqual(root.warnings, []);
        assert.deepEqual(accounts(source), before_, 'the source, after it was captured');
        const found = accounts(here);
        // What the merged root showed all along was the truth, too (holes it may fill).
        assert.deepEqual(withoutSegments(shown), withoutSegments(before_), 'as the merged root showed it');
        assert.deepEqual(found, before_);
        assert.equal(Object.values(found).flatMap(Object.keys).length, flashTree(here).size);
        for (const group of GROUPS) {
          assert.equal(inodes(here, group).size, 1);
          assert.equal(lstatSync(here + group[0]!).nlink, group.length);
        }
        assert.notEqual([...inodes(here, GROUPS[0]!)][0], [...inodes(here, GROUPS[1]!)][0]);
      });
    }
  }

  it('does not show as changed to who looks while it is captured: times of change (ctime), too', async () => {
    await using root = new MountedRoot();
    makeTree(root.disk);
    await root.start();
    const look = "find . -mindepth 1 -printf '%P %C@ %T@ %n %i\\n' | LC_ALL=C sort";
    const first = shell(root.disk, look);
    assert.equal(shell(root.mountpoint, look).replace(/ \d+ (\d+)$/gm, ' $1'), first.replace(/ \d+ (\d+)$/gm, ' $1'));
    // GNU tar fails where a file's time of change moves while it reads.
    shell(
      root.mountpoint,
      'tar cf - --sparse . | cat >/dev/null; [ ${PIPESTATUS[0]} = 0 ]; cat links/one links/sparse >/dev/null',
    );
    await root.settle();
    assert.equal(shell(root.mountpoint, look).replace(/ \d+ (\d+)$/gm, ' $1'), first.replace(/ \d+ (\d+)$/gm, ' $1'));
    shell(root.mountpoint, 'chmod 600 links/one');
    assert.notEqual(shell(root.mountpoint, 'stat -c %Z.%z links/two'), shell(root.disk, 'stat -c %Z.%z links/two'));
    await root.stop();
    assert.deepEqual(root.warnings, []);
  });

  it('does not show as changed in the sizes of its directories, until they are changed', async () => {
    await using root = new MountedRoot();
    mkdirSync(`${root.disk}/many`);
    const names = Array.from({ length: 500 }, (_, i) => `${String(i)}${'x'.repeat(100)}`);
    for (const name of names) writeFileSync(`${root.disk}/many/${name}`, name);
    await root.start();
    const look = 'stat -c "%s %b" many';
    const [first, ownFirst] = [shell(root.disk, look), shell(root.mountpoint, look)];
    assert.equal(ownFirst, first);
    shell(root.mountpoint, 'cat many/1*x >/dev/null');
    await root.settle();
    assert.notEqual(shell(root.flash, look), first, 'sizes of directories do not tell anything here');
    assert.equal(shell(root.mountpoint, look), first);
    shell(root.mountpoint, 'cat many/2*x >/dev/null');
    await root.settle();
    assert.equal(shell(root.mountpoint, look), first);
    shell(root.mountpoint, 'rm many/1x*');
    assert.equal(shell(root.mountpoint, look), shell(root.flash, look));
    await root.stop();
    assert.deepEqual(root.warnings, []);
  });

  it("of a hard-link group, only the names that were used are there, and disk's count of links shows", async () => {
    await using root = new MountedRoot();
    makeTree(root.disk);
    await root.start();
    inside(root.mountpoint, [['open', '/links/far/three']]);
    await root.settle();
    assert.equal(shell(root.mountpoint, 'stat -c %h links/far/three').trim(), '3');
    assert.deepEqual(
      [...flashTree(root.flash)].filter(([, type]) => type !== 'directory').map(([path]) => path),
      ['/links/far/three'],
    );
    inside(root.mountpoint, [['open', '/links/one']]);
    await root.stop();
    assert.equal(inodes(root.flash, ['/links/one', '/links/far/three']).size, 1);
    assert.equal(lstatSync(`${root.flash}/links/one`).nlink, 2);
  });
});

function withoutSegments(all: ReturnType<typeof accounts>): unknown {
  return Object.fromEntries(
    Object.entries(all).map(([dir, objects]) => [
      dir,
      Object.fromEntries(
        Object.entries(objects).map(([name, account]) => [
          name,
          { ...account, segments: '', xattrs: withoutXfs(account.xattrs) },
        ]),
      ),
    ]),
  );
}

/** xfs shows ACLs a second time, through the merged root too. */
function withoutXfs(xattrs: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(xattrs).filter(([name]) => !name.startsWith('trusted.SGI_ACL_')));
}
