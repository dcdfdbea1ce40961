// Every request of the protocol, decoded from golden frames, cut short at every byte, and fed with noise.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { EFBIG, EIO } from '../../src/errno.ts';
import { FrameError } from '../../src/wire/frame-error.ts';
import { newInHeader, readHeader } from '../../src/wire/header.ts';
import { decodeByOpcode, decodeByOpcodeSetxattrExt, opcodes } from '../../src/wire/opcodes.ts';
import type { Entry, OpName } from '../../src/wire/opcodes.ts';
import { Reader } from '../../src/wire/reader.ts';
import { forEachForget } from '../../src/wire/requests/session.ts';
import { among, frame, hex } from './frame.ts';
import { attrGoldens, setxattrExtGolden } from './golden/attrs.ts';
import type { Goldens } from './golden/golden.ts';
import { handleGoldens } from './golden/handles.ts';
import { nameGoldens } from './golden/names.ts';
import { rangeGoldens } from './golden/ranges.ts';
import { sessionGoldens } from './golden/session.ts';

const goldens: Goldens<OpName> = {
  ...nameGoldens,
  ...attrGoldens,
  ...handleGoldens,
  ...rangeGoldens,
  ...sessionGoldens,
};

const BEFORE = Buffer.from('older frame\0');
const AFTERS = [Buffer.alloc(0), Buffer.alloc(4096), Buffer.alloc(4096, 0x41)];

/** One Reader for all tests, as in a session: nothing may stay in it from one frame to the next. */
const reader = new Reader();
const header = newInHeader();

function decode(table: readonly (Entry | undefined)[], buf: Buffer, start: number, end: number): unknown {
  reader.reset(buf, start, end);
  readHeader(reader, header);
  const entry = table[header.opcode];
  assert.ok(entry);
  return entry.decode(reader);
}

function opcodeOf(op: OpName): number {
  return opcodes.find((entry) => entry.op === op)?.opcode ?? NaN;
}

function valueOrRefusal(decoding: () => unknown): object | null {
  try {
    return decoding() as object | null;
  } catch (error) {
    assert.ok(error instanceof FrameError, String(error));
    return null;
  }
}

interface Case {
  title: string;
  opcode: number;
  table: readonly (Entry | undefined)[];
  body: Buffer;
  value: unknown;
}

const cases: Case[] = opcodes.flatMap((entry) =>
  goldens[entry.op].map((golden) => ({
    title: `${entry.name}: ${golden.title}`,
    opcode: entry.opcode,
    table: decodeByOpcode,
    body: hex(golden.body),
    value: golden.value,
  })),
);
cases.push({
  title: `FUSE_SETXATTR: ${setxattrExtGolden.title}`,
  opcode: 21,
  table: decodeByOpcodeSetxattrExt,
  body: hex(setxattrExtGolden.body),
  value: setxattrExtGolden.value,
});

