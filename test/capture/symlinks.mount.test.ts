// Which hops of which symlinks are captured: each that is followed, as it is, and no other. Guards against flash lacking a hop (the program is
// not found there), and against following or rewriting links ourselves, as tools do that watch from outside.

import assert from 'node:assert/strict';
import { linkSync, lstatSync, mkdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { flashTree } from '../run/flash-tree.ts';
import { inside } from './inside.ts';
import type { Ask } from './inside.ts';

const FILES = [
  'usr/bin/tool',
  'usr/bin/vim.basic',
  'usr/lib/libfoo.so.1.2.3',
  'd/e/f',
  'opt/releases/2/conf',
  'opt/releases/1/conf',
  'x/file',
];
const LINKS: Readonly<Record<string, string>> = {
  bin: 'usr/bin',
  lib: 'usr/lib',
  'usr/lib/libfoo.so.1': 'libfoo.so.1.2.3',
  'usr/lib/libfoo.so': 'libfoo.so.1',
  'usr/bin/editor': '/etc/alternatives/editor',
  'etc/alternatives/editor': '/usr/bin/vim.basic',
  'a/b/c/across': '../../../d/relative',
  'd/relative': './e//f',
  'opt/current': 'releases/2',
  'etc/up': '/../../opt/current/../1/conf',
  'etc/dangling': '/nowhere/at all',
  'etc/dangling-here': 'missing',
  'etc/through-file': '../x/file/more',
  'etc/loop1': 'loop2',
  'etc/loop2': '/etc/loop1',
  'etc/self': 'self',
  'etc/unused': '../x/file',
  ...Object.fromEntries(Array.from({ length: 45 }, (_, i) => [`chain/${i}`, i < 44 ? String(i + 1) : '../x/file'])),
};

interface Case {
  readonly what: string;
  readonly asks: readonly Ask[];
  readonly answers: readonly string[];
  /** Files and symlinks on flash afterwards. */
  readonly captured: readonly string[];
}

const CASES: readonly Case[] = [
  {
    what: 'a directory symlink in the middle (/bin)',
    asks: [['open', '/bin/tool']],
    answers: ['ok'],
    captured: ['/bin', '/usr/bin/tool'],
  },
  {
    what: 'a library by its soname, not by the name for the linker',
    asks: [['open', '/lib/libfoo.so.1']],
    answers: ['ok'],
    captured: ['/lib', '/usr/lib/libfoo.so.1', '/usr/lib/libfoo.so.1.2.3'],
  },
  {
    what: '/etc/alternatives, by absolute links',
    asks: [['open', '/bin/editor']],
    answers: ['ok'],
    captured: ['/bin', '/etc/alternatives/editor', '/usr/bin/editor', '/usr/bin/vim.basic'],
  },
  {
    what: 'relative links across directories',
    asks: [['read', '/a/b/c/across']],
    answers: ['d/e/f'],
    captured: ['/a/b/c/across', '/d/e/f', '/d/relative'],
  },
  {
    what: '`..` after a link leads from where the link leads to',
    asks: [['read', '/etc/up']],
    answers: ['opt/releases/1/conf'],
    captured: ['/etc/up', '/opt/current', '/opt/releases/1/conf'],
  },
  {
    what: 'dangling links, as they are',
    asks: [
      ['open', '/etc/dangling'],
      ['stat', '/etc/dangling-here'],
      ['open', '/etc/through-file'],
    ],
    answers: ['ENOENT', 'ENOENT', 'ENOTDIR'],
    captured: ['/etc/dangling', '/etc/dangling-here', '/etc/through-file', '/x/file'],
  },
  {
    what: 'loops',
    asks: [
      ['open', '/etc/loop1'],
      ['stat', '/etc/self/below'],
    ],
    answers: ['ELOOP', 'ELOOP'],
    captured: ['/etc/loop1', '/etc/loop2', '/etc/self'],
  },
  {
    what: 'a chain that is too long, as far as the kernel goes',
    asks: [['open', '/chain/0']],
    answers: ['ELOOP'],
    captured: Array.from({ length: 40 }, (_, i) => `/chain/${i}`).sort(),
  },
  {
    what: 'readlink alone: the link without what it leads to',
    asks: [['readlink', '/etc/alternatives/editor']],
    answers: ['/usr/bin/vim.basic'],
    captured: ['/etc/alternatives/editor'],
  },
  {
    what: 'nothing, for who only looks at links: lstat, a listing, O_NOFOLLOW',
    asks: [
      ['lstat', '/etc/unused'],
      ['list', '/chain'],
      ['nofollow', '/etc/loop1'],
    ],
    answers: [
      'ok',
      Array.from({ length: 45 }, (_, i) => String(i))
        .sort()
        .join('\0'),
      'ELOOP',
    ],
    captured: [],
  },
];

function makeTree(disk: string): void {
  const make = (path: string): string => {
    mkdirSync(dirname(`${disk}/${path}`), { recursive: true });
    return `${disk}/${path}`;
  };
  for (const path of FILES) writeFileSync(make(path), path);
  for (const [path, target] of Object.entries(LINKS)) symlinkSync(target, make(path));
}

function captured(flash: string): string[] {
  return [...flashTree(flash)]
    .filter(([, type]) => type !== 'directory')
    .map(([path]) => path)
    .sort();
}

describe('captured symlinks', function () {
  this.timeout(60_000);
  needsMount();

  for (const { what, asks, answers, captured: expected } of CASES) {
    it(what, async () => {
      await using root = new MountedRoot({ config: { onStat: true } });
      makeTree(root.disk);
      await root.start();
      assert.deepEqual(inside(root.mountpoint, asks), answers);
      await root.settle();
      // Asked again, from the kernel's cache or from flash, the answers are the same.
      assert.deepEqual(inside(root.mountpoint, asks), answers);
      await root.stop();
      assert.deepEqual(captured(root.flash), expected);
      for (const path of expected) {
        const target = LINKS[path.slice(1)];
        if (target !== undefined) assert.equal(readlinkSync(root.flash + path), target);
      }
      // Flash alone answers the same, as far as what was asked had an answer; a listing shows what was captured.
      const used = asks.flatMap((ask, i) =>
        ask[0] === 'list' || ask[0] === 'lstat' || ask[0] === 'nofollow' ? [] : [i],
      );
      if (used.length === 0) return;
      const again = inside(
        root.flash,
        used.map((i) => asks[i]!),
      );
      assert.deepEqual(
        again,
        used.map((i) => (what.startsWith('a chain') ? 'ENOENT' : answers[i])),
      );
    });
  }

  it('a symlink with two names: the name that was followed, then the other as a link to it', async () => {
    await using root = new MountedRoot();
    makeTree(root.disk);
    linkSync(`${root.disk}/etc/unused`, `${root.disk}/etc/unused-too`);
    await root.start();
    assert.deepEqual(inside(root.mountpoint, [['open', '/etc/unused-too']]), ['ok']);
    await root.settle();
    assert.deepEqual(captured(root.flash), ['/etc/unused-too', '/x/file']);
    assert.deepEqual(inside(root.mountpoint, [['open', '/etc/unused']]), ['ok']);
    await root.stop();
    assert.deepEqual(captured(root.flash), ['/etc/unused', '/etc/unused-too', '/x/file']);
    const inos = ['unused', 'unused-too'].map((name) => lstatSync(`${root.flash}/etc/${name}`).ino);
    assert.equal(inos[0], inos[1]);
  });
});
