// Sizes of the kernel's structs from their field lists, the opcode table, and INIT's flags.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { SIZE } from '../../src/wire/constants.ts';
import { INIT_FLAGS, hasInitFlag, initFlagNames, initFlagWords } from '../../src/wire/init.ts';
import type { InitFlag } from '../../src/wire/init.ts';
import { decodeByOpcode, decodeByOpcodeSetxattrExt, opcodes } from '../../src/wire/opcodes.ts';

/** Fields in order, by width: q 8 bytes, d 4, w 2; each struct as fuse.h of 7.45 declares it. */
const FIELDS: Record<keyof typeof SIZE, string> = {
  fuse_attr: 'qqqqqq dddddddddd',
  fuse_kstatfs: 'qqqqq dddd dddddd',
  fuse_statx: 'dd q ddd ww qqqq qdd qdd qdd qdd dddd qqqqqqqqqqqqqq',
  fuse_in_header: 'dd qq ddd ww',
  fuse_out_header: 'dd q',
  fuse_ext_header: 'dd',
  fuse_supp_groups: 'd',
  fuse_secctx: 'dd',
  fuse_forget_in: 'q',
  fuse_forget_one: 'qq',
  fuse_batch_forget_in: 'dd',
  fuse_getattr_in: 'dd q',
  fuse_setattr_in: 'dd qqq qqq ddd dddd d',
  fuse_statx_in: 'dd q dd',
  fuse_mknod_in: 'dddd',
  fuse_mkdir_in: 'dd',
  fuse_rename_in: 'q',
  fuse_rename2_in: 'q dd',
  fuse_link_in: 'q',
  fuse_open_in: 'dd',
  fuse_create_in: 'dddd',
  fuse_read_in: 'qq dd q dd',
  fuse_write_in: 'qq dd q dd',
  fuse_release_in: 'q dd q',
  fuse_flush_in: 'q dd q',
  fuse_fsync_in: 'q dd',
  fuse_setxattr_in: 'dddd',
  fuse_setxattr_in_compat: 'dd',
  fuse_getxattr_in: 'dd',
  fuse_lk_in: 'qq qqdd dd',
  fuse_access_in: 'dd',
  fuse_init_in: 'dddd d ddddddddddd',
  fuse_init_in_before_7_36: 'dddd',
  fuse_interrupt_in: 'q',
  fuse_bmap_in: 'q dd',
  fuse_ioctl_in: 'q dd q dd',
  fuse_poll_in: 'qq dd',
  fuse_notify_retrieve_in: 'qq dd qq',
  fuse_fallocate_in: 'qqq dd',
  fuse_lseek_in: 'qq dd',
  fuse_copy_file_range_in: 'qqqqqqq',
  fuse_setupmapping_in: 'qqqqq',
  fuse_removemapping_in: 'd',
  fuse_removemapping_one: 'qq',
  fuse_syncfs_in: 'q',
  fuse_entry_out: 'qqqq dd qqqqqq dddddddddd',
  fuse_attr_out: 'q dd qqqqqq dddddddddd',
  fuse_statx_out: 'q dd qq dd q ddd ww qqqq qdd qdd qdd qdd dddd qqqqqqqqqqqqqq',
  fuse_open_out: 'q dd',
  fuse_write_out: 'dd',
  fuse_statfs_out: 'qqqqq dddd dddddd',
  fuse_getxattr_out: 'dd',
  fuse_lk_out: 'qqdd',
  fuse_init_out: 'dddd ww dd ww d d w wwwwwwwwwww',
  fuse_bmap_out: 'q',
  fuse_ioctl_out: 'dddd',
  fuse_ioctl_iovec: 'qq',
  fuse_poll_out: 'dd',
  fuse_lseek_out: 'q',
  fuse_copy_file_range_out: 'q',
  fuse_dirent: 'qq dd',
  fuse_direntplus: 'qqqq dd qqqqqq dddddddddd qq dd',
  fuse_notify_poll_wakeup_out: 'q',
  fuse_notify_inval_inode_out: 'qqq',
  fuse_notify_inval_entry_out: 'q dd',
  fuse_notify_delete_out: 'qq dd',
  fuse_notify_store_out: 'qq dd',
  fuse_notify_retrieve_out: 'qqq dd',
  fuse_notify_prune_out: 'dd q',
};

