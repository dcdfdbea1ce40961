// The built-in exclude rules, in order, each with its reason. They come before all others, so that a user's `!GLOB` re-includes.
// A rule `/dir` keeps files out but lets directories be made; a rule `/dir/**` makes `/dir` alone (see excludes.ts).

import type { Rule } from './exclude-rule.ts';

const LIST: readonly (readonly [glob: string, reason: string])[] = [
  ['/proc/**', 'made by the kernel: another filesystem is mounted there'],
  ['/sys/**', 'made by the kernel: another filesystem is mounted there'],
  ['/dev/**', 'devtmpfs is mounted there'],
  ['/run/**', 'state of the running system, gone at reboot'],
  ['/var/run/**', 'state of the running system, gone at reboot'],
  ['/var/lock/**', 'state of the running system, gone at reboot'],
  ['/tmp/**', 'temporary files, gone at reboot'],
  ['/var/tmp/**', 'temporary files'],
  // Daemons do not start without their directory here (/var/log/nginx), so directories are made.
  ['/var/log', 'logs grow without end, and wear flash out'],
  ['/var/cache', 'caches can be made again'],
  ['/var/lib/apt/lists', 'package lists can be downloaded again'],
  ['/var/lib/plocate/**', 'index of file names, made again every day'],
  ['/var/lib/mlocate/**', 'index of file names, made again every day'],
  ['/var/lib/systemd/coredump/**', 'core files'],
  ['/var/crash/**', 'crash reports'],
  ['/home/*/.cache/**', 'caches can be made again'],
  ['/root/.cache/**', 'caches can be made again'],
  ['/home/*/.local/share/Trash/**', 'thrown away by its owner'],
  ['/media/**', "other people's mounts"],
  ['/mnt/**', "other people's mounts"],
  ['/swapfile', 'swap space'],
  ['/swap.img', 'swap space'],
  ['/swap/**', 'swap space'],
  ['/var/swap', 'swap space'],
  // Not `core` at any depth: many packages have a directory of that name, which they cannot do without.
  ['/core', 'core file'],
  ['/root/core', 'core file'],
  ['/home/*/core', 'core file'],
  ['core.+([0-9])', 'core file with a process id'],
  ['.*.sw[a-p]', "an editor's swap file"],
  ['.nfs+([0-9a-f])', 'a file that was removed while open, over NFS'],
  ['**/lost+found/**', 'what fsck found'],
];

/** The built-in rules, as `rootsync exclude list` prints them. */
export const DEFAULT_EXCLUDES: readonly Rule[] = LIST.map(([glob, reason]) => ({ glob, source: 'built-in', reason }));
