// Whole frames as Linux 6.18 (protocol 7.45) sent them, with what the calling program had asked for.
// They guard against a misreading of fuse.h that hand-made frames would share: order of names, where extensions begin.

import assert from 'node:assert/strict';
import { newInHeader, readExtensions, readHeader } from '../../src/wire/header.ts';
import type { Extensions } from '../../src/wire/header.ts';
import { initFlagNames } from '../../src/wire/init.ts';
import { decodeByOpcodeSetxattrExt } from '../../src/wire/opcodes.ts';
import { Reader } from '../../src/wire/reader.ts';
import { hex } from './frame.ts';

interface Decoded {
  op: string;
  nodeid: number;
  uid: number;
  in: unknown;
  extensions: Extensions;
}

function decode(text: string): Decoded {
  const bytes = hex(text);
  const r = new Reader();
  r.reset(bytes, 0, bytes.length);
  const header = newInHeader();
  readHeader(r, header);
  const entry = decodeByOpcodeSetxattrExt[header.opcode];
  assert.ok(entry);
  const value = entry.decode(r);
  assert.equal(r.left, 0, 'bytes that nobody read');
  const extensions = readExtensions(r, header.totalExtlen);
  return { op: entry.op, nodeid: header.nodeid, uid: header.uid, in: value, extensions };
}

const NONE: Extensions = { groups: [], contexts: [] };

describe('wire: frames captured from a kernel', () => {
  it('INIT of 7.45', () => {
    const init = decode(`
      680000001a0000000200000000000000000000000000000000000000000000000000000000000000
      070000002d00000000000200fbffff73fd050000
      0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000
    `);
    assert.deepEqual(init.in, { major: 7, minor: 45, maxReadahead: 131072, flags: 0x73fffffb, flags2: 0x5fd });
    const flags = initFlagNames(init.in);
    for (const flag of ['FUSE_PASSTHROUGH', 'FUSE_HAS_RESEND', 'FUSE_REQUEST_TIMEOUT', 'FUSE_SETXATTR_EXT'] as const) {
      assert.ok(flags.includes(flag), flag);
    }
    assert.ok(!flags.includes('FUSE_OVER_IO_URING'));
  });

  it('MKDIR by uid 2000 with a supplementary group that owns the parent', () => {
    assert.deepEqual(
      decode(`
        5200000009000000d6010000000000000100000000000000d0070000320000002d52000003000000
        ff010000120000006d697373696e672d6700
        0800000000000000
        1000000020000000 01000000e9030000
      `),
      {
        op: 'mkdir',
        nodeid: 1,
        uid: 2000,
        in: { mode: 0o777, umask: 0o22, name: 'missing-g' },
        extensions: { groups: [1001], contexts: [] },
      },
    );
  });

  it('SYMLINK: the new name comes before its target', () => {
    assert.deepEqual(
      decode(`
        42000000060000003800000000000000010000000000000000000000000000005f50000001000000
        6d697373696e672d6c00 746172ff67657400
        0800000000000000
      `),
      { op: 'symlink', nodeid: 1, uid: 0, in: { name: 'missing-l', target: 'tar\xffget' }, extensions: NONE },
    );
  });

  it('MKNOD of device 0x123:0xabc45', () => {
    assert.deepEqual(
      decode(`
        4a000000080000004c00000000000000010000000000000000000000000000005f50000001000000
        802100004523c1ab1200000000000000 6d697373696e672d6300
        0800000000000000
      `).in,
      { mode: 0o20600, rdevMajor: 0x123, rdevMinor: 0xabc45, umask: 0o22, name: 'missing-c' },
    );
  });

  it('TMPFILE, named "/"', () => {
    assert.deepEqual(
      decode(`
        4200000033000000b001000000000000090000000000000000000000000000005f50000001000000
        02804100808100001200000000000000 2f00
        0800000000000000
      `).in,
      { flags: 0o20300002, mode: 0o100600, umask: 0o22, openFlags: 0, name: '/' },
    );
  });

  it('RENAME2 with RENAME_NOREPLACE', () => {
    assert.deepEqual(
      decode(`
        460000002d0000008e00000000000000010000000000000000000000000000002d52000000000000
        01000000000000000100000000000000 666100 6d697373696e672d723200
      `).in,
      { newdir: 1, oldname: 'fa', newname: 'missing-r2', flags: 1 },
    );
  });

  it('SETXATTR in the long form', () => {
    assert.deepEqual(
      decode(`
        42000000150000004401000000000000020000000000000000000000000000002d52000000000000
        03000000010000000000000000000000 757365722e7800 007600
      `).in,
      { size: 3, flags: 1, setxattrFlags: 0, name: 'user.x', value: Buffer.from([0, 0x76, 0]) },
    );
  });

  it('SETLK of a whole file', () => {
    assert.deepEqual(
      decode(`
        5800000020000000fe000000000000000a0000000000000000000000000000002d52000000000000
        0700000000000000b5ab152a07752cdb0000000000000000ffffffffffffff7f010000002d5200000000000000000000
      `).in,
      {
        fh: 7,
        ownerLo: 0x2a15abb5,
        ownerHi: 0xdb2c7507 | 0,
        start: 0,
        end: Number.MAX_SAFE_INTEGER,
        type: 1,
        pid: 21037,
        lkFlags: 0,
      },
    );
  });

  it('COPY_FILE_RANGE_64', () => {
    assert.deepEqual(
      decode(`
        6000000035000000fc00000000000000020000000000000000000000000000002d52000000000000
        050000000000000005000000000000000a0000000000000007000000000000000900000000000000
        82d61200000000000000000000000000
      `).in,
      { fhIn: 5, offIn: 5, nodeidOut: 10, fhOut: 7, offOut: 9, len: 1234562, flags: 0 },
    );
  });

  it('READDIRPLUS after a seek to 2^62', () => {
    assert.deepEqual(
      decode(`
        500000002c000000ca01000000000000090000000000000000000000000000005f50000000000000
        0500000000000000000000000000004000100000000000000000000000000000
        0080000000000000
      `).in,
      {
        fh: 5,
        offset: Number.MAX_SAFE_INTEGER,
        size: 4096,
        readFlags: 0,
        lockOwnerLo: 0,
        lockOwnerHi: 0,
        flags: 0o100000,
      },
    );
  });
});
