// The Debian package in clean trees of the Debians that it is for: guards against a file or dependency that it lacks, a node that cannot run it, a
// mount(8) that does not find or understand the helpers, and against what stays after a purge.

import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needsMount } from '../mounted-root.ts';
import { debianTree } from '../run/debian-tree.ts';

const MINUTES = 60_000;

/** Runs in the tree; $deb is the package. */
const SESSION = `
set -e
export DEBIAN_FRONTEND=noninteractive
exec 3>&1 >/dev/null
say() { echo "$@" >&3; }
everything() { find /etc /opt /root /usr /var -xdev \\( -path /var/cache -o -path /var/log -o -path /var/lib/apt -o -path /var/lib/dpkg \\) -prune -o -print | sort; }

apt-get update -qq
apt-get install -qqy $(dpkg-deb -f "$deb" Depends | sed 's/([^)]*)//g; s/|[^,]*//g; s/,//g')
everything >/tmp/before
apt-get install -qqy "$deb"
say "installed $(rootsync --version)"
dpkg --verify rootsync >&3

mkdir /tmp/flash /tmp/disk /tmp/mnt
echo content >/tmp/disk/file
mount -t rootsync -o flash=/tmp/flash,disk=/tmp/disk,hold none /tmp/mnt
say "mounted in $(rootsync mode), $(cat /tmp/mnt/file)"
mount -o remount,capture,nodev /tmp/mnt
say "remounted in $(rootsync mode), $(grep ' /tmp/mnt ' /proc/self/mounts | cut -d' ' -f4 | cut -d, -f1-2), $(cat /tmp/mnt/file)"
if mount -t rootsync -o remount,bogus none /tmp/mnt 2>/tmp/error; then say 'bogus was taken'; fi
say "$(head -n 1 /tmp/error)"
umount -c /tmp/mnt
say "unmounted, flash has $(cat /tmp/flash/file)"
rootsync run --flash /tmp/run -- sh -c 'echo "run in the merged root"' >&3 2>/dev/null
rootsync run --flash /tmp/run --flash-only -- sh -c 'echo "run on flash alone"' >&3 2>/dev/null

apt-get purge -qqy rootsync
everything | diff /tmp/before - >&3
say 'purged'
`;

describe('the Debian package', function () {
  this.timeout(9 * MINUTES);
  needsMount();
  let dir: string;
  let deb: string;

  before(() => {
    dir = mkdtempSync(join(tmpdir(), 'deb-'));
    execFileSync('bash', ['scripts/deb', dir], { stdio: ['ignore', 'ignore', 'inherit'] });
    deb = readdirSync(dir).find((name) => name.endsWith('.deb')) ?? '';
  });
  after(() => spawnSync('rm', ['-rf', '--one-file-system', dir]));

  for (const suite of ['bookworm', 'trixie']) {
    it(`installs, works and goes without a trace on ${suite}`, () => {
      const tree = join(dir, suite);
      execFileSync('cp', ['-a', debianTree(suite), tree]);
      execFileSync('cp', [join(dir, deb), join(tree, deb)]);
      execFileSync('cp', ['--remove-destination', '/etc/resolv.conf', join(tree, 'etc/resolv.conf')]);
      writeFileSync(join(tree, 'session'), SESSION);
      // The tree is a mount, as a root always is.
      const enter = `
        mount --bind "$tree" "$tree" && cd "$tree"
        mount -t proc none proc && mount --rbind /sys sys && mount --rbind /dev dev && mount -t tmpfs none run && mount -t tmpfs none tmp
        exec chroot . bash session`;
      const done = spawnSync('unshare', ['-m', 'sh', '-ec', enter], {
        encoding: 'utf8',
        env: { PATH: process.env['PATH'], tree, deb: `/${deb}` },
        timeout: 8 * MINUTES,
      });
      const { version } = JSON.parse(execFileSync('cat', ['package.json'], { encoding: 'utf8' })) as {
        version: string;
      };
      assert.deepEqual(
        done.stdout.split('\n'),
        [
          `installed ${version}`,
          'mounted in hold, content',
          'remounted in capture, rw,nodev, content',
          'error: -o: unknown option bogus',
          'unmounted, flash has content',
          'run in the merged root',
          'run on flash alone',
          'purged',
          '',
        ],
        done.stderr,
      );
    });
  }
});
