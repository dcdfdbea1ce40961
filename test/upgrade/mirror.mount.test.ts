// Guards against branches that drift apart in upgrade mode: a wanted path whose copy on flash is not as disk's object, something new on flash that nobody
// wants, a change that is lost by a crash, a library that flash's symlink leads to and flash lacks.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import type { Status } from '../../src/control/protocol.ts';
import { readEvents } from '../capture/events.ts';
import { shell } from '../capture/inside.ts';
import { agreement } from './agreement.ts';

const FILES = ['bin/a', 'bin/b', 'lib/libx.so.1.2', 'etc/conf', 'etc/gone'];

async function upgrading(config = {}): Promise<MountedRoot> {
  const root = new MountedRoot({ config: { mode: null, ...config } });
  for (const dir of ['bin', 'lib', 'etc', 'var']) mkdirSync(`${root.disk}/${dir}`);
  for (const file of [...FILES, 'bin/unused', 'var/unused']) writeFileSync(`${root.disk}/${file}`, `${file}: old\n`);
  symlinkSync('libx.so.1.2', `${root.disk}/lib/libx.so.1`);
  await root.start();
  shell(root.mountpoint, `cat ${FILES.join(' ')} lib/libx.so.1 >/dev/null`);
  await root.settle();
  await root.switchMode('upgrade');
  return root;
}

function on(dir: string, path: string): string | null {
  return existsSync(`${dir}/${path}`) ? readFileSync(`${dir}/${path}`, 'utf8') : null;
}

async function inSync(root: MountedRoot): Promise<void> {
  await root.settle();
  assert.deepEqual(agreement(root), []);
  assert.equal(((await root.status()) as Status).mirror.pending, 0);
  assert.deepEqual(root.warnings, []);
}

interface Held {
  readonly ready: () => Promise<void>;
  readonly end: () => Promise<string>;
}

/** A shell that says `ready` and waits, and goes on when that was seen; what else it printed. */
function shellWith(cwd: string, script: string): Held {
  const child = spawn('bash', ['--norc', '-euc', script], { cwd, stdio: ['pipe', 'pipe', 'inherit'], timeout: 60_000 });
  let out = '';
  let waiting: (() => void) | undefined;
  child.stdout.on('data', (bytes: Buffer) => {
    out += bytes.toString();
    waiting?.();
  });
  let first = true;
  return {
    async ready() {
      if (!first) child.stdin.write('\n');
      first = false;
      while (!out.includes('ready\n')) await new Promise<void>((go) => (waiting = go));
      out = out.replace('ready\n', '');
    },
    async end() {
      const ended = once(child, 'close');
      child.stdin.end('\n');
      assert.deepEqual(await ended, [0, null]);
      return out;
    },
  };
}

