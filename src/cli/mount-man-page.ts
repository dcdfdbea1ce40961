// mount.rootsync(8): what mount(8), fstab and systemd are told, with the options made from the table that --help is made from. Pure: text out.

import { FLAG_OPTIONS } from '../daemon/mount-flags.ts';
import { MOUNT_OPTIONS } from '../daemon/mount-options.ts';
import { roffItem, roffLines, roffText } from './roff.ts';

const EXIT_CODES = [
  ['0', 'mounted, unmounted'],
  ['1', 'an option or argument that cannot be, or no permission'],
  ['2', 'the system lacks something: /dev/fuse, node'],
  ['8', 'interrupted'],
  ['32', 'not mounted, not unmounted; stderr says why'],
] as const;

/** `date`: of the build, `2026-01-31`. */
export function mountManPage(version: string, date: string): string {
  const text = (words: string): string => roffText(words);
  return [
    `.TH MOUNT.ROOTSYNC 8 "${date}" "rootsync ${version}" "System Administration"`,
    '.SH NAME',
    'mount.rootsync, umount.rootsync \\- mount the merge of a small flash over a big disk',
    '.SH SYNOPSIS',
    '.B mount \\-t rootsync \\-o flash=\\fIDIR\\fP,disk=\\fIDIR\\fP[,\\fIOPTION\\fP...] \\fISPEC DIR\\fP',
    '.br',
    '.B mount \\-o remount,\\fIOPTION\\fP[,...] \\fIDIR\\fP',
    '.br',
    '.B umount \\fIDIR\\fP',
    '.SH DESCRIPTION',
    text(
      'mount(8) calls mount.rootsync for the type rootsync, from the command line, a line of fstab or a .mount unit of systemd, and it calls rootsync(1). ' +
        'SPEC is only a name that /proc/mounts shows: none, for instance.',
    ),
    '.PP',
    text(
      'A comma in a value is written \\, or the value stands in double quotes; fstab wants \\040 for a space. ' +
        'An unknown option is refused, with -s (or the option sloppy) passed over.',
    ),
    '.SH OPTIONS',
    ...MOUNT_OPTIONS.flatMap(({ name, value, help, many }) =>
      roffItem(value === undefined ? name : `${name}=${value}`, many ? `${help}; may be given again` : help),
    ),
    ...roffItem(FLAG_OPTIONS.join(', '), 'as mount(8) tells them'),
    ...roffItem(
      'nofail, noauto, _netdev, user, comment=, x-...',
      'are for mount(8), fstab and systemd. Of user and users, the kernel lets nobody but root mount in the end.',
    ),
    '.SH REMOUNT',
    text(
      'The modes capture, hold, upgrade and rehearse (or mode=) and the flags of the kernel can be changed on a live mount. All else stays as it was mounted: it may be ' +
        'said again, as fstab does, and is refused where it differs. A remount that is refused changes nothing.',
    ),
    '.PP',
    text(
      'mount -i, and mount of util-linux 2.39 and later where no mount.fuse.rootsync is installed, remount by the new interface of the kernel, which refuses all options of ' +
        'FUSE (No changes allowed in reconfigure); with LIBMOUNT_FORCE_MOUNT2=always in the environment they use the old one.',
    ),
    '.SH UNMOUNT',
    text(
      'umount(8) calls umount.rootsync when systemd unmounts, and with -c, -l or -f: it waits until all that was used is on flash. Otherwise umount asks for umount.fuse ' +
        'alone and unmounts by itself; the daemon then finishes its copies afterwards, and flash is busy until it has. rootsync umount waits.',
    ),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, meaning]) => roffItem(code, meaning)),
    '.SH EXAMPLES',
    text('A line of fstab:'),
    '.PP',
    ...roffLines(
      'none  /mnt  rootsync  flash=/media/flash,disk=/media/disk,hold,nofail,x-systemd.requires-mounts-for=/media/flash  0  0',
    ),
    '.PP',
    text('The same as a unit, mnt.mount:'),
    '.PP',
    ...roffLines(
      [
        '[Unit]',
        'RequiresMountsFor=/media/flash /media/disk',
        '',
        '[Mount]',
        'What=none',
        'Where=/mnt',
        'Type=rootsync',
        'Options=flash=/media/flash,disk=/media/disk,hold',
        '',
        '[Install]',
        'WantedBy=local-fs.target',
      ].join('\n'),
    ),
    '.SH SEE ALSO',
    '.BR rootsync (1),',
    '.BR mount (8),',
    '.BR fstab (5),',
    '.BR systemd.mount (5)',
    '',
  ].join('\n');
}
