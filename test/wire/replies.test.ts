// Replies, INIT's reply and notifications, written over dirty memory and compared with golden frames.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { asBytes } from '../../src/bytes.ts';
import { devMajor, devMinor, encodeDev } from '../../src/wire/attr.ts';
import * as notify from '../../src/wire/notify.ts';
import * as replies from '../../src/wire/replies.ts';
import { Writer } from '../../src/wire/writer.ts';
import { hex } from './frame.ts';
import { notificationGoldens } from './golden/notifications.ts';
import { replyGoldens } from './golden/replies.ts';

const goldens = { ...replyGoldens, ...notificationGoldens };

describe('wire: replies and notifications', () => {
  it('have a golden frame each', () => {
    const titles = Object.keys(goldens);
    for (const writer of [...Object.keys(replies), ...Object.keys(notify)]) {
      assert.ok(
        titles.some((title) => title.split(' ')[0] === writer),
        writer,
      );
    }
  });

  for (const [name, [write, expectedHex]] of Object.entries(goldens)) {
    const expected = hex(expectedHex);

    it(`${name} writes exactly its frame, whatever was there`, () => {
      const buf = Buffer.alloc(8 + expected.length + 8, 0xcc);
      const w = new Writer(buf);
      w.reset(8, 8 + expected.length);
      write(w);
      assert.equal(w.room, 0);
      assert.equal(w.pos, 8 + expected.length);
      assert.deepEqual(buf.subarray(8, -8), expected);
      assert.deepEqual([...buf.subarray(0, 8), ...buf.subarray(-8)], Array<number>(16).fill(0xcc));
    });

    it(`${name} never writes beyond its limit`, () => {
      for (let room = 0; room < expected.length; room++) {
        const buf = Buffer.alloc(8 + expected.length + 8, 0xcc);
        const w = new Writer(buf);
        w.reset(8, 8 + room);
        assert.throws(() => {
          write(w);
        });
        assert.ok(buf.subarray(8 + room).every((byte) => byte === 0xcc));
      }
    });
  }
});

describe('wire: writer', () => {
  it('writes a name of any length and nothing behind it', () => {
    for (let length = 0; length < 100; length++) {
      const buf = Buffer.alloc(length + 1, 0xcc);
      const w = new Writer(buf);
      assert.equal(w.room, length + 1);
      w.name(asBytes('\xff'.repeat(length)));
      assert.equal(w.pos, length);
      assert.deepEqual([...buf], [...Array<number>(length).fill(0xff), 0xcc]);
    }
  });

  it('writes into its part of a larger buffer, within the buffer whatever the limit', () => {
    const large = Buffer.alloc(12);
    const w = new Writer(large.subarray(4, 8));
    w.reset(0, 100);
    w.u32(0x04030201);
    assert.equal(large.toString('hex'), '000000000102030400000000');
    assert.throws(() => {
      w.u16(0);
    }, RangeError);
    assert.equal(w.pos, 4);
  });
});

describe('wire: numbers in replies', () => {
  it('are written as BigInt would be, negative ones included', () => {
    const buf = Buffer.alloc(8);
    const w = new Writer(buf);
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        w.reset(0);
        w.u64(value);
        assert.equal(buf.readBigInt64LE(), BigInt(value));
      }),
    );
    for (const value of [0, 2 ** 31, 2 ** 32, -(2 ** 32), -1, 2 ** 53 - 1, 1 - 2 ** 53]) {
      w.reset(0);
      w.u64(value);
      assert.equal(buf.readBigInt64LE(), BigInt(value));
    }
  });

  it('device numbers go to 32 bits and back: 12 bits of major, 20 of minor', () => {
    fc.assert(
      fc.property(fc.nat(0xfff), fc.nat(0xfffff), (major, minor) => {
        const dev = encodeDev(major, minor);
        assert.ok(dev >= 0 && dev <= 0xffffffff);
        assert.deepEqual([devMajor(dev), devMinor(dev)], [major, minor]);
      }),
    );
    assert.equal(encodeDev(8, 1), 0x801);
    assert.equal(encodeDev(259, 0x12345), 0x12310345);
  });
});
