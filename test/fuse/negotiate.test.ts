import assert from 'node:assert/strict';
import { negotiate } from '../../src/fuse/negotiate.ts';
import type { Agreement, Wants } from '../../src/fuse/negotiate.ts';
import { INIT_FLAGS, initFlagWords } from '../../src/wire/init.ts';
import type { InitFlag, InitIn } from '../../src/wire/init.ts';

const everything = Object.keys(INIT_FLAGS) as InitFlag[];

function offer(flags: readonly InitFlag[], major = 7, minor = 45): InitIn {
  return { major, minor, maxReadahead: 131072, ...initFlagWords(flags) };
}

function agree(flags: readonly InitFlag[], wants?: Wants): Required<Agreement> & { agreed: object } {
  const result = negotiate(offer(flags), wants);
  assert.ok('out' in result && result.agreed !== undefined);
  return result as never;
}

describe('fuse/negotiate', () => {
  it('asks for nothing that was not offered', () => {
    const { out, agreed } = agree([]);
    assert.equal(out.flags, 0);
    assert.equal(out.flags2, 0);
    assert.equal(out.maxPages, 0);
    assert.equal(out.maxWrite, 32 * 4096);
    assert.equal(out.maxStackDepth, 0);
    assert.deepEqual(agreed.flags, []);
  });

  it('takes what it wants of everything, and none of what would blind or break it', () => {
    const { agreed, out } = agree(everything);
    for (const never of [
      'FUSE_NO_OPEN_SUPPORT',
      'FUSE_NO_OPENDIR_SUPPORT',
      'FUSE_READDIRPLUS_AUTO',
      'FUSE_WRITEBACK_CACHE',
      'FUSE_AUTO_INVAL_DATA',
      'FUSE_REQUEST_TIMEOUT',
      'FUSE_POSIX_LOCKS',
      'FUSE_OVER_IO_URING',
    ] as const) {
      assert.ok(!agreed.flags.includes(never), never);
    }
    for (const wanted of ['FUSE_DONT_MASK', 'FUSE_POSIX_ACL', 'FUSE_DO_READDIRPLUS', 'FUSE_INIT_EXT'] as const) {
      assert.ok(agreed.flags.includes(wanted), wanted);
    }
    assert.equal(agreed.maxPages, 256);
    assert.equal(agreed.maxWrite, 1 << 20);
    assert.ok(agreed.passthrough && agreed.expireOnly && agreed.setxattrExt && agreed.resend);
    assert.equal(out.maxStackDepth, 1);
    assert.equal(out.timeGran, 1);
    assert.equal(out.requestTimeout, 0);
    assert.equal(out.maxReadahead, 131072);
  });

  it('goes by the flags, not by the version', () => {
    const old = negotiate(offer(['FUSE_INIT_EXT', 'FUSE_PASSTHROUGH'], 7, 31));
    assert.ok('out' in old);
    assert.equal(old.agreed?.passthrough, true);
    assert.equal(old.out.minor, 31);
    assert.equal(agree([]).agreed.passthrough, false);
  });

  it('does not take flags of the upper half from a kernel that cannot say them', () => {
    const words = initFlagWords(['FUSE_PASSTHROUGH']);
    const result = negotiate({ major: 7, minor: 35, maxReadahead: 0, flags: 1, flags2: words.flags2 });
    assert.ok('out' in result);
    assert.equal(result.out.flags2, 0);
    assert.equal(result.agreed?.passthrough, false);
  });

  it('can be told to do without, and to take more', () => {
    const without = agree(everything, { without: ['FUSE_PASSTHROUGH', 'FUSE_MAX_PAGES'] });
    assert.equal(without.agreed.passthrough, false);
    assert.equal(without.out.maxStackDepth, 0);
    assert.equal(without.out.maxPages, 0);
    assert.equal(without.agreed.maxWrite, 131072);
    const also = agree(everything, { also: ['FUSE_WRITEBACK_CACHE'] });
    assert.ok(also.agreed.flags.includes('FUSE_WRITEBACK_CACHE'));
    assert.equal(also.agreed.passthrough, false, 'the kernel would turn it off without a word');
    assert.ok(!agree([], { also: ['FUSE_WRITEBACK_CACHE'] }).agreed.flags.includes('FUSE_WRITEBACK_CACHE'));
  });

  it('never claims a newer minor than its own, nor than the kernel has', () => {
    for (const [kernel, ours] of [
      [99, 45],
      [45, 45],
      [38, 38],
      [23, 23],
    ] as const) {
      const result = negotiate(offer([], 7, kernel));
      assert.ok('out' in result);
      assert.equal(result.out.minor, ours);
    }
  });

  it('refuses a kernel that it cannot talk to, and waits for another INIT from one of the future', () => {
    for (const [major, minor] of [
      [7, 22],
      [6, 99],
    ] as const) {
      const result = negotiate(offer([], major, minor));
      assert.ok('refused' in result);
      assert.match(result.refused, new RegExp(`${String(major)}\\.${String(minor)}`));
    }
    const future = negotiate(offer([], 8, 0));
    assert.ok('out' in future);
    assert.equal(future.agreed, undefined);
    assert.equal(future.out.major, 7);
  });

  it('makes a plain object, to be sent to another thread', () => {
    const { agreed } = agree(everything);
    assert.deepEqual(structuredClone(agreed), agreed);
  });
});
