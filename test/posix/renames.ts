// Renames of files and directories, with the flags that Node does not have.

import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmdirSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { fromText } from '../../src/bytes.ts';
import { errnoName } from '../../src/errno.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { RENAME_EXCHANGE, RENAME_NOREPLACE, RENAME_WHITEOUT, renameat2 } from '../../src/sys/link.ts';
import { CONTENT, fails, program } from './case.ts';
import type { Cases } from './case.ts';

function rename(from: string, to: string, flags: number): string {
  const err = renameat2(AT_FDCWD, fromText(from), AT_FDCWD, fromText(to), flags);
  return err < 0 ? errnoName(err) : '';
}

// POSIX has two errors for this; xfs gives the other one.
function failsNotEmpty(call: () => void): void {
  assert.throws(call, ({ code }: NodeJS.ErrnoException) => code === 'ENOTEMPTY' || code === 'EEXIST');
}

export const renames: Cases = {
  'of a file, over nothing, a file and a symlink': ({ at }) => {
    const { ino } = statSync(at('file'));
    renameSync(at('file'), at('new'));
    renameSync(at('new'), at('second'));
    renameSync(at('second'), at('link'));
    assert.equal(lstatSync(at('link')).ino, ino);
    assert.equal(readFileSync(at('link'), 'utf8'), CONTENT);
    for (const name of ['file', 'new', 'second']) assert.ok(!existsSync(at(name)), name);
  },
  'kinds that do not fit': ({ at }) => {
    fails('EISDIR', () => renameSync(at('file'), at('empty')));
    fails('ENOTDIR', () => renameSync(at('empty'), at('file')));
    failsNotEmpty(() => renameSync(at('empty'), at('full')));
    fails('EINVAL', () => renameSync(at('full'), at('full/sub/inside')));
    failsNotEmpty(() => renameSync(at('full/sub'), at('full')));
    fails('ENOENT', () => renameSync(at('missing'), at('new')));
  },
  'of a directory with all in it, to and fro': ({ at }) => {
    const { ino } = statSync(at('full'));
    renameSync(at('full'), at('moved'));
    assert.deepEqual(readdirSync(at('moved')).sort(), ['one', 'sub']);
    assert.equal(readFileSync(at('moved/sub/deep/three'), 'utf8'), CONTENT);
    writeFileSync(at('moved/sub/new'), 'new');
    renameSync(at('moved/sub'), at('other/sub'));
    renameSync(at('moved'), at('full'));
    renameSync(at('other/sub'), at('full/sub'));
    assert.deepEqual(readdirSync(at('full/sub')).sort(), ['deep', 'new', 'two']);
    assert.equal(statSync(at('full')).ino, ino);
    assert.ok(!existsSync(at('moved')));
  },
  'of a directory with things in it that were moved there': ({ at }) => {
    renameSync(at('file'), at('full/moved-file'));
    renameSync(at('other'), at('full/sub/moved-directory'));
    renameSync(at('full'), at('empty/full'));
    renameSync(at('empty'), at('top'));
    assert.deepEqual(readdirSync(at('top/full/sub/moved-directory')), ['four']);
    assert.equal(readFileSync(at('top/full/moved-file'), 'utf8'), CONTENT);
  },
  'of a directory over an empty one': ({ at }) => {
    renameSync(at('full'), at('empty'));
    assert.deepEqual(readdirSync(at('empty')).sort(), ['one', 'sub']);
    mkdirSync(at('full'));
    assert.deepEqual(readdirSync(at('full')), []);
    renameSync(at('full'), at('again'));
    assert.deepEqual(readdirSync(at('again')), []);
  },
  'of a directory over one that was emptied': ({ at }) => {
    program({ dir: at(''), at }, 'sh', '-c', 'rm -r full/*');
    renameSync(at('other'), at('full'));
    assert.deepEqual(readdirSync(at('full')), ['four']);
  },
  'what is open or a working directory moves along': ({ at }) => {
    const fd = openSync(at('full/sub/two'), 'r+');
    const said = program(
      { dir: at('full/sub'), at },
      'sh',
      '-c',
      'mv ../../full ../../moved && cat two && /bin/pwd -P',
    );
    assert.ok(said.startsWith(CONTENT) && said.trim().endsWith('/moved/sub'), said.slice(-80));
    writeFileSync(fd, 'open');
    assert.equal(readFileSync(at('moved/sub/two'), 'utf8').slice(0, 4), 'open');
    closeSync(fd);
  },
  RENAME_NOREPLACE: ({ at }) => {
    for (const name of ['second', 'full', 'dangling'])
      assert.equal(rename(at('file'), at(name), RENAME_NOREPLACE), 'EEXIST');
    assert.equal(rename(at('file'), at('new'), RENAME_NOREPLACE), '');
    assert.equal(rename(at('full'), at('new-full'), RENAME_NOREPLACE), '');
    assert.ok(existsSync(at('new-full/sub/deep/three')));
  },
  'RENAME_EXCHANGE of files, symlinks and a directory': ({ at }) => {
    writeFileSync(at('second'), 'second');
    assert.equal(rename(at('file'), at('second'), RENAME_EXCHANGE), '');
    assert.equal(readFileSync(at('file'), 'utf8'), 'second');
    assert.equal(readFileSync(at('second'), 'utf8'), CONTENT);
    assert.equal(rename(at('dangling'), at('second'), RENAME_EXCHANGE), '');
    assert.ok(lstatSync(at('second')).isSymbolicLink());
    assert.equal(rename(at('file'), at('missing'), RENAME_EXCHANGE), 'ENOENT');
    assert.equal(rename(at('full'), at('full/sub'), RENAME_EXCHANGE), 'EINVAL');
  },
  'RENAME_EXCHANGE of two directories with content': ({ at }) => {
    assert.equal(rename(at('full'), at('other'), RENAME_EXCHANGE), '');
    assert.deepEqual(readdirSync(at('full')), ['four']);
    assert.deepEqual(readdirSync(at('other')).sort(), ['one', 'sub']);
    assert.equal(readFileSync(at('other/sub/deep/three'), 'utf8'), CONTENT);
    assert.equal(rename(at('full'), at('file'), RENAME_EXCHANGE), '');
    assert.equal(readFileSync(at('full'), 'utf8'), CONTENT);
    assert.deepEqual(readdirSync(at('file')), ['four']);
  },
  'RENAME_WHITEOUT leaves nothing of the old name to read': ({ at }) => {
    assert.equal(rename(at('file'), at('new'), RENAME_WHITEOUT), '');
    assert.equal(readFileSync(at('new'), 'utf8'), CONTENT);
    assert.ok(!existsSync(at('file')) || lstatSync(at('file')).isCharacterDevice());
  },
  'a directory moved in, and removed with all that it shows': ({ at }) => {
    renameSync(at('full'), at('other/full'));
    program({ dir: at(''), at }, 'rm', '-r', 'other/full');
    assert.deepEqual(readdirSync(at('other')), ['four']);
    mkdirSync(at('other/full'));
    assert.deepEqual(readdirSync(at('other/full')), []);
    rmdirSync(at('other/full'));
    assert.ok(!existsSync(at('full')));
  },
};
