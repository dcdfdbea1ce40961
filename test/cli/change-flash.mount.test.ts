// `rootsync add`, `forget` and `sync` on live mounts. Guards against an add that stops at a symlink or takes what is excluded, a forget that
// loses a change or hides disk's object, a kernel that goes on showing or keeping what was forgotten, and requests that wait for either.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { WhyReport } from '../../src/report/why.ts';
import { needsMount } from '../mounted-root.ts';
import { LiveMount } from './live.ts';
import { rootsync, startProgram, type Ended, type Options } from './rootsync.ts';

describe('cli/add, forget, sync', function () {
  this.timeout(120_000);
  needsMount();
  let live: LiveMount;
  beforeEach(() => {
    live = new LiveMount();
  });
  afterEach(async () => {
    await live[Symbol.asyncDispose]();
  });

  const done = async (ended: Promise<Ended>, stdout: string): Promise<void> => {
    const end = await ended;
    // How far it is, where the machine is slow.
    const stderr = end.stderr.replace(/^rootsync: \w+: \d+ left\n/gm, '');
    assert.deepEqual([end.status, end.stdout, stderr], [0, stdout, '']);
  };
  const add = (args: readonly string[], options: Options = {}): Promise<Ended> => live.ask('add', args, options);
  const forget = (...args: string[]): Promise<Ended> => live.ask('forget', args);
  const sync = (): Promise<void> => done(live.ask('sync'), '');
  const onFlash = (): string[] =>
    spawnSync('find', [live.flash, '-mindepth', '1', '-path', '*/.rootsync', '-prune', '-o', '-printf', '%P\\0'], {
      encoding: 'latin1',
    })
      .stdout.split('\0')
      .filter((path) => path !== '')
      .sort();
  /** After an unmount: nothing that fsck finds fault with, and no name of disk hidden. */
  const clean = async (): Promise<void> => {
    const { hidden } = {
      hidden: (JSON.parse((await live.ask('status', ['--json'])).stdout) as { counts: { whiteouts: number } }).counts
        .whiteouts,
    };
    assert.equal(hidden, 0);
    await live.umount();
    const { status, stdout } = await rootsync(['fsck', '--flash', live.flash, '--disk', live.disk]);
    assert.equal(status, 0, stdout);
    assert.doesNotMatch(stdout, /harmless/);
  };

  function system(): void {
    live.put({
      'usr/bin/tool': 'tool',
      'usr/lib/a/one': '1',
      'usr/lib/a/two': '2',
      'usr/lib/b/x.tmp': 'x',
      'etc/real/conf': 'conf',
    });
    symlinkSync('usr/bin', join(live.disk, 'bin'));
    symlinkSync('../../lib/link', join(live.disk, 'usr/bin/editor'));
    mkdirSync(join(live.disk, 'lib'));
    symlinkSync('/etc/real', join(live.disk, 'lib/link'));
    symlinkSync('nowhere', join(live.disk, 'etc/dangling'));
  }

  it('adds what symlinks lead to, and all below, in a mode that captures nothing', async () => {
    system();
    await live.mount('--mode', 'hold');
    await done(add(['/bin/editor/conf']), '4 added, 0 on flash before\n');
    assert.deepEqual(onFlash(), [
      'bin',
      'etc',
      'etc/real',
      'etc/real/conf',
      'lib',
      'lib/link',
      'usr',
      'usr/bin',
      'usr/bin/editor',
    ]);
    await done(add(['/usr', 'etc/dangling']), '8 added, 3 on flash before\n');
    for (const path of ['usr/bin/tool', 'usr/lib/a/one', 'usr/lib/b/x.tmp', 'etc/dangling'])
      assert.ok(lstatSync(join(live.flash, path)), path);
    const missing = await add(['/usr/none', '/usr/bin/tool/below', '/usr/lib/a/one']);
    assert.equal(missing.status, 1);
    assert.equal(missing.stderr, 'rootsync: /usr/none: no such path\nrootsync: /usr/bin/tool/below: ENOTDIR\n');
    assert.equal(missing.stdout, '0 added, 1 on flash before\n');
    const [report] = JSON.parse((await live.ask('why', ['--json', '/usr/lib/a/one'])).stdout) as WhyReport[];
    assert.deepEqual([report!.verdict, report!.events[0]!.operation], ['captured', 'add']);
    assert.match(report!.events[0]!.requester!.exe, /node$/);
    await clean();
  });

  it('obeys the rules below what is named, and not about it', async () => {
    system();
    await live.mount('--exclude', '*.tmp', '--exclude', '/usr/lib/a');
    await done(add(['/usr/lib']), '3 added, 0 on flash before, 3 left out by exclude rules\n');
    assert.ok(!existsSync(join(live.flash, 'usr/lib/a/one')));
    await done(add(['/usr/lib/b/x.tmp', '/usr/lib/a']), '3 added, 1 on flash before\n');
    assert.equal(readFileSync(join(live.flash, 'usr/lib/a/one'), 'utf8'), '1');
  });

  it('takes lists: paths of any bytes, and events of the log', async () => {
    live.put({ 'd/a': 'a', 'd/b': 'b', 'd/c': 'c' });
    spawnSync('sh', ['-c', `printf x > "$1/$(printf 'n\\377')"`, '-', live.disk]);
    await live.mount('--mode', 'rehearse');
    live.shell('cat d/a d/b || true');
    const { stdout: misses } = await live.ask('log', ['--json', '--kind', 'miss']);
    assert.equal(misses.split('\n').length, 2, 'one miss: that of the directory');
    await done(add(['--from', '-'], { input: `${misses}/d/c\n` }), '4 added, 0 on flash before\n');
    // What did not exist a moment ago does, to who asks again.
    for (let seen = ''; seen !== 'ab'; seen = live.shell('cat d/a d/b 2> /dev/null || true'));
    const list = join(live.dir, 'list');
    writeFileSync(list, Buffer.from('/n\xff\n', 'latin1'));
    await done(add(['--from', list]), '1 added, 0 on flash before\n');
    assert.deepEqual(onFlash(), ['d', 'd/a', 'd/b', 'd/c', 'n\xff']);
    assert.equal((await add(['--from', join(live.dir, 'none')])).status, 3);
    assert.match((await add([])).stderr, /no PATH: give some, or a list of them with --from FILE/);
  });

  it('lets requests through while much is added and forgotten', async () => {
    const COUNT = 2000;
    mkdirSync(join(live.disk, 'many'));
    for (let i = 0; i < COUNT; i++) writeFileSync(join(live.disk, `many/f${i}`), `${i}`);
    await live.mount('--mode', 'hold');
    // Names that are not there, each once: each is a request.
    const script = `use Time::HiRes "time"; $| = 1; my ($n, $worst, $last) = (0, 0, time);
      print "go\\n"; while (!-e "$ARGV[1]") { lstat "$ARGV[0]/none$n"; $n++; my $now = time; $worst = $now - $last if $now - $last > $worst; $last = $now }
      print "$n $worst\\n"`;
    for (const [command, said] of [
      ['add', `${COUNT + 1} added, 0 on flash before\n`],
      ['forget', `${COUNT + 1} forgotten\n`],
    ] as const) {
      const stop = join(live.dir, `stop-${command}`);
      const user = startProgram('perl', ['-e', script, live.mnt, stop]);
      await user.says('go');
      await done(live.ask(command, ['/many']), said);
      writeFileSync(stop, '');
      const [, requests, worst] = /go\n(\d+) (\S+)/.exec((await user.ended).stdout)!;
      assert.ok(
        Number(requests) > 1000 && Number(worst) < 1,
        `${command}: ${requests} requests, the longest took ${worst} s`,
      );
    }
    assert.deepEqual(onFlash(), []);
    await clean();
  });

  it('forgets copies: disk shows, and the next use captures anew', async () => {
    system();
    linkSync(join(live.disk, 'etc/real/conf'), join(live.disk, 'etc/real/conf2'));
    await live.mount();
    const use =
      'cat bin/tool etc/real/conf etc/real/conf2 usr/lib/a/one; readlink etc/dangling; stat -c %h etc/real/conf';
    const saw = live.shell(use);
    await sync();
    const before = onFlash();
    assert.ok(before.includes('usr/bin/tool') && before.includes('etc/real/conf2') && before.includes('bin'));
    const time = statSync(join(live.flash, 'usr/bin')).mtimeMs;
    await done(forget('/usr/bin/tool'), '1 forgotten\n');
    assert.equal(statSync(join(live.flash, 'usr/bin')).mtimeMs, time, "the directory's time");
    await done(forget('etc/real/conf2'), '1 forgotten\n');
    assert.equal(live.shell(use), saw);
    await sync();
    assert.deepEqual(onFlash(), before);
    await done(forget('/'), `${before.length} forgotten\n`);
    assert.deepEqual(onFlash(), []);
    const [tool] = JSON.parse((await live.ask('why', ['--json', '/usr/bin/tool'])).stdout) as WhyReport[];
    assert.deepEqual([tool!.verdict, tool!.events.at(-1)!.kind], ['dropped', 'forget']);
    assert.equal(live.shell(use), saw);
    await sync();
    assert.deepEqual(onFlash(), before, 'captured again');
    await clean();
  });

  it('keeps what is changed, made, open or removed, and says so', async () => {
    live.put({ 'd/changed': 'old', 'd/replaced': 'old', 'd/open': 'x', 'd/gone': 'x', 'd/same': 'x', 'dir/f': 'x' });
    await live.mount();
    live.shell(
      `cat d/* > /dev/null; echo new >> d/changed; rm d/replaced; echo other > d/replaced; rm d/gone; echo made > d/made; mv dir renamed`,
    );
    await sync();
    const user = startProgram('sh', [
      '-c',
      'exec 3< "$1"; echo in; exec sleep 1000 3<&3',
      '-',
      join(live.mnt, 'd/open'),
    ]);
    await user.says('in');
    const { status, stdout, stderr } = await forget('/d', '/d/gone', '/none', 'renamed');
    user.process.kill();
    await user.ended;
    assert.deepEqual([status, stdout], [1, '1 forgotten\n']);
    for (const line of [
      '/d/changed: it was changed on flash: size, time (--force drops it all the same)',
      "/d/replaced: it is another object than disk's (--force drops it all the same)",
      '/d/open: it is open',
      '/d/made: disk does not have it: rm would remove it',
      '/d/gone: it was removed, and is to stay so: this brings nothing back',
      '/none: there is no such path',
      '/renamed: disk does not have it: rm would remove it',
    ])
      assert.ok(stderr.includes(`rootsync: ${line}\n`), `${line}\n${stderr}`);
    assert.ok(!onFlash().includes('d/same'));
    const forced = await forget('--force', '/d');
    assert.equal(forced.stdout, '3 forgotten\n');
    assert.equal(
      live.shell('cat d/changed d/replaced d/made; ls d'),
      'oldoldmade\nchanged\nmade\nopen\nreplaced\nsame\n',
    );
    await live.umount();
    await live.mount();
    assert.equal(
      live.shell('cat d/changed d/replaced d/made renamed/f; ls d'),
      'oldoldmade\nxchanged\nmade\nopen\nreplaced\nsame\n',
    );
  });

  it('says that flash is full, and syncs what there is', async () => {
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', live.flash]).status, 0);
    try {
      live.put({ small: 'x', big: 'x'.repeat(2_000_000) });
      await live.mount();
      const { status, stdout, stderr } = await add(['/small', '/big']);
      assert.deepEqual([status, stdout], [1, '1 added, 0 on flash before\n']);
      assert.match(stderr, /^rootsync: \/big: flash is full; it is copied once there is room\n$/);
      const synced = await live.ask('sync');
      assert.deepEqual(
        [synced.status, synced.stderr],
        [1, 'rootsync: flash is full: captures wait until it has room\n'],
      );
      await live.umount();
    } finally {
      spawnSync('umount', ['-l', live.flash]);
    }
  });

  it('says that there must be a mount', async () => {
    for (const command of ['add', 'forget', 'sync']) {
      const { status, stderr } = await live.ask(command, command === 'sync' ? [] : ['/x']);
      assert.equal(status, 8);
      assert.match(stderr, /no rootsync mount at/);
    }
  });
});