describe('wire: structs', () => {
  it('have the sizes that their fields add up to', () => {
    const width: Record<string, number> = { q: 8, d: 4, w: 2, ' ': 0 };
    const sums = Object.entries(FIELDS).map(([name, fields]) => [
      name,
      Array.from(fields).reduce((sum, field) => sum + (width[field] ?? NaN), 0),
    ]);
    assert.deepEqual(Object.fromEntries(sums), SIZE);
  });
});

describe('wire: opcodes', () => {
  it('are 1 to 53 without the two numbers that the kernel never used', () => {
    const unused = new Set([7, 19]);
    const expected = Array.from({ length: 53 }, (_, i) => i + 1).filter((n) => !unused.has(n));
    assert.deepEqual(
      opcodes.map((entry) => entry.opcode),
      expected,
    );
  });

  it('are found under their number in both arrays, which differ in SETXATTR alone', () => {
    for (const array of [decodeByOpcode, decodeByOpcodeSetxattrExt]) {
      array.forEach((entry, opcode) => {
        if (entry !== undefined) assert.equal(entry.opcode, opcode);
      });
      assert.equal(array.length, 54);
      assert.equal(array.filter((entry) => entry !== undefined).length, opcodes.length);
    }
    const different = opcodes.filter(({ opcode }) => decodeByOpcode[opcode] !== decodeByOpcodeSetxattrExt[opcode]);
    assert.deepEqual(
      different.map((entry) => entry.op),
      ['setxattr'],
    );
  });

  it("call each operation by its kernel name's words", () => {
    for (const { name, op } of opcodes) {
      const words = name.slice('FUSE_'.length).toLowerCase();
      assert.equal(
        words.replace(/_(\w)/g, (_, first: string) => first.toUpperCase()),
        op,
      );
    }
  });
});

describe('wire: INIT flags', () => {
  it('are the bits 0 to 42, each once', () => {
    assert.deepEqual(
      Object.values(INIT_FLAGS),
      Array.from({ length: 43 }, (_, bit) => bit),
    );
  });

  it('go to words and back, with FUSE_INIT_EXT whenever flags2 is used', () => {
    const flag = fc.constantFrom(...(Object.keys(INIT_FLAGS) as InitFlag[]));
    fc.assert(
      fc.property(fc.uniqueArray(flag), (flags) => {
        const words = initFlagWords(flags);
        const bits = (BigInt(words.flags2) << 32n) | BigInt(words.flags);
        const high = flags.some((name) => INIT_FLAGS[name] >= 32);
        const expected = new Set(high ? [...flags, 'FUSE_INIT_EXT' as const] : flags);
        assert.equal(
          bits,
          [...expected].reduce((sum, name) => sum | (1n << BigInt(INIT_FLAGS[name])), 0n),
        );
        assert.deepEqual(new Set(initFlagNames(words)), expected);
      }),
    );
  });

  it('are numbers as unsigned words, bit 31 included', () => {
    assert.deepEqual(initFlagWords(['FUSE_INIT_RESERVED', 'FUSE_PASSTHROUGH']), { flags: 0xc0000000, flags2: 0x20 });
  });

  it('in flags2 do not count without FUSE_INIT_EXT: an older kernel has no such word', () => {
    assert.equal(hasInitFlag({ flags: 0, flags2: 0x20 }, 'FUSE_PASSTHROUGH'), false);
    assert.equal(hasInitFlag({ flags: 0x40000000, flags2: 0x20 }, 'FUSE_PASSTHROUGH'), true);
    assert.equal(hasInitFlag({ flags: 0x40000000, flags2: 0x20 }, 'FUSE_HAS_RESEND'), false);
    assert.equal(hasInitFlag({ flags: 0x80000000, flags2: 0 }, 'FUSE_INIT_RESERVED'), true);
  });
});
