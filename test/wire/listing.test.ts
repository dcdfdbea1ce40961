// READDIR and READDIRPLUS replies, read back as the kernel reads them (fs/fuse/readdir.c): record after record, each
// aligned to 8 bytes, until less than a record's head is left.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { asBytes } from '../../src/bytes.ts';
import type { ByteString } from '../../src/bytes.ts';
import { direntplus, dirent } from '../../src/wire/replies.ts';
import type { EntryOut } from '../../src/wire/replies.ts';
import { Writer } from '../../src/wire/writer.ts';

interface Listed {
  nodeid: number;
  ino: bigint;
  off: number;
  type: number;
  name: string;
}

const blank = {
  inoLo: 0,
  inoHi: 0,
  size: 0,
  blocks: 0,
  atime: 0,
  mtime: 0,
  ctime: 0,
  atimeNsec: 0,
  mtimeNsec: 0,
  ctimeNsec: 0,
  mode: 0o100644,
  nlink: 1,
  uid: 0,
  gid: 0,
  rdevMajor: 0,
  rdevMinor: 0,
  blksize: 4096,
};

function parse(buf: Buffer, plus: boolean): Listed[] {
  const head = plus ? 152 : 24;
  const out: Listed[] = [];
  let at = 0;
  while (buf.length - at >= head) {
    const d = at + head - 24;
    const namelen = buf.readUInt32LE(d + 16);
    assert.ok(namelen > 0 && namelen <= 1024, 'the kernel answers EIO to such a name');
    const size = Math.ceil((head + namelen) / 8) * 8;
    assert.ok(at + size <= buf.length, 'a record reaches beyond the reply');
    out.push({
      nodeid: plus ? Number(buf.readBigUInt64LE(at)) : 0,
      ino: buf.readBigUInt64LE(d),
      off: Number(buf.readBigUInt64LE(d + 8)),
      type: buf.readUInt32LE(d + 20),
      name: buf.toString('latin1', d + 24, d + 24 + namelen),
    });
    assert.ok(
      buf.subarray(d + 24 + namelen, at + size).every((byte) => byte === 0),
      'padding is not zero',
    );
    at += size;
  }
  assert.equal(at, buf.length, 'bytes after the last record');
  return out;
}

const names = fc
  .uint8Array({ minLength: 1, maxLength: 255 })
  .map((raw) => asBytes(Buffer.from(raw.map((byte) => byte || 1)).toString('latin1')));
const items = fc.array(
  fc.record({
    name: names,
    lo: fc.integer(),
    hi: fc.integer(),
    off: fc.maxSafeNat(),
    type: fc.nat(15),
    known: fc.boolean(),
  }),
  { maxLength: 30 },
);

describe('wire: directory listings', () => {
  for (const plus of [false, true]) {
    it(`${plus ? 'READDIRPLUS' : 'READDIR'} replies hold every entry that was accepted, and one refused changes nothing`, () => {
      fc.assert(
        fc.property(items, fc.nat(4096), (list, size) => {
          const buf = Buffer.alloc(size + 16, 0xcc);
          const w = new Writer(buf);
          w.reset(0, size);
          const expected: Listed[] = [];
          for (const { name, lo, hi, off, type, known } of list) {
            const entry: EntryOut | null = known
              ? {
                  nodeid: expected.length + 2,
                  generation: 0,
                  entryValid: 1,
                  entryValidNsec: 0,
                  attrValid: 1,
                  attrValidNsec: 0,
                  attr: blank,
                }
              : null;
            const pos = w.pos;
            const fits = plus ? direntplus(w, entry, lo, hi, off, type, name) : dirent(w, lo, hi, off, type, name);
            const needs = Math.ceil(((plus ? 152 : 24) + name.length) / 8) * 8;
            assert.equal(fits, pos + needs <= size);
            if (!fits) {
              assert.equal(w.pos, pos);
              assert.ok(buf.subarray(pos).every((byte) => byte === 0xcc));
              break;
            }
            const ino = (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
            expected.push({ nodeid: plus && known ? expected.length + 2 : 0, ino, off, type, name });
          }
          assert.deepEqual(parse(buf.subarray(0, w.pos), plus), expected);
          assert.ok(buf.subarray(size).every((byte) => byte === 0xcc));
        }),
      );
    });
  }

  it('writes names of every length by the same bytes, short and long', () => {
    const buf = Buffer.alloc(512);
    const w = new Writer(buf);
    for (let length = 1; length <= 255; length++) {
      const name: ByteString = asBytes(
        Array.from({ length }, (_, i) => String.fromCharCode(((i * 7) % 255) + 1)).join(''),
      );
      w.reset(0);
      assert.ok(dirent(w, 0, 0, 1, 8, name));
      assert.equal(parse(buf.subarray(0, w.pos), false)[0]?.name, name);
    }
  });
});
