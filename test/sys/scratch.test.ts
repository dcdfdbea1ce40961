import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { ENAMETOOLONG } from '../../src/errno.ts';
import { openat, close, O_RDWR } from '../../src/sys/open.ts';
import { pread } from '../../src/sys/io.ts';
import { getI64, getU64, putI64, span } from '../../src/sys/scratch.ts';
import { newStat, statxAt } from '../../src/sys/stat.ts';
import { fails, makeFile, ok, place } from './place.ts';

describe('sys/scratch', () => {
  const here = place();
  const st = newStat();

  it('takes a path of 4095 bytes and leaves 4096 to the kernel to refuse: a cut path would name another object', () => {
    makeFile(here.fd, asBytes('f'), 'x');
    ok(statxAt(here.fd, asBytes(`${'./'.repeat(2047)}f`), st));
    assert.equal(st.size, 1);
    fails(statxAt(here.fd, asBytes(`${'./'.repeat(2047)}/f`), st), ENAMETOOLONG);
    fails(statxAt(here.fd, asBytes(`${'./'.repeat(9000)}f`), st), ENAMETOOLONG);
  });

  it('ends each path with a NUL: the rest of a longer one before it must not stick to it', () => {
    makeFile(here.fd, asBytes('a'), '1');
    makeFile(here.fd, asBytes('a'.repeat(200)), '22');
    makeFile(here.fd, asBytes('a'.repeat(16)), '333');
    for (const [length, size] of [
      [200, 2],
      [1, 1],
      [16, 3],
      [1, 1],
    ] as const) {
      ok(statxAt(here.fd, asBytes('a'.repeat(length)), st));
      assert.equal(st.size, size);
    }
  });

  it('refuses bytes beyond a buffer before the kernel writes into foreign memory', () => {
    makeFile(here.fd, asBytes('f'), 'content');
    const fd = ok(openat(here.fd, asBytes('f'), O_RDWR));
    const bytes = Buffer.alloc(8);
    for (const [offset, length] of [
      [0, 9],
      [8, 1],
      [-1, 2],
      [1, -1],
      [NaN, 1],
      [0, NaN],
    ] as const) {
      assert.throws(() => pread(fd, bytes, offset, length, 0), RangeError);
    }
    assert.equal(pread(fd, bytes, 8, 0, 0), 0);
    const moved = new Uint8Array(16);
    assert.equal(pread(fd, moved, 0, 16, 0), 7);
    structuredClone(moved, { transfer: [moved.buffer] });
    assert.throws(() => pread(fd, moved, 0, 1, 0), RangeError);
    ok(close(fd));
  });

  it('follows from one buffer to the next: a kept address must not outlive the buffer it belongs to', () => {
    const one = Buffer.alloc(100);
    const two = Buffer.alloc(100);
    const address = span(one, 0, 100);
    assert.equal(span(one, 10, 1), address + 10);
    assert.notEqual(span(two, 0, 100), address);
    assert.equal(span(one.subarray(20, 30), 5, 5), address + 25);
    assert.equal(span(one, 0, 1), address);
  });

  it('carries 64-bit integers, negative ones too, in two halves', () => {
    for (const n of [
      0,
      1,
      -1,
      -2,
      2 ** 31,
      2 ** 32 - 1,
      2 ** 32,
      -(2 ** 32),
      -(2 ** 32) - 1,
      2 ** 40 + 7,
      2 ** 53 - 1,
      1 - 2 ** 53,
    ]) {
      putI64(3, n);
      assert.equal(getI64(3), n);
      if (n >= 0) assert.equal(getU64(3), n);
    }
    putI64(0, -1);
    assert.equal(getU64(0), 2 ** 64);
  });
});
