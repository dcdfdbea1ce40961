// The header before each request, the extensions after some, and what a Reader does at its edges.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { asBytes } from '../../src/bytes.ts';
import { FUSE_UNIQUE_RESEND_HI } from '../../src/wire/constants.ts';
import { FrameError } from '../../src/wire/frame-error.ts';
import { newInHeader, readExtensions, readHeader } from '../../src/wire/header.ts';
import type { Extensions } from '../../src/wire/header.ts';
import { decodeByOpcode } from '../../src/wire/opcodes.ts';
import { Reader } from '../../src/wire/reader.ts';
import { frame, hex } from './frame.ts';

function reading(bytes: Uint8Array): Reader {
  const r = new Reader();
  r.reset(Buffer.from(bytes), 0, bytes.length);
  return r;
}

const supplementary = `
  10 00 00 00 // fuse_ext_header.size
  20 00 00 00 // type FUSE_EXT_GROUPS
  01 00 00 00 // nr_groups
  e9 03 00 00 // groups[0]
`;
const labels = `
  40 00 00 00 // fuse_secctx_header.size
  02 00 00 00 // nr_secctx
  05 00 00 00 // fuse_secctx.size
  ee ee ee ee // padding
  'security.selinux' 00 // name
  'a:b:c' // context
  ee ee // padding to 8
  02 00 00 00 // fuse_secctx.size
  ee ee ee ee // padding
  'security.xy' 00 // name
  00 ff // context
  ee ee // padding to 8
`;
const mkdirBody = `
  ff 03 00 00 // mode
  17 00 00 00 // umask
  'tmp' 00 // name
`;

function extensionsOf(whole: Buffer): Extensions {
  const r = reading(whole);
  const header = newInHeader();
  readHeader(r, header);
  assert.deepEqual(decodeByOpcode[header.opcode]?.decode(r), { mode: 0o1777, umask: 0o27, name: 'tmp' });
  assert.equal(r.left, 0);
  return readExtensions(r, header.totalExtlen);
}

describe('wire: header', () => {
  const golden = hex(`
    28 00 00 00 // len
    0f 00 00 00 // opcode
    28 27 26 85 24 23 22 81 // unique
    16 15 14 13 12 11 00 00 // nodeid
    e8 03 00 80 // uid
    fe ff ff ff // gid
    e1 10 00 80 // pid
    02 00 // total_extlen
    ee ee // padding
    00 01 02 03 04 // body
    00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 // extensions
  `);
  golden.writeUInt32LE(golden.length, 0);

  it('is read field by field, and leaves the reader on the body alone', () => {
    const r = reading(golden);
    const header = newInHeader();
    readHeader(r, header);
    assert.deepEqual(header, {
      len: 61,
      opcode: 15,
      uniqueLo: 0x85262728 | 0,
      uniqueHi: 0x81222324 | 0,
      nodeid: 0x111213141516,
      uid: 0x800003e8,
      gid: 0xfffffffe,
      pid: 0x800010e1,
      totalExtlen: 2,
    });
    assert.notEqual(header.uniqueHi & FUSE_UNIQUE_RESEND_HI, 0);
    assert.deepEqual(r.rest(), hex('00 01 02 03 04'));
  });

  it('refuses a length that is not that of the frame, and extensions longer than what follows', () => {
    for (const len of [0, 39, 40, 60, 62, 0xffffffff]) {
      const lies = Buffer.from(golden);
      lies.writeUInt32LE(len, 0);
      assert.throws(
        () => {
          readHeader(reading(lies), newInHeader());
        },
        FrameError,
        `len ${String(len)}`,
      );
    }
    const lies = Buffer.from(golden);
    lies.writeUInt16LE(3, 36);
    assert.throws(() => {
      readHeader(reading(lies), newInHeader());
    }, FrameError);
  });

  it('has given unique when the rest is refused, so that the request can be answered with an error', () => {
    const lies = Buffer.from(golden);
    lies.writeUInt8(0x20, 16 + 6);
    const header = newInHeader();
    assert.throws(() => {
      readHeader(reading(lies), header);
    }, FrameError);
    assert.deepEqual([header.uniqueLo, header.uniqueHi], [0x85262728 | 0, 0x81222324 | 0]);
  });
});

