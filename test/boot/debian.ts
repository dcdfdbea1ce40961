// What is booted: a Debian with a kernel, systemd and a service, in which our package was installed and update-initramfs has run; an image of it as disk.
// Made once per test run where the runner gives a cache.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MINUTES = 60_000;
const PACKAGES = [
  ...['linux-image-amd64', 'systemd-sysv', 'udev', 'dbus', 'kmod', 'login', 'passwd', 'e2fsprogs', 'zstd'],
  // What the initramfs takes along.
  ...['nodejs', 'busybox'],
  // Flash on f2fs.
  'f2fs-tools',
  // A service to ask, and what the report is made with.
  ...['nginx-light', 'procps', 'iproute2'],
];
/** The machine's own devices are all that the initramfs has to know: it is smaller so, and read faster. block2mtd is none without a word on the command line. */
const MODULES = [
  'virtio_pci',
  'virtio_blk',
  'virtio_rng',
  'ext4',
  'virtio_net',
  'af_packet',
  'nfs',
  'nfsv3',
  'block2mtd',
  'overlay',
];
export const PASSWORD = 'secret';

/** What makes the initramfs of a system: what configures it to take no more than MODULES, and what runs it in the tree `$1`. */
const MAKERS = {
  'initramfs-tools': [
    `printf '${MODULES.join('\\n')}\\n' >"$1/etc/initramfs-tools/modules"`,
    `printf 'MODULES=list\\nCOMPRESS=zstd\\nCOMPRESSLEVEL=3\\n' >"$1/etc/initramfs-tools/conf.d/small"`,
    'env -u NODE_EXTRA_CA_CERTS chroot "$1" update-initramfs -c -k all',
  ],
  dracut: [
    `printf 'hostonly=no\\ncompress="zstd -3"\\nforce_drivers=" ${MODULES.join(' ')} "\\n' >"$1/etc/dracut.conf.d/small.conf"`,
    'env -u NODE_EXTRA_CA_CERTS SYSTEMD_LOG_LEVEL=warning chroot "$1" dracut --quiet --force --regenerate-all',
  ],
} satisfies Record<string, readonly string[]>;

/** Files that nobody may change. */
export interface Bootable {
  readonly kernel: string;
  readonly initrd: string;
  /** An ext4 with the label `disk`. */
  readonly disk: string;
  /** The directory that they are in, for more of the kind. */
  readonly dir: string;
}

/** Builds a Debian of this suite, or takes the one that this run has built already. */
export function bootable(suite = 'trixie', maker: keyof typeof MAKERS = 'initramfs-tools'): Bootable {
  const cache = process.env['ROOTSYNC_TEST_CACHE'] ?? mkdtempSync(join(tmpdir(), 'boot-'));
  const dir = join(cache, `boot-${suite}-${maker}`);
  if (!existsSync(dir)) build(suite, maker, dir);
  const [kernel, initrd] = ['vmlinuz', 'initrd.img'].map((start) => {
    const name = readdirSync(join(dir, 'boot')).find((found) => found.startsWith(start));
    return join(dir, 'boot', name ?? start);
  }) as [string, string];
  return { kernel, initrd, disk: join(dir, 'disk.img'), dir };
}

function build(suite: string, maker: keyof typeof MAKERS, dir: string): void {
  const half = `${dir}.half`;
  const tree = join(half, 'tree');
  mkdirSync(half, { recursive: true });
  run('scripts/deb', [half]);
  const hooks = [
    `cp ${half}/rootsync_*.deb "$1/tmp/" && chroot "$1" sh -c "dpkg --install /tmp/rootsync_*.deb && rm /tmp/rootsync_*.deb" >/dev/null`,
    'install -m 755 test/boot/guest/boot-report "$1/usr/local/sbin/boot-report"',
    'install -D -m 644 test/boot/guest/overlay-root "$1/usr/share/initramfs-tools/scripts/overlay"',
    `echo root:${PASSWORD} | chroot "$1" chpasswd`,
    'echo bootbox >"$1/etc/hostname"',
    // As an installed Debian has it.
    'echo "LABEL=disk / ext4 errors=remount-ro 0 1" >"$1/etc/fstab"',
    // Not the first boot of an image: /etc and /var are up to date.
    'touch "$1/etc/.updated" "$1/var/.updated"',
    'rm -f "$1/etc/machine-id" && chroot "$1" systemd-machine-id-setup',
    ...MAKERS[maker],
    'rm -f "$1"/var/cache/apt/archives/*.deb "$1"/var/lib/apt/lists/*_*',
  ];
  const words = ['--variant=minbase', '--quiet', `--include=${[maker, ...PACKAGES].join(',')}`];
  // The initramfs is made once, by the hooks.
  run('mmdebstrap', [...words, ...hooks.map((hook) => `--customize-hook=${hook}`), suite, tree], { INITRD: 'No' });
  run('cp', ['-a', join(tree, 'boot'), join(half, 'boot')]);
  run('truncate', ['-s', '1G', join(half, 'disk.img')]);
  run('mkfs.ext4', ['-q', '-L', 'disk', '-d', tree, join(half, 'disk.img')]);
  rmSync(tree, { recursive: true });
  renameSync(half, dir);
}

function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  const all = { ...process.env, ...env };
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 10 * MINUTES, env: all });
}
