// The ends of what fits: a full flash, big files, sparse files.

import assert from 'node:assert/strict';
import { closeSync, openSync, readSync, rmSync, statSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { ENOSPC } from '../../src/errno.ts';
import { close } from '../../src/sys/open.ts';
import { fails, got, ok } from '../sys/place.ts';
import { capture, closeFlash, openDirectory, openFlash, staged } from './copying.ts';
import { image, tool } from './images.ts';
import type { ImageType } from './images.ts';
import { makeSparse } from './specimens.ts';
import { segments } from './witness.ts';

const GIB = 2 ** 30;
const TIB = 2 ** 40;

describe('copies at the limits', function () {
  this.timeout(120_000);

  describe('of a small flash', () => {
    const disk = image('tmpfs');
    const small = image('ext4', { size: '8M', mkfs: ['-b', '1024'] });

    // Without `durable` the file is refused while it is written, or because delayed allocation reserves its blocks.
    for (const durable of [false, true]) {
      it(`leaves nothing staged when a file does not fit, and goes on with the next (durable: ${durable})`, () => {
        const flash = openFlash(small.dir);
        const source = openDirectory(disk.dir);
        writeFileSync(`${disk.dir}/big`, Buffer.alloc(20 << 20, 'b'));
        writeFileSync(`${disk.dir}/little`, Buffer.alloc(100_000, 'l'));
        tool('sync', ['-f', small.dir]);
        const free = statfsSync(small.dir).bfree;
        fails(capture(flash, source, asBytes('big'), flash.fd, durable), ENOSPC);
        assert.deepEqual(staged(flash), []);
        tool('sync', ['-f', small.dir]);
        assert.ok(Math.abs(statfsSync(small.dir).bfree - free) < 64);
        assert.equal(got(capture(flash, source, asBytes('little'), flash.fd, durable)).bytes, 100_000);
        rmSync(`${small.dir}/little`);
        ok(close(source));
        closeFlash(flash);
      });
    }

    it('says ENOSPC, not degraded, when an xattr does not fit because the flash is full', () => {
      const flash = openFlash(small.dir);
      const source = openDirectory(disk.dir);
      writeFileSync(`${disk.dir}/attributes`, '');
      tool('setfattr', ['-n', 'trusted.t', '-v', 'x'.repeat(800), `${disk.dir}/attributes`]);
      const fill = openSync(`${small.dir}/fill`, 'w');
      const [block, byte] = [Buffer.alloc(65536), Buffer.alloc(1024)];
      for (const bytes of [block, byte]) {
        assert.throws(() => {
          for (;;) writeSync(fill, bytes);
        }, /ENOSPC/);
      }
      closeSync(fill);
      fails(capture(flash, source, asBytes('attributes'), flash.fd), ENOSPC);
      assert.deepEqual(staged(flash), []);
      rmSync(`${small.dir}/fill`);
      assert.deepEqual(got(capture(flash, source, asBytes('attributes'), flash.fd)).degraded, []);
      ok(close(source));
      closeFlash(flash);
    });
  });

  describe('of file sizes', () => {
    const disk = image('xfs');
    const types: readonly ImageType[] = ['ext4', 'xfs', 'btrfs', 'tmpfs'];
    for (const type of types) {
      const flash_ = image(type);

      it(`keeps 1 TiB of holes and what is beyond 4 GiB (${type})`, () => {
        const flash = openFlash(flash_.dir);
        const source = openDirectory(disk.dir);
        const offsets = [4096, 4 * GIB - 65536, 4 * GIB, 4 * GIB + 4096 * 1001];
        makeSparse(`${disk.dir}/5g`, 5 * GIB, offsets);
        makeSparse(`${disk.dir}/1t`, TIB, [0, TIB - 65536]);
        tool('sync', ['-f', disk.dir]);
        assert.equal(got(capture(flash, source, asBytes('5g'), flash.fd)).bytes, 4 * 65536);
        assert.equal(got(capture(flash, source, asBytes('1t'), flash.fd)).bytes, 2 * 65536);
        tool('sync', ['-f', flash_.dir]);
        for (const name of ['5g', '1t']) {
          const copy = statSync(`${flash_.dir}/${name}`);
          assert.equal(copy.size, statSync(`${disk.dir}/${name}`).size);
          assert.ok(copy.blocks * 512 <= 5 * 65536, `${name} takes ${String(copy.blocks * 512)} bytes`);
          assert.equal(segments(flash_.dir).get(name), segments(disk.dir).get(name));
        }
        const same = (name: string, position: number): void => {
          const [a, b] = [Buffer.alloc(65536), Buffer.alloc(65536, 1)];
          for (const [dir, bytes] of [
            [disk.dir, a],
            [flash_.dir, b],
          ] as const) {
            const fd = openSync(`${dir}/${name}`, 'r');
            assert.equal(readSync(fd, bytes, 0, 65536, position), 65536);
            closeSync(fd);
          }
          assert.ok(a.equals(b), `${name} at ${String(position)}`);
        };
        for (const offset of offsets) same('5g', offset);
        same('1t', TIB - 65536);
        for (const name of ['5g', '1t']) for (const dir of [disk.dir, flash_.dir]) rmSync(`${dir}/${name}`);
        ok(close(source));
        closeFlash(flash);
      });
    }
  });
});
