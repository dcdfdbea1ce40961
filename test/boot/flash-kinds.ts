// Flashes that are no block devices: a file that the machine has as a drive, and as MTD by the kernel's module block2mtd.

import { execFileSync } from 'node:child_process';
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Of the first drive; an erase block has the size that NOR flash mostly has. */
const ERASE_BLOCK = 128 << 10;
const MTD = 'block2mtd.block2mtd=/dev/vda,128KiB,flash';

export interface FlashKind {
  /** Makes a file of zeros an empty flash; not given: as flash mostly is. */
  readonly format?: (file: string) => void;
  /** Flash, as the command line of a capture boot has it. */
  readonly merged: string;
  /** The command line of a boot of flash alone. Writable from the start, as in ALONE. */
  readonly alone: string;
  /** What /etc/fstab calls flash. */
  readonly source: string;
}

export const FLASH_KINDS = {
  jffs2: {
    format: erase,
    merged: `${MTD} rootsync.flash=mtd:flash`,
    alone: `${MTD} root=mtd:flash rootfstype=jffs2 rw`,
    source: 'mtd:flash',
  },
  ubifs: {
    format: ubinize,
    merged: `${MTD} ubi.mtd=flash rootsync.flash=ubi0:flash`,
    alone: `${MTD} ubi.mtd=flash root=ubi0:flash rootfstype=ubifs rw`,
    source: 'ubi0:flash',
  },
} satisfies Record<string, FlashKind>;

/** A command for the machine: what its /etc/fstab has as `/`, which was disk, becomes a flash of that type. */
export function rootInFstab(source: string, type: string): string {
  return `sed -i 's|^LABEL=disk .*|${source} / ${type} defaults 0 0|' /etc/fstab`;
}

/** Erased flash is all ones, and jffs2 needs no more. */
function erase(file: string): void {
  const fd = openSync(file, 'r+');
  const block = Buffer.alloc(ERASE_BLOCK, 0xff);
  for (let at = 0; at < fstatSync(fd).size; at += ERASE_BLOCK) writeSync(fd, block, 0, ERASE_BLOCK, at);
  closeSync(fd);
}

/** One volume that takes all there is; ubifs makes itself in it when it is mounted first. */
function ubinize(file: string): void {
  erase(file);
  const dir = mkdtempSync(join(tmpdir(), 'ubi-'));
  const [list, image] = [join(dir, 'list'), join(dir, 'image')];
  const volume = [
    'mode=ubi',
    'vol_id=0',
    'vol_type=dynamic',
    'vol_name=flash',
    'vol_size=1MiB',
    'vol_flags=autoresize',
  ];
  writeFileSync(list, `[flash]\n${volume.join('\n')}\n`);
  execFileSync('ubinize', ['-o', image, '-p', '128KiB', '-m', '1', list]);
  execFileSync('dd', [`if=${image}`, `of=${file}`, 'conv=notrunc', 'status=none']);
  rmSync(dir, { recursive: true });
}
