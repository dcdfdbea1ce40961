// Copies between real filesystems, each with each, compared by other tools than ours.

import assert from 'node:assert/strict';
import { mkdirSync, readdirSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import type { Degradation } from '../../src/copy/metadata.ts';
import { close } from '../../src/sys/open.ts';
import { got, ok } from '../sys/place.ts';
import { capture, closeFlash, openDirectory, openFlash } from './copying.ts';
import { image } from './images.ts';
import type { ImageType } from './images.ts';
import { makeSpecimens } from './specimens.ts';
import { witness } from './witness.ts';
import type { Account } from './witness.ts';

const types: readonly ImageType[] = ['ext4', 'xfs', 'btrfs', 'tmpfs'];

interface Captured {
  /** What was lost, by name. */
  lost: Record<string, Degradation[]>;
  userXattrs: boolean;
}

/** Copies all of `from` into the new directory `to` of a flash. */
function captureAll(from: string, flashDir: string, to: string): Captured {
  mkdirSync(`${flashDir}/${to}`);
  const flash = openFlash(flashDir);
  const source = openDirectory(from);
  const target = openDirectory(`${flashDir}/${to}`);
  const lost: Captured['lost'] = {};
  for (const name of readdirSync(from, 'buffer').map((bytes) => asBytes(bytes.toString('latin1')))) {
    const { degraded } = got(capture(flash, source, name, target));
    if (degraded.length > 0) lost[name] = degraded;
  }
  ok(close(source));
  ok(close(target));
  closeFlash(flash);
  return { lost, userXattrs: flash.features.xattrUser };
}

/** For a tmpfs before Linux 6.6. */
function dropUserXattrs(accounts: Record<string, Account>): void {
  for (const account of Object.values(accounts)) {
    account.xattrs = Object.fromEntries(Object.entries(account.xattrs).filter(([name]) => !name.startsWith('user.')));
  }
}

describe('copies between filesystems', function () {
  this.timeout(60_000);
  const disks = types.map((type) => image(type));
  const flashes = types.map((type) => image(type));
  const made = new Set<string>();

  for (const disk of disks) {
    for (const flash of flashes) {
      it(`${disk.type} to ${flash.type}: every kind of object comes out as it was`, () => {
        const from = `${disk.dir}/from`;
        if (!made.has(disk.type)) {
          mkdirSync(from);
          makeSpecimens(from);
          made.add(disk.type);
        }
        const expected = witness(from);
        const { lost, userXattrs } = captureAll(from, flash.dir, disk.type);
        const found = witness(`${flash.dir}/${disk.type}`);
        if (userXattrs) assert.deepEqual(lost, {});
        else dropUserXattrs(expected);
        assert.ok(Object.keys(expected).length >= 29);
        assert.deepEqual(found, expected);
      });
    }
  }

  it('within one filesystem too, where blocks may be shared', () => {
    for (const disk of disks) {
      captureAll(`${disk.dir}/from`, disk.dir, 'copy');
      assert.deepEqual(witness(`${disk.dir}/copy`), witness(`${disk.dir}/from`), disk.type);
    }
  });
});
