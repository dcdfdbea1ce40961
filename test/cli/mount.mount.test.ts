// `rootsync mount`, `status` and `umount` on a live mount: guards against a mount, a process or a socket that stays, and against a hang.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isMounted, needsMount } from '../mounted-root.ts';
import type { Status } from '../../src/control/protocol.ts';
import { MAIN, rootsync, start, startProgram, type Ended, type Running } from './rootsync.ts';

const execute = promisify(execFile);

describe('cli/mount', function () {
  this.timeout(60_000);
  needsMount();
  let dir: string;
  let mnt: string;
  const at = (name: string): string => join(dir, name);

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'mount-'));
    mnt = at('mnt');
    for (const name of ['flash', 'disk', 'mnt']) mkdirSync(at(name));
    writeFileSync(at('disk/file'), 'content\n');
  });
  afterEach(async () => {
    const left = [mnt, at('mnt2')].filter((path) => isMounted(path));
    for (const path of left) spawnSync('umount', ['-l', path]);
    const daemons = await noDaemons();
    spawnSync('rm', ['-rf', '--one-file-system', dir]);
    assert.deepEqual([left, daemons], [[], []], 'left behind');
  });

  const args = (): string[] => ['--flash', at('flash'), '--disk', at('disk')];
  const mount = (...more: string[]): Promise<Ended> => rootsync(['mount', ...args(), ...more, mnt]);
  const umount = (...more: string[]): Promise<Ended> => rootsync(['umount', ...more]);
  const done = async (ended: Promise<Ended>): Promise<void> => {
    const { status, stdout, stderr } = await ended;
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  };
  /** Never from this process: should the mount hang, only a child does. */
  const cat = async (path: string): Promise<string> => (await execute('cat', [path])).stdout;
  const statusOf = async (path = mnt): Promise<Status> =>
    JSON.parse((await rootsync(['status', '--json', '-m', path])).stdout) as Status;

  /** Daemons of this test's directory, once those that are ending have ended. */
  async function noDaemons(): Promise<string[]> {
    const find = (): string[] =>
      readdirSync('/proc').filter((pid) => {
        try {
          return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${dir}/`);
        } catch {
          return false;
        }
      });
    for (let tries = 0; tries < 100 && find().length > 0; tries++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    const found = find();
    for (const pid of found) process.kill(Number(pid), 'SIGKILL');
    return found;
  }

  it('returns once the mount answers, serves in a session of its own, ends with umount', async () => {
    await done(mount());
    assert.equal(await cat(join(mnt, 'file')), 'content\n');
    const { pid } = await statusOf();
    const [, , group, session, terminal] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
    assert.deepEqual([group, session, terminal], [String(pid), String(pid), '0']);
    await done(umount(mnt));
    assert.ok(!existsSync(`/proc/${pid}/cwd`) && !isMounted(mnt));
    assert.equal(readFileSync(at('flash/file'), 'utf8'), 'content\n');
  });

  it('finishes what is to be copied before it unmounts', async () => {
    for (let i = 0; i < 500; i++) writeFileSync(at(`disk/f${i}`), `${i}`);
    await done(mount());
    await execute('sh', ['-c', `cat ${mnt}/f* > /dev/null`]);
    await done(umount(mnt));
    for (let i = 0; i < 500; i++) assert.equal(readFileSync(at(`flash/f${i}`), 'utf8'), `${i}`);
  });

  it('takes -o as mount(8) gives it', async () => {
    await done(
      rootsync(['mount', '-o', `rw,nosuid,flash=${at('flash')},disk=${at('disk')},mode=hold,no-passthrough`, mnt]),
    );
    const { mode, passthrough } = await statusOf();
    assert.deepEqual([mode, passthrough], ['hold', false]);
    assert.match(readFileSync('/proc/self/mountinfo', 'utf8'), new RegExp(` ${mnt} rw,nosuid,`));
    await done(umount(mnt));
  });

  it('tells people and programs what it is', async () => {
    await done(mount());
    await cat(join(mnt, 'file'));
    const status = await statusOf();
    assert.deepEqual(
      [status.mountpoint, status.flash, status.disk, status.mode],
      [mnt, at('flash'), at('disk'), 'capture'],
    );
    assert.ok(status.operations['open']!.count >= 1);
    assert.ok(status.memory.rss > 1e6 && status.bytes.disk > 0 && status.events.lost === 0);
    const { stdout } = await rootsync(['status', '-m', join(mnt, 'file')]);
    for (const line of [`mountpoint  ${mnt}\n`, 'mode        capture', `daemon      pid ${status.pid}`])
      assert.ok(stdout.includes(line), stdout);
    await done(umount('-m', mnt));
  });

  it('is chosen by the working directory among several', async () => {
    for (const name of ['flash2', 'mnt2']) mkdirSync(at(name));
    await done(mount());
    await done(rootsync(['mount', '--flash', at('flash2'), '--disk', at('disk'), at('mnt2')]));
    const several = await rootsync(['status'], { cwd: '/' });
    assert.equal(several.status, 8);
    for (const path of [mnt, at('mnt2')]) assert.ok(several.stderr.includes(`\n  ${path}\n`), several.stderr);
    const { stdout } = await execute('sh', [
      '-c',
      `cd ${at('mnt2')} && exec ${process.execPath} ${MAIN} status --json`,
    ]);
    assert.equal((JSON.parse(stdout) as Status).mountpoint, at('mnt2'));
    await done(umount(mnt));
    await done(umount(at('mnt2')));
  });

  it('is busy while somebody is in it, and says who', async () => {
    await done(mount());
    const user = startProgram('sh', ['-c', `cd ${mnt}; echo in; exec sleep 1000`]);
    await user.says('in');
    const { status, stderr } = await umount(mnt);
    assert.equal(status, 9);
    assert.match(
      stderr,
      new RegExp(`${mnt} is in use by\\n  s\\w+ \\(pid ${user.process.pid!}\\): working directory\\nuse --lazy`),
    );
    assert.equal(await cat(join(mnt, 'file')), 'content\n');
    user.process.kill();
    await user.ended;
    await done(umount(mnt));
  });

  it('detaches with --lazy, and serves what is open until it is closed', async () => {
    await done(mount());
    const reader = startProgram('sh', ['-c', `exec 5< ${mnt}/file; echo open; read go; cat <&5`]);
    await reader.says('open');
    await done(umount('--lazy', mnt));
    assert.ok(!isMounted(mnt));
    reader.process.stdin.end('go\n');
    assert.equal((await reader.ended).stdout, 'open\ncontent\n');
  });

  it('ends when somebody else unmounts it', async () => {
    await done(mount());
    await execute('umount', [mnt]);
  });

  it('can be unmounted when its daemon was killed', async () => {
    await done(mount());
    const { pid } = await statusOf();
    process.kill(pid, 'SIGKILL');
    while (existsSync(`/proc/${pid}/cwd`)) await new Promise((resolve) => setTimeout(resolve, 10));
    const status = await rootsync(['status', '-m', mnt]);
    assert.equal(status.status, 10);
    assert.match(status.stderr, /does not answer: .*a stale socket: its daemon is gone\n$/);
    const refused = await mount();
    assert.deepEqual([refused.status, refused.stderr.includes('umount it')], [3, true], refused.stderr);
    const { status: exitCode, stderr } = await umount(mnt);
    assert.equal(exitCode, 0);
    assert.match(stderr, /unmounted without it/);
    await done(mount());
    await done(umount(mnt));
  });

  it('leaves neither mount nor daemon where it is interrupted while it starts one', async () => {
    for (const delay of [100, 200, 300, 450, 600]) {
      const running = start(['mount', ...args(), mnt]);
      await new Promise((resolve) => setTimeout(resolve, delay));
      running.process.kill('SIGINT');
      const { status, signal } = await running.ended;
      if (status === 0) await done(umount(mnt));
      else assert.ok(status === 130 || signal === 'SIGINT', `${status ?? ''} ${signal ?? ''}`);
      assert.ok(!isMounted(mnt), `after ${delay} ms`);
      assert.deepEqual(await noDaemons(), []);
    }
  });

  describe('in the foreground', () => {
    const serving = async (): Promise<Running> => {
      const running = start(['mount', '-f', ...args(), mnt]);
      while (!isMounted(mnt)) await new Promise((resolve) => setTimeout(resolve, 10));
      await cat(join(mnt, 'file'));
      return running;
    };
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      it(`unmounts at ${signal}`, async () => {
        const running = await serving();
        running.process.kill(signal);
        const { status, stderr } = await running.ended;
        assert.deepEqual([status, stderr], [0, `rootsync: ${signal}: unmounting ${mnt}\n`]);
        assert.ok(!isMounted(mnt));
      });
    }
    it('detaches at SIGTERM while it is in use, and ends at a second one', async () => {
      const running = await serving();
      const reader = startProgram('sh', ['-c', `exec 5< ${mnt}/file; echo open; read go; cat <&5`]);
      await reader.says('open');
      running.process.kill('SIGTERM');
      await running.says('detaching');
      running.process.kill('SIGTERM');
      assert.equal((await running.ended).status, 0);
      reader.process.stdin.end('go\n');
      await reader.ended;
    });
    it('leaves no dead mount at whatever moment SIGTERM comes', async () => {
      for (const delay of [50, 150, 250, 350, 450, 600]) {
        const running = start(['mount', '-f', ...args(), mnt]);
        await new Promise((resolve) => setTimeout(resolve, delay));
        running.process.kill('SIGTERM');
        await running.ended;
        assert.ok(!isMounted(mnt), `after ${delay} ms`);
      }
    });
    it('ends with umount', async () => {
      const running = await serving();
      await done(umount(mnt));
      assert.equal((await running.ended).status, 0);
    });
  });

  describe('is refused', () => {
    /** In a mount namespace of its own, changed by a script before. */
    const changed = (script: string): Promise<Ended> => {
      const command = `${script} && exec ${process.execPath} ${MAIN} mount "$@"`;
      return startProgram(
        'unshare',
        ['--mount', '--propagation', 'private', 'sh', '-c', command, 'sh', ...args(), mnt],
        { input: '' },
      ).ended;
    };
    it('on a flash that is read-only', async () => {
      const { status, stderr } = await changed(
        `mount --bind ${at('flash')} ${at('flash')} && mount -o remount,bind,ro ${at('flash')}`,
      );
      assert.equal(status, 5);
      assert.match(stderr, /^rootsync: flash .* cannot be written to: the filesystem is read-only\n$/);
    });
    it('on a bind mount of disk as flash', async () => {
      const { status, stderr } = await changed(`mount --bind ${at('disk')} ${at('flash')}`);
      assert.equal(status, 4);
      assert.match(stderr, /flash and disk are the same directory/);
    });
    it('without /dev/fuse', async () => {
      const { status, stderr } = await changed('mount -t tmpfs none /dev && : > /dev/null');
      assert.equal(status, 6);
      assert.match(stderr, /^rootsync: \/dev\/fuse: missing: load the module/);
    });
    it('to an ordinary user, who is told why', async () => {
      const script = `mknod ${at('fuse')} c 10 229 && chmod 666 ${at('fuse')} && mount --bind ${at('fuse')} /dev/fuse && chown -R 12345 ${dir}`;
      const user = `setpriv --reuid 12345 --regid 12345 --clear-groups`;
      const command = `${script} && exec ${user} ${process.execPath} ${MAIN} mount "$@"`;
      const { status, stderr } = await startProgram(
        'unshare',
        ['--mount', '--propagation', 'private', 'sh', '-c', command, 'sh', ...args(), mnt],
        { input: '' },
      ).ended;
      assert.equal(status, 7, stderr);
      assert.match(stderr, /root|user namespace/);
    });
    it('a second time on the same flash', async () => {
      mkdirSync(at('mnt2'));
      await done(mount());
      const { status, stderr } = await rootsync(['mount', ...args(), at('mnt2')]);
      assert.equal(status, 4);
      assert.match(stderr, /another rootsync is using it/);
      await done(umount(mnt));
    });
  });

  it('holds no descriptor of its starter, and not his directory', async () => {
    const starter = openSync(dir, 'r');
    await done(mount());
    const { pid } = await statusOf();
    const links = readdirSync(`/proc/${pid}/fd`).map((fd) =>
      spawnSync('readlink', [`/proc/${pid}/fd/${fd}`], { encoding: 'utf8' }).stdout.trim(),
    );
    assert.ok(!links.includes(dir));
    assert.equal(spawnSync('readlink', [`/proc/${pid}/cwd`], { encoding: 'utf8' }).stdout, '/\n');
    closeSync(starter);
    await done(umount(mnt));
  });
});
