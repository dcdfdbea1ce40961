import assert from 'node:assert/strict';
import { lstatSync, mkdirSync, readdirSync, rmdirSync, symlinkSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { EBADF, EINVAL, ENOENT, ENOTDIR } from '../../src/errno.ts';
import {
  DT_BLK,
  DT_CHR,
  DT_DIR,
  DT_FIFO,
  DT_LNK,
  DT_REG,
  DT_SOCK,
  DirCursor,
  getdents,
  seekDir,
} from '../../src/sys/dir.ts';
import { mknodat } from '../../src/sys/link.ts';
import { O_DIRECTORY, O_RDONLY, close, openat } from '../../src/sys/open.ts';
import { asRoot, fails, makeFile, oddNames, ok, place } from './place.ts';

function namesOf(fd: number, cursor: DirCursor): string[] {
  const names: string[] = [];
  for (let n = ok(cursor.fill(fd)); n > 0; n = ok(cursor.fill(fd))) {
    while (cursor.next()) names.push(cursor.name);
  }
  return names;
}

describe('sys/dir', () => {
  const here = place();

  it('lists names of every length and of any bytes: padding after the NUL is not part of one', () => {
    const made = new Set<string>(oddNames);
    for (let length = 1; length <= 255; length++) made.add('n'.repeat(length));
    for (const name of made) makeFile(here.fd, asBytes(name));
    const cursor = new DirCursor();
    for (let round = 0; round < 2; round++) {
      ok(seekDir(here.fd, 0, 0));
      assert.deepEqual(namesOf(here.fd, cursor).sort(), [...made].sort());
    }
  });

  it('lists each of many entries once, through a small buffer', () => {
    const made: string[] = [];
    for (let i = 0; i < 2000; i++) {
      made.push(`entry-${i}`);
      makeFile(here.fd, asBytes(`entry-${i}`));
    }
    assert.deepEqual(namesOf(here.fd, new DirCursor(500)).sort(), made.sort());
    assert.deepEqual(readdirSync(here.dir).sort(), made);
  });

  it('tells types and inode numbers', () => {
    makeFile(here.fd, asBytes('reg'));
    mkdirSync(`${here.dir}/dir`);
    symlinkSync('reg', `${here.dir}/lnk`);
    ok(mknodat(here.fd, asBytes('fifo'), 0o10600));
    ok(mknodat(here.fd, asBytes('sock'), 0o140600));
    const types: Record<string, number> = { reg: DT_REG, dir: DT_DIR, lnk: DT_LNK, fifo: DT_FIFO, sock: DT_SOCK };
    if (asRoot) {
      ok(mknodat(here.fd, asBytes('chr'), 0o20600, 1, 3));
      ok(mknodat(here.fd, asBytes('blk'), 0o60600, 7, 0));
      Object.assign(types, { chr: DT_CHR, blk: DT_BLK });
    }
    const cursor = new DirCursor();
    ok(cursor.fill(here.fd));
    let seen = 0;
    while (cursor.next()) {
      seen++;
      assert.equal(cursor.type, types[cursor.name], cursor.name);
      const { ino } = lstatSync(here.path(cursor.name), { bigint: true });
      assert.equal((BigInt(cursor.inoHi >>> 0) << 32n) | BigInt(cursor.inoLo >>> 0), ino);
      assert.equal(cursor.inoLo, cursor.inoLo | 0);
    }
    assert.equal(seen, Object.keys(types).length);
  });

  it('leaves out . and .. and nothing else that begins with dots', () => {
    const dotted = ['...', '..a', '.a', '.', '..'].map(asBytes);
    for (const name of dotted.slice(0, 3)) makeFile(here.fd, name);
    assert.deepEqual(namesOf(here.fd, new DirCursor()).sort(), ['...', '..a', '.a']);
  });

  it('goes on from a position given earlier: cookies have 64 bits on ext4', () => {
    for (let i = 0; i < 300; i++) makeFile(here.fd, asBytes(`e${i}`));
    const cursor = new DirCursor();
    const order: string[] = [];
    const positions: [number, number][] = [];
    while (ok(cursor.fill(here.fd)) > 0) {
      while (cursor.next()) {
        order.push(cursor.name);
        positions.push([cursor.offLo, cursor.offHi]);
      }
    }
    assert.equal(order.length, 300);
    for (const i of [0, 1, 150, 298, 299]) {
      assert.equal(seekDir(here.fd, ...positions[i]!), 0);
      assert.deepEqual(namesOf(here.fd, cursor), order.slice(i + 1));
    }
  });

  it('returns errnos, and no entries of an earlier batch after one', () => {
    makeFile(here.fd, asBytes('file'));
    mkdirSync(`${here.dir}/gone`);
    const file = ok(openat(here.fd, asBytes('file'), O_RDONLY));
    const gone = ok(openat(here.fd, asBytes('gone'), O_DIRECTORY));
    rmdirSync(`${here.dir}/gone`);
    const cursor = new DirCursor();
    ok(cursor.fill(here.fd));
    fails(cursor.fill(file), ENOTDIR);
    assert.equal(cursor.next(), false);
    fails(cursor.fill(gone), ENOENT);
    fails(cursor.fill(9999), EBADF);
    ok(seekDir(here.fd, 0, 0));
    fails(getdents(here.fd, Buffer.alloc(8)), EINVAL);
    fails(seekDir(9999, 0, 0), EBADF);
    ok(close(file));
    ok(close(gone));
  });
});
