// npm run boot-demo: a Debian boots from the merged root of an empty flash and a disk, is used a little, and ends; then flash alone boots, and the same
// works again. Shows what the console says, times and sizes. Leaves the two images behind.

import { statSync } from 'node:fs';
import { ALONE, Boots, CAPTURE, isWhole } from './boots.ts';
import type { Booted } from './boots.ts';
import { bootable, PASSWORD } from './debian.ts';

const COMMANDS = [
  'uname -a',
  'findmnt --noheadings --real',
  'systemctl --no-pager status nginx',
  'ip -brief address',
  'dpkg -l | wc -l',
  // What flash alone needs to be otherwise than on disk.
  'sed -i s/LABEL=disk/LABEL=flash/ /etc/fstab',
];

const say = (line: string): void => {
  process.stdout.write(`boot-demo: ${line}\n`);
};
const megabytes = (file: string): string => `${Math.round((statSync(file).blocks * 512) / 1e6)} MB`;

function summary({ userspaceAt, finishedAt, seconds, status }: Booted): string {
  const times = `/sbin/init began after ${userspaceAt.toFixed(1)} s, the boot was finished after ${finishedAt.toFixed(1)} s, all took ${seconds.toFixed(1)} s`;
  if (status === null) return times;
  const { captured } = status.counts;
  const requests = Object.values(status.operations).reduce((n, { count }) => n + count, 0);
  return `${times}; ${requests} requests; ${captured.files} files, ${captured.symlinks} symlinks, ${captured.directories} directories captured by then`;
}

say('building a Debian with a kernel, systemd, nginx and rootsync (minutes)');
const began = performance.now();
const debian = bootable();
const boots = new Boots(debian, (text) => process.stdout.write(text));
const disk = boots.disk();
const flash = boots.flash();
say(
  `built in ${((performance.now() - began) / 1000).toFixed(0)} s: kernel ${megabytes(debian.kernel)}, initramfs ${megabytes(debian.initrd)}, disk ${megabytes(disk)}`,
);

say(`capture boot: ${CAPTURE}`);
const first = await boots.boot(CAPTURE, [{ file: flash }, { file: disk }], COMMANDS);
say(`capture boot: ${summary(first)}`);
isWhole(first, 'fuse.rootsync');
say(`flash holds ${megabytes(flash)}, disk ${megabytes(disk)}`);

say(`flash alone, and disk is not there: ${ALONE}`);
const alone = await boots.boot(ALONE, [{ file: flash }], COMMANDS);
say(`flash alone: ${summary(alone)}`);
isWhole(alone, 'ext4');

say(
  `flash is ${flash}, disk ${disk}, the kernel ${debian.kernel}, the initramfs ${debian.initrd}; root's password is ${PASSWORD}`,
);