describe('wire: extensions', () => {
  it('gives supplementary groups and security contexts, in either order', () => {
    const contexts = [
      { name: asBytes('security.selinux'), context: Buffer.from('a:b:c') },
      { name: asBytes('security.xy'), context: Buffer.from([0, 255]) },
    ];
    for (const text of [labels + supplementary, supplementary + labels]) {
      assert.deepEqual(extensionsOf(frame(9, hex(mkdirBody), hex(text))), { groups: [1001], contexts });
    }
  });

  it('has nothing to say without them, for no contexts, and for a type that it does not know', () => {
    const none = { groups: [], contexts: [] };
    assert.deepEqual(extensionsOf(frame(9, hex(mkdirBody))), none);
    assert.deepEqual(extensionsOf(frame(9, hex(mkdirBody), hex('08 00 00 00 00 00 00 00'))), none);
    assert.deepEqual(
      extensionsOf(frame(9, hex(mkdirBody), hex('10 00 00 00 21 00 00 00 ff ff ff ff ff ff ff ff'))),
      none,
    );
  });

  it('finds the second context behind a first one of any length', () => {
    const context = (label: Buffer): Buffer => {
      const head = Buffer.alloc(8);
      head.writeUInt32LE(label.length, 0);
      const record = Buffer.concat([head, Buffer.from('security.x\0'), label]);
      return Buffer.concat([record, Buffer.alloc((8 - (record.length % 8)) % 8)]);
    };
    for (let length = 0; length < 200; length++) {
      const [first, second] = [Buffer.alloc(length, 0x61), Buffer.from('second')];
      const both = Buffer.concat([Buffer.alloc(8), context(first), context(second)]);
      both.writeUInt32LE(both.length, 0);
      both.writeUInt32LE(2, 4);
      const { contexts, groups } = extensionsOf(frame(9, hex(mkdirBody), Buffer.concat([both, hex(supplementary)])));
      assert.deepEqual(
        contexts.map((one) => one.context),
        [first, second],
      );
      assert.deepEqual(groups, [1001]);
    }
  });

  it('takes no group from beyond its own extension, and groups as unsigned numbers', () => {
    const two = '10 00 00 00 20 00 00 00 02 00 00 00 e9 03 00 00';
    assert.throws(() => extensionsOf(frame(9, hex(mkdirBody), hex(two + supplementary))), FrameError);
    const nobody = '10 00 00 00 20 00 00 00 01 00 00 00 fe ff ff ff';
    assert.deepEqual(extensionsOf(frame(9, hex(mkdirBody), hex(nobody))).groups, [0xfffffffe]);
  });

  it('cut short at any byte, or with any byte wrong, is a value or a FrameError', () => {
    const whole = frame(9, hex(mkdirBody), hex(labels + supplementary));
    for (let cut = 0; cut < whole.length; cut++) {
      const says = Buffer.from(whole.subarray(0, cut));
      if (cut >= 4) says.writeUInt32LE(cut, 0);
      assert.throws(() => extensionsOf(says), FrameError, `cut to ${String(cut)}`);
    }
    const start = whole.length - hex(labels + supplementary).length;
    for (let at = start; at < whole.length; at++) {
      for (const byte of [0, 1, 0x20, 0x7f, 0xff]) {
        const wrong = Buffer.from(whole);
        wrong[at] = byte;
        try {
          extensionsOf(wrong);
        } catch (error) {
          assert.ok(error instanceof FrameError, `byte ${String(at)} set to ${String(byte)}: ${String(error)}`);
        }
      }
    }
  });

  it('ends: an extension of size 0 does not make it loop, nor does one larger than the frame make it read on', () => {
    for (const size of ['00 00 00 00', '07 00 00 00', '11 00 00 00', 'ff ff ff ff']) {
      const text = `${size} 20 00 00 00 00 00 00 00 00 00 00 00`;
      assert.throws(() => extensionsOf(frame(9, hex(mkdirBody), hex(text))), FrameError, size);
    }
    assert.throws(
      () => extensionsOf(frame(9, hex(mkdirBody), hex('10 00 00 00 20 00 00 00 ff ff ff ff 00 00 00 00'))),
      FrameError,
    );
  });
});

