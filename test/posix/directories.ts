// Listings, and directories that are removed and made again.

import assert from 'node:assert/strict';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  opendirSync,
  readFileSync,
  readdirSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { DirCursor, seekDir } from '../../src/sys/dir.ts';
import { fails, program } from './case.ts';
import type { Cases } from './case.ts';

export const directories: Cases = {
  'a directory is removed only when it shows nothing': ({ at }) => {
    fails('ENOTEMPTY', () => rmdirSync(at('other')));
    unlinkSync(at('other/four'));
    assert.deepEqual(readdirSync(at('other')), []);
    rmdirSync(at('other'));
    assert.ok(!existsSync(at('other')));
    fails('ENOENT', () => rmdirSync(at('other')));
    fails('ENOTDIR', () => rmdirSync(at('file')));
  },
  'removed and made again, it is empty': ({ at }) => {
    program({ dir: at(''), at }, 'rm', '-r', 'full');
    mkdirSync(at('full'), 0o700);
    assert.deepEqual(readdirSync(at('full')), []);
    assert.ok(!existsSync(at('full/sub')));
    mkdirSync(at('full/sub'));
    assert.deepEqual(readdirSync(at('full/sub')), []);
    writeFileSync(at('full/one'), 'new');
    assert.equal(readFileSync(at('full/one'), 'utf8'), 'new');
    assert.equal(statSync(at('full')).mode & 0o777, 0o700);
  },
  'a file where a directory was, and the other way round': ({ at }) => {
    program({ dir: at(''), at }, 'rm', '-r', 'full', 'file');
    writeFileSync(at('full'), 'a file');
    mkdirSync(at('file'));
    assert.equal(readFileSync(at('full'), 'utf8'), 'a file');
    assert.deepEqual(readdirSync(at('file')), []);
    unlinkSync(at('full'));
    mkdirSync(at('full'));
    assert.deepEqual(readdirSync(at('full')), []);
  },
  'a listing goes on while its names are removed': ({ at }) => {
    for (let i = 0; i < 1500; i++) writeFileSync(at(`empty/name-${i}`), '');
    const listing = opendirSync(at('empty'), { bufferSize: 64 });
    let seen = 0;
    for (let entry = listing.readSync(); entry !== null; entry = listing.readSync()) {
      unlinkSync(at(`empty/${entry.name}`));
      seen++;
    }
    listing.closeSync();
    assert.equal(seen, 1500);
    assert.deepEqual(readdirSync(at('empty')), []);
  },
  'a listing goes on from where it was, and begins anew when asked': ({ at }) => {
    for (let i = 0; i < 300; i++) writeFileSync(at(`empty/name-${i}`), '');
    const fd = openSync(at('empty'), 'r');
    const cursor = new DirCursor(2048);
    const names: string[] = [];
    const places: [number, number][] = [];
    while (cursor.fill(fd) > 0)
      while (cursor.next()) {
        names.push(cursor.name);
        places.push([cursor.offLo, cursor.offHi]);
      }
    assert.equal(new Set(names).size, 300);
    for (const i of [0, 100, 298]) {
      const [lo, hi] = places[i] ?? [0, 0];
      seekDir(fd, lo, hi);
      cursor.fill(fd);
      cursor.next();
      assert.equal(cursor.name, names[i + 1]);
    }
    writeFileSync(at('empty/late'), '');
    seekDir(fd, 0, 0);
    const again = new Set<string>();
    while (cursor.fill(fd) > 0) while (cursor.next()) again.add(cursor.name);
    assert.equal(again.size, 301);
    closeSync(fd);
  },
  'a tree of a thousand files is made, listed and removed': ({ at }) => {
    program(
      { dir: at(''), at },
      'sh',
      '-c',
      'for d in 0 1 2 3 4 5 6 7 8 9; do mkdir -p t/$d/x && (cd t/$d/x && seq 100 | xargs touch); done; ' +
        'test $(find t -type f | wc -l) = 1000 && cp -a t copy && diff -r t copy && rm -r t copy && ! test -e t',
    );
  },
};