describe('upgrade: the mirror', function () {
  this.timeout(120_000);
  needsMount();

  it('has flash follow writes, attributes, removals and renames of what it has', async () => {
    await using root = await upgrading();
    shell(
      root.mountpoint,
      `echo more >>bin/a; chmod 4755 bin/b; touch -d @1000000000 bin/b; rm etc/gone; mv etc/conf etc/conf.old
       chmod 750 lib; mkdir etc/new; echo x >etc/new/file; ln bin/a bin/a.link`,
    );
    await inSync(root);
    assert.equal(on(root.flash, 'bin/a'), 'bin/a: old\nmore\n');
    assert.equal(on(root.disk, 'bin/a'), 'bin/a: old\nmore\n');
    assert.equal(lstatSync(`${root.flash}/bin/b`).mode & 0o7777, 0o4755);
    assert.equal(lstatSync(`${root.flash}/lib`).mode & 0o7777, 0o750);
    for (const path of ['etc/gone', 'etc/conf', 'etc/conf.old', 'etc/new', 'bin/a.link', 'bin/unused'])
      assert.ok(!existsSync(`${root.flash}/${path}`), path);
    assert.equal(on(root.disk, 'etc/conf.old'), 'etc/conf: old\n');
    shell(root.mountpoint, 'echo back >etc/gone; mv etc/conf.old etc/conf');
    await inSync(root);
    assert.equal(on(root.flash, 'etc/gone'), 'back\n');
    assert.equal(on(root.flash, 'etc/conf'), 'etc/conf: old\n');
    assert.ok(readEvents(root.flash).some(({ kind, path }) => kind === 'mirror' && path === '/bin/a'));
  });

  it('does what dpkg does to a package: unpack beside, link the old, rename over, and flash has the new', async () => {
    await using root = await upgrading();
    shell(
      root.mountpoint,
      `for f in bin/a etc/conf; do
         ln $f $f.dpkg-tmp; echo "$f: new" >$f.dpkg-new; chmod 700 $f.dpkg-new; sync $f.dpkg-new; mv $f.dpkg-new $f; rm $f.dpkg-tmp
       done
       echo 1.3 >lib/libx.so.1.3; ln -s libx.so.1.3 lib/libx.so.1.dpkg-new; mv -T lib/libx.so.1.dpkg-new lib/libx.so.1
       rm lib/libx.so.1.2; echo deb >var/p.deb`,
    );
    await inSync(root);
    assert.equal(on(root.flash, 'bin/a'), 'bin/a: new\n');
    assert.equal(on(root.flash, 'lib/libx.so.1'), '1.3\n');
    assert.equal(readlinkSync(`${root.flash}/lib/libx.so.1`), 'libx.so.1.3');
    for (const path of ['lib/libx.so.1.2', 'var/p.deb', 'bin/a.dpkg-tmp'])
      assert.ok(!existsSync(`${root.flash}/${path}`), path);
    await root.restart('stop');
    await inSync(root);
    assert.equal(shell(root.mountpoint, 'cat bin/a lib/libx.so.1'), 'bin/a: new\n1.3\n');
  });

  it('mirrors after a crash what was dirty, and goes on in the mode with what was wanted', async () => {
    await using root = await upgrading();
    shell(root.mountpoint, 'echo 1 >>bin/a; rm etc/gone; mv bin/b bin/c; echo 2 >etc/conf.n; mv etc/conf.n etc/conf');
    await root.restart('kill');
    assert.equal(((await root.status()) as Status).mode, 'upgrade');
    assert.equal(shell(root.mountpoint, 'cat bin/a etc/conf'), 'bin/a: old\n1\n2\n');
    await inSync(root);
    shell(root.mountpoint, 'echo again >etc/gone; mv bin/c bin/b');
    await inSync(root);
    assert.equal(on(root.flash, 'etc/gone'), 'again\n');
    assert.equal(on(root.flash, 'bin/b'), 'bin/b: old\n');
  });

  it('starts changes of what was made or customised on flash from there, on both', async () => {
    await using root = new MountedRoot({ config: { mode: null } });
    mkdirSync(`${root.disk}/etc`);
    for (const name of ['c', 'd', 'r', 'x']) writeFileSync(`${root.disk}/etc/${name}`, 'disk\n');
    await root.start();
    shell(
      root.mountpoint,
      'echo custom >etc/c; echo custom >etc/d; echo made >etc/m; mkdir own; echo own >own/f; rm etc/r; setfattr -n user.k -v 1 etc/x',
    );
    await root.settle();
    await root.switchMode('upgrade');
    assert.equal(shell(root.mountpoint, 'cat etc/c'), 'custom\n');
    assert.equal(shell(root.mountpoint, 'getfattr --only-values -n user.k etc/x; chmod 600 etc/x'), '1');
    assert.equal(on(root.disk, 'etc/c'), 'disk\n');
    shell(
      root.mountpoint,
      'echo more >>etc/c; echo more >>etc/m; echo more >>own/f; echo n >etc/n; mv etc/n etc/d; echo r >etc/r',
    );
    await root.settle();
    for (const [path, text] of [
      ['etc/c', 'custom\nmore\n'],
      ['etc/m', 'made\nmore\n'],
      ['own/f', 'own\nmore\n'],
      ['etc/d', 'n\n'],
    ] as const) {
      assert.equal(on(root.flash, path), text, path);
      assert.equal(on(root.disk, path), text, path);
    }
    assert.equal(on(root.disk, 'etc/r'), 'r\n');
    assert.equal(shell(root.disk, 'getfattr --only-values -n user.k etc/x'), '1');
    assert.deepEqual(agreement(root), []);
    assert.deepEqual(root.warnings, []);
  });

  it('leaves nothing of a directory behind: renamed with what flash has of it, removed', async () => {
    await using root = await upgrading();
    shell(root.mountpoint, 'mv lib lib2; ln -s lib2 lib; echo 3 >>lib/libx.so.1.2; rm -r bin');
    await inSync(root);
    assert.equal(on(root.flash, 'lib2/libx.so.1.2'), 'lib/libx.so.1.2: old\n3\n');
    assert.ok(!existsSync(`${root.flash}/bin`));
    await root.restart('kill');
    await inSync(root);
    assert.equal(shell(root.mountpoint, 'cat lib/libx.so.1'), 'lib/libx.so.1.2: old\n3\n');
  });

  it('goes on with files that are open while the mode is switched, both ways', async () => {
    await using root = await upgrading();
    await root.switchMode('capture');
    const script = `exec 3<bin/a 4>>bin/b 5<var/unused; echo one >&4; echo ready; read -r _; cat <&3; echo two >&4; echo ready; read -r _
      echo three >&4; cat bin/b; cat <&5 >/dev/null`;
    const held = shellWith(root.mountpoint, script);
    await held.ready();
    await root.switchMode('upgrade');
    await held.ready();
    await root.switchMode('capture');
    assert.equal(await held.end(), 'bin/a: old\nbin/b: old\none\ntwo\nthree\n');
    await root.settle();
    assert.deepEqual(root.warnings, []);
  });

  it('follows an fsync at once, a mapping with what is written beside it, and goes on with both while the mode is switched', async () => {
    await using root = await upgrading();
    const script = `import mmap, os, sys
flash = sys.argv[1]
def seen(what, is_so):
    if not is_so: sys.exit(what)
f, g = open('etc/conf', 'r+b', 0), open('etc/conf', 'r+b', 0)
m = mmap.mmap(f.fileno(), 0)
for mode in ('upgrade', 'capture', 'upgrade again'):
    os.pwrite(g.fileno(), b'1', 0)
    seen(mode + ': the mapping sees a write', m[0:1] == b'1')
    m[1:2] = b'2'
    seen(mode + ': a read sees the mapping', os.pread(g.fileno(), 2, 0) == b'12')
    seen(mode + ': so does who opens it now', open('etc/conf', 'rb').read(2) == b'12')
    m[2:3] = b'3' if mode == 'upgrade' else b'4'
    m.flush(); os.fsync(f.fileno())
    if mode == 'upgrade': seen('flash has it after an fsync', open(flash + '/etc/conf', 'rb').read(3) == b'123')
    print('ready', flush=True); sys.stdin.readline()
m[3:4] = b'5'
print('done')`;
    const held = shellWith(root.mountpoint, `exec python3 -c "$(cat <<'END'\n${script}\nEND\n)" '${root.flash}'`);
    for (const mode of ['capture', 'upgrade'] as const) {
      await held.ready();
      await root.switchMode(mode);
    }
    await held.ready();
    assert.equal(await held.end(), 'done\n');
    await inSync(root);
    assert.equal(on(root.flash, 'etc/conf'), '1245conf: old\n');
  });

  it('upgrades files of several names, captured by one or all of them, and has them as one file in any mode', async () => {
    await using root = new MountedRoot({ config: { mode: null } });
    for (const name of ['a', 'p', 'k']) {
      writeFileSync(`${root.disk}/${name}1`, `${name}\n`);
      linkSync(`${root.disk}/${name}1`, `${root.disk}/${name}2`);
    }
    await root.start();
    shell(root.mountpoint, 'cat a1 p1 p2 k1 >/dev/null');
    await root.settle();
    await root.switchMode('upgrade');
    shell(
      root.mountpoint,
      `for f in a p; do
         echo $f: new >$f.new; ln $f.new $f.new2; ln $f"1" $f.tmp; mv $f.new $f"1"; mv $f.new2 $f"2"; rm $f.tmp
       done; echo more >>k2`,
    );
    await inSync(root);
    for (const branch of [root.flash, root.disk]) {
      assert.equal(on(branch, 'a1'), 'a: new\n');
      assert.equal(on(branch, 'p2'), 'p: new\n');
      assert.equal(on(branch, 'k1'), 'k\nmore\n');
      assert.equal(lstatSync(`${branch}/p1`).ino, lstatSync(`${branch}/p2`).ino);
    }
    assert.ok(!existsSync(`${root.flash}/a2`) && !existsSync(`${root.flash}/k2`));
    await root.switchMode('hold');
    assert.equal(
      shell(root.mountpoint, 'echo 1 >>a2; echo 1 >>p1; cat a1 p2; stat -c %h a1 p2'),
      'a: new\n1\np: new\n1\n2\n2\n',
    );
    await root.restart('kill');
    assert.equal(
      shell(root.mountpoint, 'cat a1 a2 p1 k2; stat -c %h a2'),
      'a: new\n1\na: new\n1\np: new\n1\nk\nmore\n2\n',
    );
    assert.equal(on(root.disk, 'a2'), 'a: new\n');
    assert.deepEqual(root.warnings, []);
  });

  it('follows a change by one of several names in all that are wanted, also those that nobody has asked for since the mount', async () => {
    await using root = new MountedRoot({ config: { mode: null } });
    writeFileSync(`${root.disk}/a`, 'old\n');
    mkdirSync(`${root.disk}/d`);
    for (const name of ['d/b', 'unwanted']) linkSync(`${root.disk}/a`, `${root.disk}/${name}`);
    await root.start();
    shell(root.mountpoint, 'cat a d/b >/dev/null');
    await root.settle();
    await root.switchMode('upgrade');
    await root.restart('stop');
    shell(root.mountpoint, 'echo new >a');
    await inSync(root);
    assert.equal(on(root.flash, 'd/b'), 'new\n');
    assert.ok(!existsSync(`${root.flash}/unwanted`));
    await root.restart('stop');
    shell(root.mountpoint, 'chmod 700 d/b; exec 3>>a; echo more >&3');
    await root.restart('kill');
    assert.equal(shell(root.mountpoint, 'cat d/b; stat -c "%a %h" d/b'), 'new\nmore\n700 3\n');
    await inSync(root);
  });

  it('keeps what has several names as one', async () => {
    await using root = new MountedRoot({ config: { mode: null } });
    writeFileSync(`${root.disk}/one`, '1\n');
    writeFileSync(`${root.disk}/x`, 'x\n');
    linkSync(`${root.disk}/x`, `${root.disk}/y`);
    await root.start();
    shell(root.mountpoint, 'cat one x y >/dev/null');
    await root.settle();
    await root.switchMode('upgrade');
    shell(root.mountpoint, 'ln one two; echo 2 >>two; echo y >>y');
    await root.settle();
    assert.equal(shell(root.mountpoint, 'cat one x; stat -c %h one x'), '1\n2\nx\ny\n2\n2\n');
    await root.restart('kill');
    assert.equal(shell(root.mountpoint, 'cat one two x y; stat -c %h one x'), '1\n2\n1\n2\nx\ny\nx\ny\n2\n2\n');
    assert.deepEqual(root.warnings, []);
  });
});
