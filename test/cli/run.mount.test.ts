// `rootsync run` from outside: COMMAND must not notice where it runs, and nothing may be left when it has ended.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { needsMount } from '../mounted-root.ts';
import { MAIN, rootsync, start, startProgram, type Ended, type Options } from './rootsync.ts';

describe('cli/run', function () {
  this.timeout(60_000);
  needsMount();
  let dir: string;
  let flash: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'run-'));
    chmodSync(dir, 0o777);
    flash = join(dir, 'flash');
  });
  afterEach(() => {
    const left = readdirSync(dir).filter((name) => name.startsWith('rootsync-run-'));
    const mounts = readFileSync('/proc/self/mountinfo', 'utf8').includes(dir);
    spawnSync('rm', ['-rf', '--one-file-system', dir]);
    assert.deepEqual([left, mounts], [[], false], 'left behind');
  });

  const env = (): NodeJS.ProcessEnv => ({ TMPDIR: dir });
  const options = (more: Options = {}): Options => ({ cwd: '/', ...more, env: { ...env(), ...more.env } });
  /** A capturing run that says nothing itself. */
  const run = (command: readonly string[], more?: Options): Promise<Ended> =>
    rootsync(['run', '-q', '--flash', flash, '--', ...command], options(more));
  const sh = (script: string, more?: Options): Promise<Ended> => run(['sh', '-c', script], more);
  const output = async (script: string, more?: Options): Promise<string> => {
    const { status, stdout, stderr } = await sh(script, more);
    assert.deepEqual([status, stderr], [0, '']);
    return stdout;
  };
  const onFlash = (path: string): boolean => existsSync(join(flash, path));

  describe('what COMMAND ends with', () => {
    it('is its exit code', async () => {
      for (const code of [0, 1, 77, 255]) assert.equal((await sh(`exit ${code}`)).status, code);
    });
    it('is 128 + the signal that ended it', async () => {
      assert.equal((await sh('kill -TERM $$')).status, 143);
    });
    it('is 127 where there is no such command, 126 where it cannot be executed', async () => {
      const missing = await run(['no-such-command']);
      assert.equal(missing.status, 127);
      assert.equal(missing.stderr, 'rootsync: no-such-command: command not found in the merged root\n');
      assert.equal((await run(['/no/such/command'])).status, 127);
      assert.equal((await run([''])).status, 127);
      assert.deepEqual(await run(['/etc/passwd']).then(({ status, stderr }) => [status, stderr]), [
        126,
        'rootsync: /etc/passwd: permission denied\n',
      ]);
      assert.equal((await run(['/etc'])).status, 126);
    });
    it('is 127, and a word about the loader, where a script names an interpreter that is missing', async () => {
      writeFileSync(join(dir, 'script'), '#!/no/such/interpreter\n', { mode: 0o755 });
      const { status, stderr } = await run([join(dir, 'script')]);
      assert.equal(status, 127);
      assert.match(stderr, /is there, but the interpreter or loader that it names is not/);
    });
  });

  describe('what COMMAND finds', () => {
    it('is the words of its command line as they are, bytes and all', async () => {
      const script = `exec ${process.execPath} ${MAIN} run -q --flash ${flash} -- printf '%s|' "$(printf 'a\\377b')" '' 'c d' -- --json`;
      const { stdout } = await startProgram('bash', ['-c', script], options({ input: '' })).ended;
      assert.equal(stdout, 'a\xffb||c d|--|--json|');
    });
    it('is the environment as it was, bytes and all', async () => {
      const script = `export WORD="$(printf '\\377')"; env -0 > ${dir}/outside; exec ${process.execPath} ${MAIN} run -q --flash ${flash} -- env -0`;
      const { stdout } = await startProgram('bash', ['-c', script], options({ input: '' })).ended;
      const sorted = (text: string): string[] =>
        text
          .split('\0')
          .filter((line) => line && !/^(_|SHLVL)=/.test(line))
          .sort();
      assert.deepEqual(sorted(stdout), sorted(readFileSync(join(dir, 'outside'), 'latin1')));
    });
    it('is its own working directory, and stdin', async () => {
      assert.equal(await output('pwd; cat', { cwd: '/usr/share', input: 'in\n' }), '/usr/share\nin\n');
    });
    it('are the limits, the mask and the signals that its caller has', async () => {
      const inner = 'ulimit -Sn; umask; grep -E "Sig(Blk|Ign)" /proc/self/status; cat /proc/self/oom_score_adj';
      const script = `ulimit -Sn 123; umask 027; ${process.execPath} ${MAIN} run -q --flash ${flash} -- sh -c '${inner}'; exit $?`;
      const { stdout } = await startProgram('bash', ['-c', script], options({ input: '' })).ended;
      assert.equal(stdout, `123\n0027\nSigBlk:\t${'0'.repeat(16)}\nSigIgn:\t${'0'.repeat(16)}\n0\n`);
    });
    it('is no descriptor of ours', async () => {
      const inherited = spawnSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }).stdout;
      assert.equal(await output('ls /proc/self/fd'), inherited);
    });
    it("are the host's own /proc, /sys, /dev, /run and /tmp", async () => {
      const devices = 'stat -c %d /proc /sys /dev /run /tmp';
      assert.equal(await output(devices), spawnSync('sh', ['-c', devices], { encoding: 'utf8' }).stdout);
      await output('test -c /dev/null && test -e /proc/self/stat && ls /sys/kernel > /dev/null');
    });
    it('is no flash in /tmp, which would be seen twice', async () => {
      const place = mkdtempSync('/tmp/rootsync-run-test-');
      try {
        const { stdout } = await rootsync(['run', '-q', '--flash', place, '--', 'ls', '-A', place], options());
        assert.equal(stdout, '');
        assert.ok(existsSync(join(place, 'proc')));
      } finally {
        rmSync(place, { recursive: true });
      }
    });
    it('is not its working directory when that is not in the merged root', async () => {
      const disk = join(dir, 'disk');
      mkdirSync(disk);
      const { status, stderr } = await rootsync(['run', '--disk', disk, '--', 'true'], options({ cwd: '/usr/share' }));
      assert.equal(status, 125);
      assert.match(
        stderr,
        /the directory \/usr\/share does not exist in the merged root; choose another with --chdir DIR/,
      );
      assert.deepEqual(readdirSync(dir), ['disk'], 'a flash directory that nothing was run in');
    });
    it('is the directory of --chdir', async () => {
      const { stdout } = await rootsync(['run', '-q', '--chdir', '/etc', '--', 'pwd'], options());
      assert.equal(stdout, '/etc\n');
    });
  });

  describe('a disk that is not /', () => {
    /** A tree with a shell and its libraries, and none of the directories that the host's are mounted on. */
    function makeDisk(): string {
      const disk = join(dir, 'disk');
      const files = ['/bin/sh', '/bin/cat', '/bin/ls'];
      const libraries = spawnSync('ldd', files, { encoding: 'utf8' }).stdout.match(/\/\S+(?= \(0x)/g) ?? [];
      for (const file of new Set([...files, ...libraries])) {
        mkdirSync(join(disk, dirname(file)), { recursive: true });
        cpSync(file, join(disk, file), { dereference: true });
      }
      return disk;
    }

    it('gets the directories that it lacks, on flash', async () => {
      const disk = makeDisk();
      const args = ['run', '-q', '--disk', disk, '--flash', flash, '--', '/bin/sh', '-c', 'ls /; cat /proc/self/comm'];
      const { status, stdout, stderr } = await rootsync(args, options());
      assert.deepEqual([status, stderr], [0, '']);
      for (const name of ['proc', 'sys', 'dev', 'run', 'tmp']) {
        assert.ok(stdout.split('\n').includes(name));
        assert.ok(onFlash(name) && !existsSync(join(disk, name)));
      }
      assert.match(stdout, /\ncat\n$/);
      assert.ok(onFlash('bin/cat') && onFlash('bin/ls'));
    });
  });

  describe('signals', () => {
    const loop = 'echo ready; while :; do sleep 0.05; done';
    const started = (script: string) => start(['run', '-q', '--flash', flash, '--', 'sh', '-c', script], options());

    for (const signal of ['SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGINT'] as const) {
      it(`passes ${signal} on`, async () => {
        const running = started(`trap 'echo got; exit 5' ${signal.slice(3)}; ${loop}`);
        await running.says('ready');
        running.process.kill(signal);
        assert.deepEqual(await running.ended.then(({ status, stdout }) => [status, stdout]), [5, 'ready\ngot\n']);
      });
    }

    it('ends with the signal that COMMAND does not catch', async () => {
      const running = started(loop);
      await running.says('ready');
      running.process.kill('SIGTERM');
      assert.equal((await running.ended).status, 143);
    });

    it('takes COMMAND along when it is killed itself', async () => {
      const running = started(`echo $$; ${loop}`);
      await running.says('ready');
      const pid = Number.parseInt(running.stdout);
      running.process.kill('SIGKILL');
      await running.ended;
      while (existsSync(`/proc/${pid}/cwd`)) await new Promise((resolve) => setTimeout(resolve, 10));
      // Nobody is there any more to take the mountpoint's directory away; the mount went with its namespace.
      for (const name of readdirSync(dir))
        if (name.startsWith('rootsync-run-')) rmSync(join(dir, name), { recursive: true });
    });

    it('gives up where a signal comes before COMMAND', async () => {
      // At whatever moment of its beginning: nothing may be left.
      for (const delay of [0, 100, 200, 300, 400, 600, 800]) {
        const running = start(['run', '--', 'sh', '-c', 'echo ready; exec sleep 60'], options());
        await new Promise((resolve) => setTimeout(resolve, delay));
        running.process.kill('SIGTERM');
        const { status, signal } = await running.ended;
        assert.ok(status === 143 || signal === 'SIGTERM', `${status ?? ''} ${signal ?? ''}`);
        assert.deepEqual(
          readdirSync(dir).filter((name) => name.startsWith('rootsync-run-')),
          [],
          `after ${delay} ms`,
        );
      }
    });
  });

  describe('a terminal', () => {
    /** `script` gives COMMAND a terminal, and types what it reads. */
    // `exec`: the shell that script starts may be dash, which would die of the signal itself.
    const onTerminal = (command: string) =>
      startProgram(
        'script',
        ['-qec', `exec ${process.execPath} ${MAIN} run -q --flash ${flash} -- ${command}`, '/dev/null'],
        options(),
      );

    it('is still one, with its size', async () => {
      const running = onTerminal("sh -c 'tty -s && test -t 1 && test -t 2 && echo terminal'");
      assert.deepEqual(await running.ended.then(({ status, stdout }) => [status, stdout]), [0, 'terminal\r\n']);
    });

    it('interrupts COMMAND once with Ctrl-C', async () => {
      const running = onTerminal(
        `perl -e '$| = 1; $SIG{INT} = sub { $n++ }; print "ready\\n"; sleep 1 while !$n; sleep 1; print "n=$n\\n"; exit 6'`,
      );
      await running.says('ready');
      running.process.stdin.write('\x03');
      const { status, stdout } = await running.ended;
      assert.match(stdout, /n=1\r\n/);
      assert.equal(status, 6);
    });

    it('stops and continues the run as one job', async () => {
      const command = `${process.execPath} ${MAIN} run -q --flash ${flash} -- sh -c 'echo rea""dy; sleep 1; echo do""ne'`;
      const running = startProgram('script', ['-qec', 'bash --norc -i', '/dev/null'], options());
      const type = (text: string): void => void running.process.stdin.write(text);
      type(`${command}\n`);
      await running.says('ready');
      type('\x1a');
      await running.says('Stopped');
      type('fg\n');
      await running.says('done');
      type('echo status=$?\n');
      await running.says('status=0');
      type('exit\n');
      await running.ended;
    });
  });

  describe('what COMMAND leaves', () => {
    it('running is ended, and told', async () => {
      const script = `sleep 1000 & setsid sleep 1001 & (trap '' TERM; sleep 0.1) & echo $$`;
      const { status, stderr } = await sh(script);
      assert.equal(status, 0);
      assert.match(stderr, /^rootsync: sh left (\w+ \(pid \d+\)(, )?){3} behind: ending them\n$/);
      for (const [, pid] of stderr.matchAll(/pid (\d+)/g)) assert.ok(!existsSync(`/proc/${pid!}/cwd`));
    });
    it('dead is reaped while it runs', async () => {
      const script = 'for i in 1 2 3 4 5; do (sleep 0 &); done; sleep 0.3; ps -o stat= --ppid $PPID | grep -c Z';
      assert.equal((await sh(script)).stdout, '0\n');
    });
    it('written is on flash, and disk has none of it', async () => {
      const file = join(dir, 'written');
      await output(`echo new > ${file}; mkdir ${dir}/d; mv ${file} ${dir}/d/f`);
      assert.equal(readFileSync(join(flash, dir, 'd/f'), 'utf8'), 'new\n');
      assert.ok(!existsSync(join(dir, 'd')));
    });
  });

  describe('flash', () => {
    it('is a new directory, named after COMMAND and told', async () => {
      const { stderr } = await rootsync(['run', '--', '/bin/true'], options());
      const [name] = readdirSync(dir);
      assert.match(name!, /^rootsync-true-/);
      assert.match(stderr, new RegExp(`flash is ${join(dir, name!)}\\n`));
    });
    it('holds what was used, and the summary counts it', async () => {
      const { stderr } = await rootsync(
        ['run', '--json', '--flash', flash, '--', 'cat', '/etc/hostname', '/bin/true'],
        options(),
      );
      const summary = JSON.parse(stderr.trimEnd().split('\n').at(-1)!) as Summary;
      assert.equal(summary.exitCode, 0);
      assert.equal(summary.flash, flash);
      const { files, symlinks, directories } = summary.counts.captured;
      const find = (...args: string[]): string[] =>
        spawnSync('find', [flash, '-mindepth', '1', '-name', '.rootsync', '-prune', '-o', ...args, '-print'], {
          encoding: 'utf8',
        })
          .stdout.split('\n')
          .filter(Boolean);
      assert.equal(files, find('-type', 'f').length);
      assert.equal(symlinks, find('-type', 'l').length);
      assert.equal(directories, find('-type', 'd').length);
      assert.ok(summary.biggest.some(({ path }) => basename(path).includes('libc')));
      assert.ok(onFlash('etc/hostname'));
    });
    it('alone runs COMMAND, and nothing else', async () => {
      assert.equal((await run(['cat', '/etc/hostname'])).status, 0);
      const alone = (...command: string[]): Promise<Ended> =>
        rootsync(['run', '--flash-only', '--flash', flash, '--', ...command], options());
      const { status, stdout } = await alone('cat', '/etc/hostname');
      assert.deepEqual([status, stdout], [0, readFileSync('/etc/hostname', 'latin1')]);
      assert.equal((await alone('cat', '/etc/passwd')).status, 1);
      const other = await alone('ls');
      assert.deepEqual([other.status, other.stderr], [127, 'rootsync: ls: command not found on flash\n']);
    });
    it('alone is refused where there is none', async () => {
      const { status, stderr } = await rootsync(['run', '--flash-only', '--flash', flash, '--', 'true'], options());
      assert.deepEqual([status, stderr], [125, `rootsync: flash ${flash}: no such directory\n`]);
      assert.match(
        (await rootsync(['run', '--flash-only', '--', 'true'], options())).stderr,
        /--flash-only needs --flash/,
      );
    });
  });

  describe('--verify', () => {
    const verify = (more: readonly string[], script: string): Promise<Ended> =>
      rootsync(['run', '--verify', ...more, '--flash', flash, '--', 'sh', '-c', script], options());

    it("gives COMMAND's exit code where both runs end alike", async () => {
      const { status, stdout, stderr } = await verify([], 'echo word; exit 3');
      assert.deepEqual([status, stdout], [3, 'word\nword\n']);
      assert.match(stderr, /the same on flash alone: exit code 3\n$/);
    });
    it('gives 124 where they end differently, and says how', async () => {
      // Only the first run finds the file: it removes it, in the merged root and so for flash too.
      const { status, stderr } = await verify(
        [],
        `test -e ${dir}/once && rm ${dir}/once`.replace(/^/, `[ -e /once ] || exit 4; `),
      );
      assert.equal(status, 4, stderr);
      const changed = await verify([], `[ -e ${dir}/seen ] && exit 9; : > ${dir}/seen`);
      assert.equal(changed.status, 124);
      assert.match(changed.stderr, /NOT the same on flash alone: exit code 9, in the merged root exit code 0\n$/);
    });
    it('compares the output where it is to, leading it through unchanged', async () => {
      const same = await verify(['--compare-output'], 'printf "a\\377\\000b"');
      assert.deepEqual([same.status, same.stdout], [0, 'a\xff\0ba\xff\0b']);
      assert.match(same.stderr, /exit code 0, same output\n$/);
      const { status, stderr } = await verify(['--compare-output'], 'echo $$');
      assert.equal(status, 124);
      assert.match(stderr, /exit code 0 both times, but the output differs\n$/);
    });
    it('tells COMMAND when nobody reads the output any more', async () => {
      const script = `${process.execPath} ${MAIN} run -q --verify --compare-output --flash ${flash} -- yes | head -1`;
      const { stdout } = await startProgram('bash', ['-c', script], options({ input: '' })).ended;
      assert.equal(stdout, 'y\n');
    });
    it('is of use in a directory that is excluded, which flash then has, and nothing in it', async () => {
      const place = mkdtempSync('/var/tmp/run [1] ');
      try {
        const cwd = join(place, 'inner');
        mkdirSync(cwd, { mode: 0o750 });
        writeFileSync(join(cwd, 'file'), '');
        mkdirSync(join(place, 'beside'));
        const script = 'cat file; ls -l ../beside; pwd';
        const verified = ['run', '--verify', '--flash', flash, '--', 'sh', '-c', script];
        const { status, stderr } = await rootsync(verified, options({ cwd }));
        assert.equal(status, 0, stderr);
        assert.deepEqual([readdirSync(flash + place), readdirSync(flash + cwd)], [['inner'], []]);
        assert.equal(statSync(flash + cwd).mode, statSync(cwd).mode);
      } finally {
        rmSync(place, { recursive: true });
      }
    });
    it('puts both runs into one line of JSON', async () => {
      const { stderr } = await verify(['--json'], 'exit 2');
      const summary = JSON.parse(stderr) as Summary;
      assert.deepEqual([summary.exitCode, summary.verified], [2, { same: true, exitCode: 2 }]);
    });
  });

  describe('an ordinary user', () => {
    /** With /dev/fuse open to all, in a mount namespace of its own, so that this machine's stays as it is. */
    const asUser = (fuseMode: number, ...args: string[]): Promise<Ended> => {
      const device = join(dir, 'fuse');
      const script = `mknod ${device} c 10 229 && chmod ${fuseMode.toString(8)} ${device} && mount --bind ${device} /dev/fuse && rm ${device} &&
        exec setpriv --reuid 12345 --regid 12345 --clear-groups ${process.execPath} ${MAIN} "$@"`;
      return startProgram(
        'unshare',
        ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...args],
        options({ input: '' }),
      ).ended;
    };

    it('runs COMMAND as himself, without powers', async () => {
      const home = join(dir, 'home');
      mkdirSync(home);
      chownSync(home, 12345, 12345);
      const script = `id -u; id -g; grep -E 'Cap(Inh|Prm|Eff|Amb)' /proc/self/status; cat /etc/shadow; : > ${home}/new; stat -c %u ${home}/new`;
      const { status, stdout, stderr } = await asUser(
        0o666,
        'run',
        '--verify',
        '--flash',
        flash,
        '--',
        'sh',
        '-c',
        script,
      );
      const none = ['Inh', 'Prm', 'Eff', 'Amb'].map((set) => `Cap${set}:\t${'0'.repeat(16)}\n`).join('');
      assert.equal(stdout, `12345\n12345\n${none}12345\n`.repeat(2), stderr);
      assert.match(stderr, /cat: \/etc\/shadow: Permission denied/);
      assert.ok(onFlash(join(home, 'new')) && !existsSync(join(home, 'new')));
      assert.equal(status, 0);
    });
    it('is told when /dev/fuse is closed to him', async () => {
      const { status, stderr } = await asUser(0o600, 'run', '--', 'true');
      assert.equal(status, 125);
      assert.match(stderr, /\/dev\/fuse: permission denied: its mode must be 0666/);
    });
    it('is told when there may be no user namespaces', async () => {
      // Root without the power to mount is treated alike; the limit is that of a namespace that ends with the test.
      const script = `echo 0 > /proc/sys/user/max_user_namespaces; exec setpriv --bounding-set -sys_admin ${process.execPath} ${MAIN} run -- true`;
      const args = ['--user', '--map-root-user', 'sh', '-c', script];
      const { status, stderr } = await startProgram('unshare', args, options({ input: '' })).ended;
      assert.equal(status, 125, stderr);
      assert.match(stderr, /does not let ordinary users make user namespaces/);
    });
  });
});

interface Summary {
  readonly flash: string;
  readonly exitCode: number;
  readonly counts: {
    readonly captured: { readonly files: number; readonly symlinks: number; readonly directories: number };
  };
  readonly biggest: readonly { readonly path: string; readonly bytes: number }[];
  readonly verified?: { readonly same: boolean; readonly exitCode: number };
}
