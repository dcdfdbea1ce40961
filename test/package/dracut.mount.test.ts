// dracut's module: an initramfs is made with it in a clean Debian, unpacked, and its hooks are run there, from the command line of the kernel to a merged root
// that is mounted. Guards against a file that the initramfs lacks, and a boot script that asks for what dracut does not have.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needsMount } from '../mounted-root.ts';
import { debianTree } from '../run/debian-tree.ts';

const MINUTES = 60_000;

/** In the Debian tree. */
const MAKE = `
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qqy --no-install-recommends dracut-core cpio kmod udev nodejs busybox
dpkg -i "$deb"
dracut --quiet --force --no-kernel --no-hostonly --no-compress --modules 'base rootsync' /initramfs.img none
mkdir /initramfs
cd /initramfs
cpio -id --quiet <../initramfs.img
`;

/** In the initramfs: what dracut runs, up to a root that is mounted. */
const BOOT = `
hookdir=/lib/dracut/hooks NEWROOT=/sysroot
. /lib/dracut-lib.sh
emergency_shell() { echo "emergency: $*"; exit 1; }
for hook in cmdline/*-parse-rootsync.sh pre-udev/*-load-rootsync.sh pre-mount/*-mount-raw-root.sh mount/*-mount-rootsync.sh; do
  . $hookdir/$hook
done
echo "root $root $rootok"
cat $NEWROOT/etc/hostname $NEWROOT/file
grep -c "$NEWROOT/media" /proc/mounts
/run/initramfs/bin/busybox chroot /run/initramfs /bin/busybox echo exitrd
mkdir /run/kept
mount --bind $NEWROOT/media/flash /run/kept
umount $NEWROOT/media/flash $NEWROOT/media/disk $NEWROOT
while [ -e /proc/$(cat /run/initramfs/daemon.pid)/exe ]; do sleep 0.1; done
cat /run/kept/file
`;

/** In the initramfs, without boot=rootsync: a root on raw flash, whose chip is there at the fourth try. */
const BOOT_RAW = `
hookdir=/lib/dracut/hooks NEWROOT=/sysroot root=mtd:flash
. /lib/dracut-lib.sh
tries=0
mount() {
  tries=$((tries + 1))
  [ $tries -ge 4 ] && echo "mount $*"
}
for hook in cmdline/*-parse-rootsync.sh pre-mount/*-mount-raw-root.sh; do
  . $hookdir/$hook
done
echo "root $root $rootok after $tries tries"
`;

describe("dracut's module", function () {
  this.timeout(9 * MINUTES);
  needsMount();
  let work: string;
  before(() => {
    work = mkdtempSync(join(tmpdir(), 'dracut-'));
  });
  after(() => spawnSync('rm', ['-rf', '--one-file-system', work]));

  const run = (script: string, env: Readonly<Record<'dir' | 'deb', string>>) =>
    spawnSync('unshare', ['-m', '-p', '-f', '--kill-child', 'sh', '-ec', script], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], ...env },
      timeout: 8 * MINUTES,
    });

  for (const suite of ['bookworm', 'trixie']) {
    it(`makes an initramfs that mounts the merged root, on ${suite}`, () => {
      const dir = join(work, suite);
      mkdirSync(dir);
      execFileSync('bash', ['scripts/deb', dir], { stdio: ['ignore', 'ignore', 'inherit'] });
      const deb = readdirSync(dir).find((name) => name.endsWith('.deb')) ?? '';
      const tree = join(dir, 'tree');
      execFileSync('cp', ['-a', debianTree(suite), tree]);
      execFileSync('cp', [join(dir, deb), join(tree, deb)]);
      execFileSync('cp', ['--remove-destination', '/etc/resolv.conf', join(tree, 'etc/resolv.conf')]);
      writeFileSync(join(tree, 'make'), MAKE);
      const enter = `cd "$dir/tree"
      mount -t proc none proc; mount --rbind /sys sys; mount --rbind /dev dev; mount -t tmpfs none tmp
      exec chroot . bash make`;
      const made = run(enter, { dir, deb: `/${deb}` });
      assert.equal(made.status, 0, made.stderr);

      const initramfs = join(tree, 'initramfs');
      writeFileSync(join(initramfs, 'boot.sh'), BOOT);
      writeFileSync(join(initramfs, 'boot-raw.sh'), BOOT_RAW);
      writeFileSync(
        join(dir, 'cmdline'),
        'boot=rootsync rootsync.flash=/dev/flash rootsync.disk=/dev/disk rootsync.timeout=5\n',
      );
      writeFileSync(join(dir, 'cmdline-raw'), 'root=mtd:flash rootsync.timeout=5\n');
      const disk = join(dir, 'disk');
      execFileSync('mkdir', ['-p', join(disk, 'etc')]);
      writeFileSync(join(disk, 'etc/hostname'), 'merged\n');
      writeFileSync(join(disk, 'file'), 'content\n');
      for (const [image, words] of Object.entries({ flash: [], disk: ['-d', disk] })) {
        execFileSync('mkfs.ext4', ['-q', ...words, join(dir, `${image}.img`), '64M']);
      }
      // The devices are there as the kernel would have them; /proc is of the new process namespace.
      const boot = `
      flash=$(losetup --find --show "$dir/flash.img"); trap 'losetup -d "$flash" "$disk"' EXIT
      disk=$(losetup --find --show "$dir/disk.img")
      mount --bind "$dir/tree/initramfs" "$dir/tree/initramfs"
      cd "$dir/tree/initramfs"
      mount -t proc none proc; mount --bind "$dir/cmdline" proc/cmdline
      mount -t tmpfs none dev; mount -t tmpfs none run; mkdir run/initramfs
      for node in fuse kmsg null; do touch dev/$node; mount --bind /dev/$node dev/$node; done
      touch dev/flash dev/disk; mount --bind "$flash" dev/flash; mount --bind "$disk" dev/disk
      timeout 120 chroot . sh boot.sh
      mount --bind "$dir/cmdline-raw" proc/cmdline
      timeout 120 chroot . sh boot-raw.sh`;
      const booted = run(boot, { dir, deb });
      assert.deepEqual(
        booted.stdout.split('\n'),
        [
          ...['root rootsync 1', 'merged', 'content', '2', 'exitrd', 'content'],
          ...['rootsync: waiting for root mtd:flash, up to 5 s', 'mount -t jffs2 -o ro mtd:flash /sysroot'],
          ...['root mtd:flash 1 after 4 tries', ''],
        ],
        booted.stderr,
      );
    });
  }
});
