// Guards against a change of an excluded path that goes to the wrong branch, is lost between the two, comes back after a remount, or shows an inode
// number that another object has; and against any change of a disk that takes none.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MountConfig } from '../../src/daemon/config.ts';
import { readEvents } from '../capture/events.ts';
import { rootsync } from '../cli/rootsync.ts';
import { isMounted, MountedRoot, needsMount } from '../mounted-root.ts';
import { Worker } from '../posix/workers.ts';
import { shell } from '../workloads/programs.ts';

const EXCLUDE: Partial<MountConfig> = { exclude: [{ glob: '/out/**', source: 'option' }] };

function python(root: { readonly mountpoint: string }, code: string): Promise<string> {
  return shell(`python3 - <<'END'\nimport os, mmap, errno\n${code}\nEND`, root.mountpoint);
}

describe('routes of changes', function () {
  this.timeout(60_000);
  needsMount();

  const planted = (config: Partial<MountConfig> = EXCLUDE): MountedRoot => {
    const root = new MountedRoot({ config });
    for (const dir of ['out/dir', 'in']) mkdirSync(join(root.disk, dir), { recursive: true });
    for (const file of ['out/one', 'out/two', 'out/dir/three', 'in/one', 'in/two'])
      writeFileSync(join(root.disk, file), `${file} of disk\n`);
    return root;
  };
  const spills = (root: MountedRoot): string[] =>
    readEvents(root.flash).flatMap(({ kind, path }) => (kind === 'spill' ? [path] : []));

  it('go to flash where disk is mounted read-only, said once per path', async () => {
    await using root = planted();
    await using worker = new Worker();
    const [before] = await worker.dumps([root.disk], 'witness');
    await shell('mount --bind "$PWD" "$PWD"; mount -o remount,bind,ro "$PWD"', root.disk);
    try {
      await root.start();
      await shell(
        'for i in 1 2 3; do echo $i >> out/one; echo $i > out/new; rm out/new; done; mv out/two out/moved; mkdir out/d; mv out/dir out/renamed',
        root.mountpoint,
      );
      await root.restart('stop');
      assert.equal(
        await shell('cat out/one out/moved out/renamed/three; ls out', root.mountpoint),
        ['out/one of disk\n1\n2\n3\nout/two of disk\nout/dir/three of disk\nd\nmoved\none\nrenamed\n'].join(''),
      );
      await root.stop();
    } finally {
      await shell('cd /; umount -l "$OLDPWD"', root.disk);
    }
    const [after] = await worker.dumps([root.disk], 'witness');
    assert.deepEqual(after?.lines, before?.lines);
    assert.deepEqual(spills(root).sort(), ['/out/d', '/out/moved', '/out/new', '/out/one', '/out/renamed']);
    assert.deepEqual(root.warnings, []);
  });

  it('give what is made on disk the group and sgid bit of the directory that shows, which flash may have', async () => {
    await using root = planted({ exclude: [{ glob: '/in/x*', source: 'option' }] });
    await root.start();
    await shell('chown :1234 in; chmod 2755 in; mkdir in/x; : > in/x-file; mkdir in/ours', root.mountpoint);
    const show = 'stat -c "%n %a %g" in/x in/x-file in/ours';
    const right = 'in/x 2755 1234\nin/x-file 644 1234\nin/ours 2755 1234\n';
    assert.equal(await shell(show, root.mountpoint), right);
    assert.equal(await shell('stat -c "%n %a %g" in/x in/x-file', root.disk), right.split('in/ours')[0]);
    await root.restart('stop');
    assert.equal(await shell(show, root.mountpoint), right);
  });

  it('go to flash from the moment that disk turns read-only', async () => {
    await using root = planted();
    await shell('mount -t tmpfs none "$PWD"; cd "$PWD"; mkdir out; echo old > out/one; mkdir out/d', root.disk);
    try {
      await root.start();
      await shell('echo first > out/first; chmod 700 out/d', root.mountpoint);
      await shell('mount -o remount,ro "$PWD"', root.disk);
      await shell(
        'echo second > out/second; echo more >> out/one; chmod 711 out/d; rm out/first; mv out/d out/e',
        root.mountpoint,
      );
      assert.equal(
        await shell('ls out; cat out/one; stat -c %a out/e', root.mountpoint),
        'e\none\nsecond\nold\nmore\n711\n',
      );
      assert.deepEqual(readdirSync(join(root.disk, 'out')).sort(), ['d', 'first', 'one']);
      await root.stop();
    } finally {
      await shell('cd /; umount -l "$OLDPWD"', root.disk);
    }
    assert.deepEqual(root.warnings, []);
  });

  it('of a file that is renamed to where the other branch takes changes: there, whole, and gone from where it was', async () => {
    await using root = planted();
    await root.start();
    await shell(
      'echo new > in/new; truncate -s 3M in/new; chmod 4711 in/new; mv in/new out/down; mv in/one out/also; mv -T out/one in/up; echo x > out/log; mv out/log in/log.1; echo y > out/log',
      root.mountpoint,
    );
    const look = 'stat -c "%n %a %s %h" out/* in/*; head -c 4 out/down; cat in/up in/log.1 out/log out/also';
    const said = await shell(look, root.mountpoint);
    const numbers = await shell('stat -c %i out/* in/*', root.mountpoint);
    assert.equal(new Set(numbers.split('\n')).size, numbers.split('\n').length, numbers);
    for (const how of ['kill', 'stop'] as const) {
      await root.restart(how);
      assert.equal(await shell(look, root.mountpoint), said, how);
      assert.equal(await shell('stat -c %i out/* in/*', root.mountpoint), numbers, how);
    }
    await root.stop();
    assert.deepEqual(readdirSync(join(root.disk, 'out')).sort(), ['also', 'dir', 'down', 'log', 'two']);
    assert.deepEqual(readdirSync(join(root.disk, 'in')).sort(), ['one', 'two']);
    assert.deepEqual(readdirSync(join(root.flash, 'in')).sort(), ['log.1', 'up']);
    assert.equal(statSync(join(root.disk, 'out/down')).mode & 0o7777, 0o4711);
    assert.ok(!existsSync(join(root.disk, '.rootsync')), 'the stage on disk is gone');
    assert.deepEqual(spills(root), []);
  });

  it('are those of two filesystems for directories, and for what is open so that it cannot move', async () => {
    await using root = planted();
    await root.start();
    await python(
      root,
      `
def refused(call):
  try: call()
  except OSError as e: assert e.errno == errno.EXDEV, e; return
  raise Exception("not refused")
refused(lambda: os.rename("out/dir", "in/dir"))
refused(lambda: os.rename("in", "out/in"))
fd = os.open("out/one", os.O_RDWR)
refused(lambda: os.rename("out/one", "in/three"))
refused(lambda: os.link("out/one", "in/three"))
os.pwrite(fd, b"OUT", 0); os.close(fd)
os.rename("out/one", "in/three")
assert open("in/three").read() == "OUT/one of disk\\n"
# What is open on flash stays what it is, under the new name.
fd = os.open("in/three", os.O_RDWR)
os.rename("in/three", "out/three")
os.pwrite(fd, b"in!", 0)
assert open("out/three").read() == "in!/one of disk\\n"
assert os.fstat(fd).st_ino == os.stat("out/three").st_ino
`,
    );
    await root.stop();
    assert.equal(readFileSync(join(root.flash, 'out/three'), 'latin1'), 'in!/one of disk\n');
    assert.deepEqual(spills(root), ['/out/three']);
  });

  it('make a name on disk that was removed while disk took no changes', async () => {
    await using root = planted({ ...EXCLUDE, diskWritable: false });
    await root.start();
    await shell('rm out/one out/two out/dir/three; rmdir out/dir', root.mountpoint);
    await root.stop();
    await using again = new MountedRoot({ flash: root.flash, disk: root.disk, config: EXCLUDE });
    await again.start();
    assert.equal(await shell('ls out; echo new > out/one; mkdir out/two; ls out', again.mountpoint), 'one\ntwo\n');
    // Disk's directory has a file in it, which nobody removed there: it is not for us to remove it now.
    await shell('mkdir out/dir; echo flash > out/dir/four', again.mountpoint);
    for (const how of ['stop', 'kill'] as const) {
      await again.restart(how);
      assert.equal(
        await shell('cat out/one; ls -F out out/dir', again.mountpoint),
        'new\nout:\ndir/\none\ntwo/\n\nout/dir:\nfour\n',
      );
    }
    await again.stop();
    assert.equal(readFileSync(join(root.disk, 'out/one'), 'latin1'), 'new\n');
    assert.deepEqual(readdirSync(join(root.disk, 'out/dir')), ['three']);
    assert.deepEqual(spills(again), ['/out/dir', '/out/dir/four']);
  });

  it('remove from both branches what both have, and give nobody else its number while it is open', async () => {
    await using root = planted({});
    await root.start();
    await shell('cat out/one out/two > /dev/null', root.mountpoint);
    await root.settle();
    await root.stop();
    assert.ok(existsSync(join(root.flash, 'out/one')));
    await using again = new MountedRoot({ flash: root.flash, disk: root.disk, config: EXCLUDE });
    await again.start();
    await python(
      again,
      `
fd = os.open("out/one", os.O_RDONLY); mine = os.fstat(fd).st_ino
os.remove("out/one")
for i in range(64):
  open("out/new%d" % i, "w").close()
  assert os.stat("out/new%d" % i).st_ino != mine, i
assert os.read(fd, 7) == b"out/one" and os.fstat(fd).st_ino == mine
os.rename("out/two", "out/second"); os.remove("out/second"); open("out/two", "w").write("again")
`,
    );
    await again.restart('kill');
    assert.equal(await shell('cat out/two; ls out | grep -v new', again.mountpoint), 'againdir\ntwo\n');
    await again.stop();
    for (const branch of [root.flash, root.disk]) assert.ok(!existsSync(join(branch, 'out/one')), branch);
    assert.equal(readFileSync(join(root.disk, 'out/two'), 'latin1'), 'again');
  });

  it('make on disk the directories that only flash has above what is excluded', async () => {
    await using root = planted({ exclude: [{ glob: 'cache', source: 'option' }] });
    await root.start();
    await shell(
      'mkdir -m 2750 new; chown 1000:1000 new; mkdir new/user; mkdir new/user/cache; echo 1 > new/user/cache/file',
      root.mountpoint,
    );
    const look = 'stat -c "%n %a %u:%g %i" new new/user new/user/cache new/user/cache/file; cat new/user/cache/file';
    const said = await shell(look, root.mountpoint);
    for (const how of ['stop', 'kill'] as const) {
      await root.restart(how);
      assert.equal(await shell(look, root.mountpoint), said, how);
    }
    await root.stop();
    assert.equal(readFileSync(join(root.disk, 'new/user/cache/file'), 'latin1'), '1\n');
    assert.ok(!existsSync(join(root.flash, 'new/user/cache/file')));
    const { uid, mode } = statSync(join(root.disk, 'new'));
    assert.deepEqual([uid, mode & 0o7777], [1000, 0o2750]);
  });

  it('keep to disk while a file is open there, though the rules change', async () => {
    await using root = planted();
    const { flash, disk, mountpoint } = root;
    const exclude = async (...words: string[]): Promise<void> => {
      const { status, stderr } = await rootsync(['exclude', ...words, '-m', mountpoint]);
      assert.equal(status, 0, stderr);
    };
    // What is small and only read is served, and may move.
    truncateSync(join(disk, 'out/one'), 4 << 20);
    const mounted = await rootsync(['mount', '--flash', flash, '--disk', disk, mountpoint]);
    assert.equal(mounted.status, 0, mounted.stderr);
    try {
      await exclude('add', '/out/**');
      const code = `
import os, subprocess, sys
def excluded(how): subprocess.run(["sh", "-c", sys.argv[1], "sh", how], check=True)
r = os.open("out/one", os.O_RDONLY); w = os.open("out/two", os.O_RDWR)
print("opened", flush=True); sys.stdin.readline()
for name, fd in (("out/one", r), ("out/two", w)):
  with open(name, "r+") as f: f.write("WRITE")
  assert os.pread(fd, 5, 0) == b"WRITE", name
  assert open(name).read(5) == "WRITE"
os.pwrite(w, b"again", 0)
assert open("out/two").read(5) == "again"
os.close(r); os.close(w)
assert open("out/one").read(5) == "WRITE" and open("out/two").read(5) == "again"
open("out/one", "r+").write("after")
`;
      const done = shell(
        `exec 3<> <(:); mkfifo ../go; { read line; exclude_done=1; : > ../opened; cat; } < <(python3 -c '${code}' true < ../go 2>&1) & sleep 0.01; exec 4> ../go; until [ -e ../opened ]; do sleep 0.05; done; until [ -e ../ruled ]; do sleep 0.05; done; echo >&4; exec 4>&-; wait`,
        mountpoint,
      );
      await shell('until [ -e opened ]; do sleep 0.05; done', root.dir);
      await exclude('rm', '/out/**');
      writeFileSync(join(root.dir, 'ruled'), '');
      assert.equal(await done, '');
    } finally {
      if (isMounted(mountpoint)) spawnSync('umount', [mountpoint]);
    }
    assert.equal(readFileSync(join(disk, 'out/two'), 'latin1').slice(0, 5), 'again');
    assert.equal(readFileSync(join(disk, 'out/one'), 'latin1').slice(0, 5), 'WRITE');
    assert.equal(readFileSync(join(flash, 'out/one'), 'latin1').slice(0, 5), 'after');
  });

  it('give what is made on disk what the directory that shows would have given it: the default ACL, or none', async () => {
    await using root = new MountedRoot({ config: { exclude: [{ glob: '/*/x*', source: 'option' }] } });
    const acl = 'setfacl -d -m u:1000:rwx,g:2000:rx,o:rx';
    const plain = join(root.dir, 'plain');
    for (const dir of [root.disk, plain]) await shell(`mkdir -p ${dir}/p ${dir}/q ${dir}/r; ${acl} ${dir}/q`, root.dir);
    await root.start();
    // Flash has the directories from now on, and they are others there.
    const change = `${acl} p; chmod g+s r; setfacl -k q`;
    const make = `umask 027; for d in p q r; do cd $d; echo >xf; mkdir xd; mkfifo xp; ln -s t xl; install -m 4755 /dev/null xs; cd ..; done
      getfacl -n p/x[dfps] q/x[dfps] r/x[dfps]; stat -c '%A %n' */x*`;
    const [merged, wanted] = [
      await shell(`${change}; ${make}`, root.mountpoint),
      await shell(`${change}; ${make}`, plain),
    ];
    assert.equal(merged, wanted);
    assert.match(merged, /user:1000:rwx/);
    assert.deepEqual(readdirSync(join(root.disk, 'p')).sort(), ['xd', 'xf', 'xl', 'xp', 'xs']);
    await root.restart('stop');
    assert.equal(await shell('getfacl -n p/x[dfps]', root.mountpoint), await shell('getfacl -n p/x[dfps]', plain));
    assert.deepEqual(root.warnings, []);
  });
});
