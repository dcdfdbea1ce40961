// A Debian whose initramfs is made by dracut boots from the merged root, then from flash alone, also where flash is raw. Guards against a module that works in an
// initramfs that was unpacked, and not in a machine: where devices come late, and what began in the initramfs is ended with it.

import { needsMount } from '../mounted-root.ts';
import { ALONE, Boots, isWhole, tell } from './boots.ts';
import { bootable } from './debian.ts';
import { FLASH_KINDS, rootInFstab } from './flash-kinds.ts';
import type { FlashKind } from './flash-kinds.ts';

const KINDS: Readonly<Record<string, FlashKind>> = {
  ext4: { merged: 'rootsync.flash=LABEL=flash', alone: ALONE, source: 'LABEL=flash' },
  ...FLASH_KINDS,
};

describe('a Debian with an initramfs of dracut', function () {
  this.timeout(1_800_000);
  needsMount();
  let boots: Boots;

  before(() => {
    boots = new Boots(bootable('trixie', 'dracut'));
  });

  for (const [type, { format, merged, alone, source }] of Object.entries(KINDS)) {
    it(`captures to ${type}, which then boots alone`, async () => {
      const flash = boots.flash(256, format);
      const disk = boots.disk();
      const words = `boot=rootsync ${merged} rootsync.disk=LABEL=disk`;
      const first = await boots.boot(
        words,
        [{ file: flash }, { file: disk }],
        [rootInFstab(source, type), 'rootsync status'],
      );
      tell('capture', first);
      isWhole(first, 'fuse.rootsync');
      const last = await boots.boot(alone, [{ file: flash, snapshot: true }]);
      tell('flash alone', last);
      isWhole(last, type);
    });
  }
});