describe('wire: reader', () => {
  const bits = fc.oneof(fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }));
  const MAX = BigInt(Number.MAX_SAFE_INTEGER);

  it('reads each width as Buffer writes it, at any alignment', () => {
    fc.assert(
      fc.property(fc.nat(9), bits, (offset, value) => {
        const buf = Buffer.alloc(offset + 8, 0xaa);
        buf.writeBigUInt64LE(value, offset);
        const at = (): Reader => {
          const r = new Reader();
          r.reset(buf, offset, offset + 8);
          return r;
        };
        assert.equal(at().u16(), Number(value & 0xffffn));
        assert.equal(at().u32(), Number(value & 0xffffffffn));
        assert.equal(at().i32(), Number(BigInt.asIntN(32, value)));
        assert.equal(at().u64sat(), Number(value > MAX ? MAX : value));
        const signed = BigInt.asIntN(64, value);
        assert.equal(at().i64sat(), Number(signed > MAX ? MAX : signed < -MAX ? -MAX : signed));
        for (const exact of [(): number => at().u64(), (): number => at().position()]) {
          if (value > MAX) assert.throws(exact, FrameError);
          else assert.equal(exact(), Number(value));
        }
      }),
    );
  });

  it('reads numbers around 2^53 exactly or not at all', () => {
    const r = (text: string): Reader => reading(hex(text));
    assert.equal(r('ff ff ff ff ff ff 1f 00').u64(), 2 ** 53 - 1);
    assert.throws(() => r('00 00 00 00 00 00 20 00').u64(), FrameError);
    assert.equal(r('00 00 00 00 00 00 20 00').u64sat(), 2 ** 53 - 1);
    assert.equal(r('00 00 00 80 ff ff 1f 00').u64sat(), 2 ** 53 - 2 ** 31);
    assert.equal(r('01 00 00 00 00 00 e0 ff').i64sat(), 1 - 2 ** 53);
    assert.equal(r('ff ff ff ff ff ff df ff').i64sat(), 1 - 2 ** 53);
  });

  it('reads names of any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 300 }), (raw) => {
        const bytes = Buffer.from(raw.map((byte) => byte || 1));
        const r = reading(Buffer.concat([bytes, Buffer.from('\0next\0')]));
        assert.equal(r.name(), bytes.toString('latin1'));
        assert.equal(r.name(), 'next');
        assert.equal(r.left, 0);
      }),
    );
  });

  it('takes a new buffer, the same buffer, and a view into a larger one', () => {
    const r = new Reader();
    const large = Buffer.from('0000000001020304', 'hex');
    const view = large.subarray(4);
    r.reset(view, 0, 4);
    assert.equal(r.u32(), 0x04030201);
    view[0] = 9;
    r.reset(view, 0, 4);
    assert.equal(r.u32(), 0x04030209);
    r.reset(large, 0, 400);
    assert.equal(r.left, 8);
    assert.deepEqual(r.bytes(8), large);
    assert.throws(() => r.u16(), FrameError);
  });

  it('does not move when it refuses', () => {
    const r = reading(hex('01 02 03'));
    for (const read of ['u32', 'i32', 'u64', 'position', 'u64sat', 'i64sat', 'name'] as const) {
      assert.throws(() => r[read](), FrameError);
    }
    assert.throws(() => r.bytes(4), FrameError);
    assert.throws(() => {
      r.skip(4);
    }, FrameError);
    assert.equal(r.pos, 0);
  });
});
