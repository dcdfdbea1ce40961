// Options of mount(8) that are not ours: those that every filesystem takes, as flags of mount(2), and those that only mount(8), fstab and
// systemd have a use for.

/** MS_* of mount(2); names of options are those of mount(8). */
const FLAGS = new Map([
  ['ro', 0x1],
  ['nosuid', 0x2],
  ['nodev', 0x4],
  ['noexec', 0x8],
  ['sync', 0x10],
  ['dirsync', 0x80],
  ['nosymfollow', 0x100],
  ['noatime', 0x400],
  ['nodiratime', 0x800],
  ['silent', 0x8000],
  ['relatime', 0x20_0000],
  ['strictatime', 0x100_0000],
  ['lazytime', 0x200_0000],
]);

/** Taking back one of FLAGS. */
const TAKEN_BACK = new Map([
  ['rw', 'ro'],
  ['suid', 'nosuid'],
  ['dev', 'nodev'],
  ['exec', 'noexec'],
  ['async', 'sync'],
  ['symfollow', 'nosymfollow'],
  ['atime', 'noatime'],
  ['diratime', 'nodiratime'],
  ['loud', 'silent'],
  ['norelatime', 'relatime'],
  ['nostrictatime', 'strictatime'],
  ['nolazytime', 'lazytime'],
]);

/** All options that are flags of mount(2). */
export const FLAG_OPTIONS: readonly string[] = [...FLAGS.keys(), ...TAKEN_BACK.keys()];

/** What fstab and mount(8) may pass to every helper and a filesystem has nothing to do with. */
const FOREIGN =
  /^(defaults|auto|noauto|nofail|_netdev|user|nouser|users|nousers|owner|noowner|group|nogroup|u?helper|comment|x-.*|X-.*)$/;

/** What the kernel shows of a FUSE mount in /proc/self/mountinfo, and mount(8) therefore passes to a remount. */
const SHOWN_BY_KERNEL = new Set([
  'fd',
  'rootmode',
  'user_id',
  'group_id',
  'max_read',
  'blksize',
  'allow_other',
  'default_permissions',
]);

/** MS_* flags after an option; undefined where it is none that every filesystem takes. */
export function applyFlag(flags: number, name: string): number | undefined {
  const set = FLAGS.get(name);
  if (set !== undefined) return flags | set;
  const cleared = FLAGS.get(TAKEN_BACK.get(name) ?? '');
  return cleared === undefined ? undefined : flags & ~cleared;
}

/** An option that is meant for others. */
export function isForeign(name: string, remount: boolean): boolean {
  return FOREIGN.test(name) || (remount && SHOWN_BY_KERNEL.has(name));
}
