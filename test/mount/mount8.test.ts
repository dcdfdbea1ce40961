// mount(8), umount(8) and fstab with our helpers in their place, in a mount namespace of its own: guards against options that libmount and we
// read differently, against a remount that changes something else or only half, and against exit codes that mount(8) does not have.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needsMount } from '../mounted-root.ts';

const HELPERS = realpathSync('mount-helpers');
const ROOTSYNC = realpathSync('bin/rootsync');
const MNT = '"$dir/mnt"';

/** Has the helpers found; ends what is still mounted, and waits for its daemon. */
const AROUND = `
mount -t tmpfs none /sbin
for word in mount umount; do
  ln -s ${HELPERS}/$word.rootsync /sbin/$word.rootsync
  ln -s $word.rootsync /sbin/$word.fuse.rootsync
done
shown() { grep " $dir/mnt .* fuse.rootsync " /proc/self/mountinfo | cut -d' ' -f6; }
mode() { ${ROOTSYNC} mode -m ${MNT}; }
trap 'if [ -n "$(shown)" ]; then ${ROOTSYNC} umount --lazy ${MNT}; fi' EXIT
`;

describe('mount(8)', function () {
  this.timeout(120_000);
  needsMount();
  let dir: string;
  let options: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mount8-'));
    for (const name of ['flash room', 'disk,d', 'mnt']) mkdirSync(join(dir, name));
    for (let i = 0; i < 200; i++) writeFileSync(join(dir, `disk,d/file${i}`), 'content\n');
    options = `flash=${dir}/flash room,disk="${dir}/disk,d"`;
  });
  afterEach(() => spawnSync('rm', ['-rf', '--one-file-system', dir]));

  /** A shell script in a namespace of its own, with $dir, $options, and the words above. */
  function run(script: string): { status: number | null; out: string; error: string } {
    const ended = spawnSync('unshare', ['-m', 'bash', '--norc', '-c', AROUND + script], {
      encoding: 'utf8',
      cwd: '/',
      env: { ...process.env, dir, options },
      timeout: 100_000,
    });
    return { status: ended.status, out: ended.stdout, error: ended.stderr };
  }

  function succeed(script: string): string {
    const { status, out, error } = run(`set -e\n${script}`);
    assert.deepEqual([status, error], [0, '']);
    return out;
  }

  it('mounts, and the umount(8) of systemd waits until flash has everything', () => {
    const out = succeed(`
      mount -t rootsync -o "$options" none ${MNT}
      cat ${MNT}/*
      grep -c "fuse.rootsync none " /proc/self/mountinfo
      umount -c ${MNT}
      cat "$dir/flash room/file99"
      shown
    `);
    assert.equal(out, `${'content\n'.repeat(200)}1\ncontent\n`);
  });

  it('takes a line of fstab, with what is there for others, and mounts it once', () => {
    const line = `none ${dir}/mnt rootsync ${options.replace(' ', '\\040')},noatime,lazytime,nofail,_netdev,comment=x,x-systemd.requires=/x,mode=hold,exclude="/a,b",exclude=/c\\,d 0 0\n`;
    writeFileSync(join(dir, 'fstab'), line);
    const out = succeed(`
      mount -T "$dir/fstab" -a
      mount -T "$dir/fstab" -a
      shown
      mode
      ${ROOTSYNC} exclude list -m ${MNT} | grep -o "/a,b\\|/c,d"
      mount -T "$dir/fstab" -o remount,capture ${MNT}
      shown
      mode
      umount -c ${MNT}
    `);
    assert.equal(out, 'rw,noatime\nhold\n/a,b\n/c,d\nrw,noatime\ncapture\n');
  });

  // As x-systemd.automount has it: whoever comes to the mountpoint waits, but for the process group that mounts there.
  const AUTOMOUNT = `
    exec 6> >(head -c 1 >"$dir/asked"; exec sleep 60)
    waiter=$!
    mount -t autofs -o "fd=6,pgrp=$(ps -o pgid= -p $$ | tr -d ' '),minproto=5,maxproto=5,direct" none ${MNT}
    exec 7<${MNT}
    # AUTOFS_IOC_CATATONIC: nobody waits any more.
    release() { python3 -c 'import fcntl; fcntl.ioctl(7, 0x9362)'; exec 7<&-; kill $waiter; }
  `;

  it('mounts on an automount point without setting it off', () => {
    const out = succeed(`${AUTOMOUNT}
      setsid -w timeout 20 mount -t rootsync -o "$options" none ${MNT}
      release
      cat ${MNT}/file0 "$dir/asked"
      umount -c ${MNT}
    `);
    assert.equal(out, 'content\n');
  });

  it('mounts on an automount point for somebody who waits there', () => {
    const out = succeed(`${AUTOMOUNT}
      setsid ls ${MNT} >/dev/null 2>&1 &
      until [ -s "$dir/asked" ]; do sleep 0.05; done
      timeout --foreground 20 mount -t rootsync -o "$options" none ${MNT}
      release
      cat ${MNT}/file0
      umount -c ${MNT}
    `);
    assert.equal(out, 'content\n');
  });

  it('switches mode and flags of a live mount with remount', () => {
    const out = succeed(`
      mount -t rootsync -o "$options,nodev" none ${MNT}
      mount -o remount,upgrade ${MNT}; mode; shown
      mount -o remount,hold,ro ${MNT}; mode; shown
      if (: >${MNT}/new) 2>&-; then echo written; fi
      mount -o remount,rw,dev ${MNT}; mode; shown
      : >${MNT}/new
      umount -c ${MNT}
    `);
    assert.equal(
      out,
      ['upgrade', 'rw,nodev,relatime', 'hold', 'ro,nodev,relatime', 'hold', 'rw,relatime', ''].join('\n'),
    );
  });

  it('refuses a remount that would change what stays, and then changes nothing', () => {
    const { out, error } = run(`
      mount -t rootsync -o "$options,exclude=/x" none ${MNT}
      for more in reserve=10M exclude=/y disk=/usr; do
        mount -t rootsync -o "remount,ro,hold,$options,$more" none ${MNT}; echo $?
      done
      exec 5>${MNT}/open
      mount -t rootsync -o "remount,ro,hold,$options" none ${MNT}; echo $?
      exec 5>&-
      mode; shown
      mount -t rootsync -o remount,hold none ${MNT}/..; echo $?
      umount -c ${MNT}
    `);
    assert.equal(out, '1\n1\n1\n32\ncapture\nrw,relatime\n32\n');
    const said = error.split('\n');
    assert.match(said[0] ?? '', /reserve=10M cannot be changed \(the mount has no reserve\): unmount it/);
    assert.match(said[1] ?? '', /exclude=\/y cannot be changed \(the mount has exclude=\/x\): rootsync exclude add/);
    assert.match(said[2] ?? '', /disk=\/usr cannot be changed/);
    assert.match(said[3] ?? '', /a file is open for writing/);
    assert.match(said[4] ?? '', /no rootsync mount at/);
  });

  it('says what is wrong, with the exit codes of mount(8)', () => {
    const { out, error } = run(`
      mount -t rootsync -o "$options,bogus=1" none ${MNT}; echo $?
      mount -t rootsync -o "flash=$dir/none,disk=/usr" none ${MNT}; echo $?
      mount -f -t rootsync -o "$options" none ${MNT}; echo $?
      shown
      mount -s -t rootsync -o "$options,bogus=1" none ${MNT}; echo $?
      cd ${MNT}; umount -c ${MNT}; echo $?
      cd /; umount -c ${MNT}; echo $?
    `);
    assert.equal(out, '1\n32\n0\n0\n32\n0\n');
    assert.match(error, /unknown option bogus\n/);
    assert.match(error, /flash .*\/none: no such directory/);
    assert.match(error, /mnt is in use by\n {2}bash \(pid \d+\): working directory/);
  });
});
