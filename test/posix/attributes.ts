// Times, extended attributes, sizes and holes.

import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { asBytes, fromText } from '../../src/bytes.ts';
import { errnoName } from '../../src/errno.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { UTIME_OMIT, utimensAt } from '../../src/sys/attr.ts';
import {
  FALLOC_FL_KEEP_SIZE,
  FALLOC_FL_PUNCH_HOLE,
  SEEK_DATA,
  SEEK_HOLE,
  copyFileRange,
  fallocate,
  lseek,
} from '../../src/sys/io.ts';
import { listxattr, readxattr, removexattr, setxattr } from '../../src/sys/xattr.ts';
import { CONTENT } from './case.ts';
import type { Cases } from './case.ts';

function ns(path: string): { mtimeNs: bigint; ctimeNs: bigint; atimeNs: bigint } {
  return lstatSync(path, { bigint: true });
}

function xattr(path: string, name: string): string {
  const value = readxattr(AT_FDCWD, fromText(path), asBytes(name));
  return typeof value === 'number' ? errnoName(value) : value.toString('latin1');
}

export const attributes: Cases = {
  'times to the nanosecond, each alone, before 1970': ({ at }) => {
    const set = (...times: [number, number, number, number]) => utimensAt(AT_FDCWD, fromText(at('file')), ...times);
    assert.equal(set(1_111_111_111, 123_456_789, 2_000_000_000, 987_654_321), 0);
    assert.equal(ns(at('file')).mtimeNs, 2_000_000_000_987_654_321n);
    assert.equal(ns(at('file')).atimeNs, 1_111_111_111_123_456_789n);
    assert.equal(set(0, UTIME_OMIT, -5, 1), 0);
    assert.equal(ns(at('file')).mtimeNs, -4_999_999_999n);
    assert.equal(ns(at('file')).atimeNs, 1_111_111_111_123_456_789n);
    lutimesSync(at('link'), 1, 2);
    assert.equal(ns(at('link')).mtimeNs, 2_000_000_000n);
  },
  'what moves which time': ({ at }) => {
    const before = ns(at('file'));
    readFileSync(at('file'));
    readdirSync(at('other'));
    assert.equal(ns(at('file')).mtimeNs, before.mtimeNs);
    chmodSync(at('file'), 0o600);
    assert.equal(ns(at('file')).mtimeNs, before.mtimeNs);
    assert.ok(ns(at('file')).ctimeNs > before.ctimeNs);
    const directory = ns(at('other'));
    readFileSync(at('other/four'));
    assert.equal(ns(at('other')).mtimeNs, directory.mtimeNs);
    writeFileSync(at('other/four'), 'x');
    assert.equal(ns(at('other')).mtimeNs, directory.mtimeNs);
    writeFileSync(at('other/new'), '');
    assert.ok(ns(at('other')).mtimeNs > directory.mtimeNs);
    const written = ns(at('file')).mtimeNs;
    const fd = openSync(at('file'), 'r+');
    writeSync(fd, 'x');
    closeSync(fd);
    assert.ok(ns(at('file')).mtimeNs > written);
    utimesSync(at('file'), 5, 5);
    truncateSync(at('file'), 10);
    assert.ok(ns(at('file')).mtimeNs > 5_000_000_000n);
  },
  'extended attributes of files and directories': ({ at }) => {
    for (const path of [at('file'), at('full'), at('link').replace('link', 'second')]) {
      const name = fromText(path);
      assert.equal(setxattr(AT_FDCWD, name, asBytes('user.one'), Buffer.from('1')), 0);
      assert.equal(setxattr(AT_FDCWD, name, asBytes('user.big'), Buffer.alloc(2000, 'b')), 0);
      assert.equal(errnoName(setxattr(AT_FDCWD, name, asBytes('user.one'), Buffer.from('2'), 1)), 'EEXIST');
      assert.equal(errnoName(setxattr(AT_FDCWD, name, asBytes('user.none'), Buffer.from('2'), 2)), 'ENODATA');
      assert.equal(xattr(path, 'user.one'), '1');
      assert.equal(xattr(path, 'user.big').length, 2000);
      assert.deepEqual([...(listxattr(AT_FDCWD, name) as string[])].sort(), ['user.big', 'user.one']);
      assert.equal(removexattr(AT_FDCWD, name, asBytes('user.one')), 0);
      assert.equal(xattr(path, 'user.one'), 'ENODATA');
    }
  },
  'truncated up and down': ({ at }) => {
    truncateSync(at('file'), 100);
    assert.equal(readFileSync(at('file'), 'utf8'), CONTENT.slice(0, 100));
    truncateSync(at('file'), 10_000);
    const bytes = readFileSync(at('file'));
    assert.equal(bytes.length, 10_000);
    assert.ok(bytes.subarray(100).every((byte) => byte === 0));
    truncateSync(at('file'), 2 ** 40);
    assert.equal(statSync(at('file')).size, 2 ** 40);
    truncateSync(at('file'), 0);
    assert.equal(statSync(at('file')).blocks, 0);
  },
  'holes are found, made and kept': ({ at }) => {
    const fd = openSync(at('file'), 'r+');
    truncateSync(at('file'), 0);
    writeSync(fd, 'end', 1 << 20);
    assert.equal(lseek(fd, 0, SEEK_DATA), 1 << 20);
    assert.equal(lseek(fd, 0, SEEK_HOLE), 0);
    assert.ok(statSync(at('file')).blocks < 64);
    writeSync(fd, Buffer.alloc(65_536, 1), 0, 65_536, 0);
    assert.equal(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192), 0);
    assert.ok(
      readFileSync(at('file'))
        .subarray(4096, 12_288)
        .every((byte) => byte === 0),
    );
    assert.equal(lseek(fd, 0, SEEK_HOLE), 4096);
    assert.equal(fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 2 << 20), 0);
    assert.equal(statSync(at('file')).size, (1 << 20) + 3);
    assert.equal(fallocate(fd, 0, 0, 2 << 20), 0);
    assert.equal(statSync(at('file')).size, 2 << 20);
    closeSync(fd);
  },
  'a range is copied between files': ({ at }) => {
    const from = openSync(at('second'), 'r');
    const to = openSync(at('file'), 'r+');
    assert.equal(copyFileRange(from, 6, to, 0, 8), 8);
    assert.equal(readFileSync(at('file'), 'utf8').slice(0, 8), CONTENT.slice(6, 14));
    closeSync(from);
    closeSync(to);
  },
  'a new directory counts as changed, and its parent': ({ at }) => {
    const before = Date.now() - 1000;
    mkdirSync(at('empty/new'));
    assert.ok(statSync(at('empty/new')).mtimeMs > before);
    assert.ok(statSync(at('empty')).mtimeMs > before);
  },
};
