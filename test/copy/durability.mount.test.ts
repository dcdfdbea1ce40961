// What is answered as durable is on the device: a copy of the device made at that moment, without a sync, as a power cut would leave
// it, is mounted and looked at.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { O_PATH, close, openat } from '../../src/sys/open.ts';
import { got, ok } from '../sys/place.ts';
import { openDirectory, openSource } from './copying.ts';
import { detach, image, tool } from './images.ts';
import type { Image } from './images.ts';
import { PoolUnderTest } from './pool.ts';

const FILES = 40;

function content(i: number): Buffer {
  return Buffer.alloc(1000 + i * 3000, i);
}

/** What the device of `flash` holds at this moment, in a file next to it. */
function powerCut(flash: Image, name: string): string {
  const copy = `${flash.file}-${name}`;
  tool('cp', ['--sparse=always', flash.file, copy]);
  return copy;
}

/** Mounts such a file and gives it to `look`. */
function afterCut(cut: string, look: (dir: string) => void): void {
  const dir = `${cut}-mnt`;
  mkdirSync(dir);
  tool('mount', ['-o', 'loop', cut, dir]);
  try {
    look(dir);
  } finally {
    tool('umount', [dir]);
  }
}

describe('durability of copies', function () {
  this.timeout(120_000);
  const disk = image('tmpfs');
  for (const type of ['ext4', 'xfs', 'btrfs'] as const) {
    const flash = image(type);

    it(`is there when it is answered (${type})`, () => {
      const [source, target] = [openDirectory(disk.dir), ok(openat(AT_FDCWD, asBytes(flash.dir), O_PATH))];
      for (let i = 0; i < FILES; i++) writeFileSync(`${disk.dir}/f${String(i)}`, content(i));
      tool('sync', ['-f', flash.dir]);
      const under = new PoolUnderTest(target);
      const task = { kind: 'copy', data: true } as const;
      for (let i = 0; i < FILES; i++) {
        const sourceFd = openSource(source, asBytes(`f${String(i)}`));
        under.pool.submit('capture', { ...task, sourceFd, stageName: asBytes(`s${String(i)}`) }, (copied) =>
          got(copied),
        );
      }
      under.drainUntil(() => under.pool.pending('capture') === 0);
      const afterCopies = powerCut(flash, 'copies');
      const sourceFd = openSource(source, asBytes('f20'));
      const copyUp = { kind: 'copyUp', data: true, durable: true, sourceFd, stageName: asBytes('up') } as const;
      under.pool.submit('io', copyUp, (copied) => got(copied));
      under.drainUntil(() => under.pool.pending('io') === 0);
      const afterCopyUp = powerCut(flash, 'copy-up');
      assert.equal(readdirSync(`${flash.dir}/stage`).length, FILES + 1);
      under.close();
      for (const fd of [source, target]) ok(close(fd));
      // btrfs and xfs don't mount a second filesystem of the same identity.
      detach(flash);
      afterCut(afterCopies, (dir) => {
        for (let i = 0; i < FILES; i++)
          assert.ok(readFileSync(`${dir}/stage/s${String(i)}`).equals(content(i)), String(i));
      });
      afterCut(afterCopyUp, (dir) => assert.ok(readFileSync(`${dir}/stage/up`).equals(content(20))));
    });
  }
});