describe('wire: requests', () => {
  for (const { title, opcode, table, body, value } of cases) {
    const whole = frame(opcode, body);

    it(`${title} is decoded, whatever lies around it`, () => {
      for (const after of AFTERS) {
        const buf = among(whole, BEFORE, after);
        assert.deepEqual(decode(table, buf, BEFORE.length, BEFORE.length + whole.length), value);
        assert.equal(reader.left, 0);
      }
    });

    it(`${title}: the high bit of any word makes no number negative but halves and seconds`, () => {
      for (let at = 40; at + 4 <= whole.length; at += 4) {
        const high = Buffer.from(whole);
        high.writeUInt32LE(0xfffffff0, at);
        const decoded = valueOrRefusal(() => decode(table, high, 0, high.length));
        for (const [field, number] of Object.entries(decoded ?? {})) {
          if (typeof number === 'number' && !/(Lo|Hi|^[amc]time)$/.test(field)) assert.ok(number >= 0, field);
        }
      }
    });

    it(`${title} cut short at any byte is a FrameError, not a value made of older bytes`, () => {
      for (let cut = 0; cut < whole.length; cut++) {
        const says = Buffer.from(whole);
        if (cut >= 4) says.writeUInt32LE(cut, 0);
        for (const bytes of [whole, says]) {
          assert.throws(
            () => decode(table, bytes, 0, cut),
            FrameError,
            `cut to ${String(cut)}, the rest still in the buffer`,
          );
          assert.throws(() => decode(table, bytes.subarray(0, cut), 0, cut), FrameError, `cut to ${String(cut)}`);
        }
      }
    });
  }

  it('decodes any body to a value or a FrameError, and to the same one whatever lies behind it', () => {
    const outcome = (opcode: number, bytes: Buffer, after: Buffer): unknown => {
      const whole = frame(opcode, bytes);
      try {
        return decode(decodeByOpcode, among(whole, BEFORE, after), BEFORE.length, BEFORE.length + whole.length);
      } catch (error) {
        assert.ok(error instanceof FrameError, String(error));
        return error.message;
      }
    };
    const small = fc.uint8Array({ maxLength: 120 });
    const mostlyZero = fc.array(fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(255)), { maxLength: 120 });
    fc.assert(
      fc.property(fc.constantFrom(...opcodes), fc.oneof(small, mostlyZero), ({ opcode }, body) => {
        const bytes = Buffer.from(body);
        assert.deepEqual(outcome(opcode, bytes, Buffer.alloc(300)), outcome(opcode, bytes, Buffer.alloc(300, 0x41)));
      }),
      { numRuns: 3000 },
    );
  });

  it('refuses empty names: the empty name would be the directory itself to an *at call', () => {
    for (const opcode of [1, 10, 11, 24]) {
      assert.throws(() => decode(decodeByOpcode, frame(opcode, hex('00')), 0, 41), FrameError);
    }
    assert.throws(
      () => decode(decodeByOpcode, frame(12, Buffer.concat([Buffer.alloc(8), hex("'a' 00 00")])), 0, 51),
      FrameError,
    );
  });

  it('answers EFBIG, not EIO, to positions that a program asked for beyond 2^53 - 1', () => {
    const beyond = hex('00 00 00 00 00 00 20 00');
    const refused = (op: OpName, at: number, errno: number): void => {
      const body = hex(goldens[op][0].body);
      body.set(beyond, at);
      const whole = frame(opcodeOf(op), body);
      const error = { name: 'FrameError', errno, offset: 40 + at };
      assert.throws(() => decode(decodeByOpcode, whole, 0, whole.length), error, `${op} at ${String(at)}`);
    };
    refused('write', 8, EFBIG);
    refused('setattr', 16, EFBIG);
    refused('fallocate', 8, EFBIG);
    refused('copyFileRange', 32, EFBIG);
    refused('setupmapping', 8, EFBIG);
    refused('setupmapping', 32, EFBIG);
    refused('removemapping', 4, EFBIG);
    refused('read', 0, EIO);
  });

  it('lets lengths, read offsets and times be anything: they end at the safe integers', () => {
    const beyond = hex('00 00 00 00 00 00 20 00');
    const minusOne = hex('ff ff ff ff ff ff ff ff');
    for (const [op, at, field, bytes, expected] of [
      ['read', 8, 'offset', beyond, Number.MAX_SAFE_INTEGER],
      ['fallocate', 16, 'length', beyond, Number.MAX_SAFE_INTEGER],
      ['lseek', 8, 'offset', beyond, Number.MAX_SAFE_INTEGER],
      ['copyFileRange', 8, 'offIn', beyond, Number.MAX_SAFE_INTEGER],
      ['copyFileRange', 40, 'len', beyond, Number.MAX_SAFE_INTEGER],
      ['copyFileRange', 48, 'flags', minusOne, Number.MAX_SAFE_INTEGER],
      ['setlk', 16, 'start', beyond, Number.MAX_SAFE_INTEGER],
      ['setlk', 24, 'end', minusOne, Number.MAX_SAFE_INTEGER],
      ['bmap', 0, 'block', beyond, Number.MAX_SAFE_INTEGER],
      ['notifyReply', 8, 'offset', beyond, Number.MAX_SAFE_INTEGER],
      ['setupmapping', 16, 'len', beyond, Number.MAX_SAFE_INTEGER],
      ['setupmapping', 24, 'flags', minusOne, Number.MAX_SAFE_INTEGER],
      ['setattr', 32, 'atime', minusOne, -1],
      ['setattr', 40, 'mtime', minusOne, -1],
      ['setattr', 48, 'ctime', minusOne, -1],
    ] as const) {
      const body = hex(goldens[op][0].body);
      body.set(bytes, at);
      const whole = frame(opcodeOf(op), body);
      const decoded = decode(decodeByOpcode, whole, 0, whole.length) as Record<string, unknown>;
      assert.equal(decoded[field], expected, `${op}.${field}`);
    }
  });

  it('says which struct is short, and where', () => {
    for (const { title, opcode, table, body } of cases) {
      if (body.length === 0) continue;
      const short = frame(opcode, Buffer.alloc(0));
      assert.throws(
        () => decode(table, short, 0, short.length),
        /(fuse_\w+.*needs \d+ bytes, 0 are left|name without its NUL) at byte 40$/,
        title,
      );
    }
    const whole = frame(15, hex(goldens.read[0].body).subarray(0, 39));
    assert.throws(() => decode(decodeByOpcode, whole, 0, whole.length), {
      message: 'fuse_read_in needs 40 bytes, 39 are left at byte 40',
    });
  });

  it('visits the pairs of BATCH_FORGET in order, and believes no count that the frame does not hold', () => {
    const whole = frame(42, hex(goldens.batchForget[0].body));
    const pairs: number[][] = [];
    forEachForget(decode(decodeByOpcode, whole, 0, whole.length) as never, (nodeid, nlookup) =>
      pairs.push([nodeid, nlookup]),
    );
    assert.deepEqual(pairs, [
      [0x111213141516, 3],
      [5, 1],
    ]);
    whole.writeUInt32LE(0xffffffff, 40);
    assert.throws(() => decode(decodeByOpcode, whole, 0, whole.length), FrameError);
    const alien = { count: 1, list: hex('00 00 00 00 00 00 20 00 01 00 00 00 00 00 00 00') };
    assert.throws(() => {
      forEachForget(alien, () => undefined);
    }, FrameError);
  });
});
