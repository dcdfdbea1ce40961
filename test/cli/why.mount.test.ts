// `rootsync why` and `log` on live mounts and on what they leave. Guards against an answer that names the wrong process, against one that says
// the wrong reason for what is not on flash, and against questions that change what they ask about.

import assert from 'node:assert/strict';
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Event } from '../../src/capture/event.ts';
import type { WhyReport } from '../../src/report/why.ts';
import { needsMount } from '../mounted-root.ts';
import { LiveMount } from './live.ts';
import { rootsync, start, startProgram, type Ended } from './rootsync.ts';

describe('cli/why', function () {
  this.timeout(120_000);
  needsMount();
  let live: LiveMount;
  beforeEach(() => {
    live = new LiveMount();
  });
  afterEach(async () => {
    await live[Symbol.asyncDispose]();
  });

  const parse = ({ status, stdout, stderr }: Ended): WhyReport[] => {
    assert.deepEqual([status, stderr], [0, '']);
    return JSON.parse(stdout) as WhyReport[];
  };
  const why = async (...paths: string[]): Promise<WhyReport[]> => parse(await live.ask('why', ['--json', ...paths]));
  const settle = async (): Promise<void> => {
    for (;;) {
      const { queue } = JSON.parse((await live.ask('status', ['--json'])).stdout) as {
        queue: { pending: number; copying: number };
      };
      if (queue.pending + queue.copying === 0) return;
    }
  };

  it('names program, parent and pid of 1,000 programs that end at once', async () => {
    const COUNT = 1000;
    mkdirSync(join(live.disk, 'bin'));
    mkdirSync(join(live.disk, 'data'));
    for (let i = 0; i < COUNT; i++) {
      copyFileSync('/bin/cat', join(live.disk, `bin/p${i}`));
      writeFileSync(join(live.disk, `data/f${i}`), `${i}\n`);
    }
    await live.mount('--no-capture-on-stat');
    const script = `for ((i = 0; i < ${COUNT}; i++)); do ./bin/p$i data/f$i > /dev/null & echo $!; wait $!; done`;
    const shell = startProgram('bash', ['--norc', '-euc', script], { cwd: live.mnt });
    const { status, stdout, stderr } = await shell.ended;
    assert.deepEqual([status, stderr], [0, '']);
    const pids = stdout.trim().split('\n').map(Number);
    await settle();
    const reports = await why(...Array.from({ length: COUNT }, (_, i) => `/data/f${i}`));
    const wrong = reports.flatMap(({ events: [event], verdict }, i) => {
      const { requester } = event!;
      const told = [
        verdict,
        event!.operation,
        requester!.pid,
        requester!.comm,
        requester!.exe,
        requester!.parents[0]!.pid,
      ];
      const meant = ['captured', 'open', pids[i]!, `p${i}`, `/bin/p${i}`, shell.process.pid!];
      return told.every((word, n) => word === meant[n]) ? [] : [`${told.join(' ')}, not ${meant.join(' ')}`];
    });
    assert.deepEqual(wrong, []);
    assert.equal(reports.length, COUNT);
    // The program itself was asked for by what was to become it: a fork of the shell.
    for (const { events } of await why(...Array.from({ length: COUNT }, (_, i) => `/bin/p${i}`))) {
      const [{ requester }] = events as [Event];
      assert.ok(
        pids.includes(requester!.pid) && requester!.parents[0]!.pid === shell.process.pid,
        JSON.stringify(requester),
      );
    }
  });

  const verdicts = (reports: readonly WhyReport[]): string[] =>
    reports.map(({ path, verdict }) => `${path} ${verdict}`);

  it('says what there is to say of everything, on a live mount and on its flash alone', async () => {
    live.put({
      'usr/bin/tool': 'tool',
      'usr/lib/unused': 'x',
      'etc/conf': 'conf',
      'etc/gone': 'gone',
      'etc/kept': 'kept',
      'var/log/big': 'log',
      'opt/big': 'x'.repeat(100_000),
      'opt/dropped': 'x',
      'dir/in/file': 'x',
    });
    linkSync(join(live.disk, 'etc/kept'), join(live.disk, 'etc/link'));
    symlinkSync('usr/bin', join(live.disk, 'bin'));
    symlinkSync('../nowhere', join(live.disk, 'etc/dangling'));
    await live.mount('--max-file-size', '50k', '--exclude', '/usr/lib/private');
    live.shell(`cat bin/tool etc/kept etc/link var/log/big opt/big opt/dropped dir/in/file > /dev/null
      readlink etc/dangling; echo more >> etc/conf; rm etc/gone; echo new > etc/new; mv dir renamed; ls usr/lib`);
    await settle();
    rmSync(join(live.flash, 'opt/dropped'));
    const paths = [
      '/bin/tool',
      '/usr/bin',
      '/bin',
      '/usr/lib/unused',
      '/etc/conf',
      '/etc/gone',
      '/etc/kept',
      '/etc/link',
      '/var/log/big',
      '/opt/big',
      '/opt/dropped',
      '/etc/new',
      '/renamed/in/file',
      '/etc/dangling',
      '/none/at/all',
      '/etc/conf/below',
      '/.rootsync/log',
      '/',
    ];
    const expected = [
      '/usr/bin/tool captured',
      '/usr/bin captured',
      '/bin captured',
      '/usr/lib/unused unused',
      '/etc/conf changed',
      '/etc/gone removed',
      '/etc/kept captured',
      '/etc/link captured',
      '/var/log/big excluded',
      '/opt/big skipped',
      '/opt/dropped dropped',
      '/etc/new made',
      '/renamed/in/file captured',
      '/etc/dangling captured',
      '/none/at/all absent',
      '/etc/conf/below absent',
      '/.rootsync/log reserved',
      '/ captured',
    ];
    const before = flashTree(live.flash);
    const reports = await why(...paths);
    assert.deepEqual(verdicts(reports), expected);
    assert.equal(flashTree(live.flash), before, 'asking changed flash');
    const of = (path: string): WhyReport => reports[paths.indexOf(path)]!;
    assert.deepEqual(of('/bin/tool').hops, [{ path: '/bin', target: 'usr/bin' }]);
    assert.deepEqual(of('/usr/bin').becauseOf, ['/usr/bin/tool']);
    assert.deepEqual(of('/etc/link').becauseOf, ['/etc/kept']);
    assert.equal(of('/renamed/in/file').diskPath, '/dir/in/file');
    assert.equal(of('/renamed/in/file').events.length, 1);
    assert.match(of('/var/log/big').explanation, /^on disk only: excluded by \/var\/log \(built-in: logs grow/);
    assert.equal(of('/var/log/big').events[0]?.requester?.comm, 'cat');
    assert.match(of('/opt/big').explanation, /max-file-size/);
    assert.match(of('/etc/conf').explanation, /not disk's size, time/);
    assert.equal(of('/etc/gone').events[0]?.requester?.comm, 'rm');
    assert.match(of('/none/at/all').explanation, /^no \/none: neither flash nor disk has it/);
    assert.match(of('/usr/lib/unused').explanation, /since 2.*where the log begins, nothing has used it/);
    const text = (await live.ask('why', ['/bin/tool', join(live.mnt, 'usr/bin/tool')])).stdout;
    assert.match(
      text,
      /^\/bin leads to usr\/bin\n\/usr\/bin\/tool: file, 4 B, on flash, a copy of disk's\n {2}2.* {2}capture by cat\[\d+\] \S+ \((?:open|lookup), 4 B, mode capture\)\n {4}started by bash\[\d+\] /,
    );
    assert.match(text, /\(as in the merged root, that would be \/usr\/bin\/tool\)/);
    await live.umount();
    const shelf = await rootsync(['why', '--json', '--flash', live.flash, '--disk', live.disk, ...paths]);
    assert.deepEqual(verdicts(parse(shelf)), expected);
    const flashOnly = parse(
      await rootsync(['why', '--json', '--flash', live.flash, '/usr/bin/tool', '/usr/lib/unused']),
    );
    assert.deepEqual(verdicts(flashOnly), ['/usr/bin/tool captured', '/usr/lib/unused absent']);
    assert.deepEqual(
      flashOnly.map(({ onDisk }) => onDisk),
      [null, null],
    );
  });

  it('says how things are in other modes', async () => {
    live.put({ 'a/file': 'x' });
    await live.mount('--mode', 'hold');
    live.shell('cat a/file');
    assert.match(
      (await why('/a/file'))[0]!.explanation,
      /nothing has used it; the mode is hold, in which nothing that is read is captured/,
    );
    await live.umount();
    await live.mount('--mode', 'rehearse');
    live.shell('cat a/file || true');
    const [file, dir] = await why('/a/file', 'a');
    assert.match(file!.explanation, /hidden at present, since the mode is rehearse/);
    assert.deepEqual([dir!.events[0]?.kind, dir!.events[0]?.requester?.comm], ['miss', 'cat']);
  });

  it('takes paths relative to where the caller is in the mount', async () => {
    live.put({ 'usr/bin/tool': 'x' });
    await live.mount();
    live.shell('cat usr/bin/tool');
    await settle();
    const { stdout } = await rootsync(['log', '--json', 'bin/tool'], { cwd: join(live.mnt, 'usr') });
    assert.equal((JSON.parse(stdout) as Event).path, '/usr/bin/tool');
  });

  it('follows the log of a live mount', async () => {
    live.put({ one: '1', two: '2' });
    await live.mount('--no-capture-on-stat');
    const running = start(['log', '-f', '-m', live.mnt, '--kind', 'capture']);
    try {
      live.shell('cat one');
      await running.says('/one (open, 1 B) by cat[');
      live.shell('cat two');
      await running.says('/two (open');
    } finally {
      running.process.kill();
      await running.ended;
    }
  });

  it('says what to do where no daemon answers, and where there are several mounts', async () => {
    const none = await rootsync(['why', '-m', live.mnt, '/x']);
    assert.equal(none.status, 8);
    assert.match(none.stderr, /^rootsync: no rootsync mount at /);
    await live.mount();
    await using other = new LiveMount();
    await other.mount();
    const several = await rootsync(['log'], { cwd: '/' });
    assert.equal(several.status, 8);
    assert.match(several.stderr, /several rootsync mounts: say which with --mount DIR/);
    const { pid } = JSON.parse((await live.ask('status', ['--json'])).stdout) as { pid: number };
    process.kill(pid, 'SIGKILL');
    for (;;) {
      const { status, stderr } = await live.ask('why', ['/x']);
      if (status === 0) continue;
      assert.equal(status, 10);
      assert.match(stderr, /does not answer.*\n--flash DIR asks a flash without its daemon/);
      break;
    }
    const shelf = await rootsync(['log', '--flash', live.flash]);
    assert.equal(shelf.status, 0, shelf.stderr);
  });
});

/** Names and sizes of all that flash has, our own directory but the log's files included. */
function flashTree(flash: string): string {
  return readdirSync(flash, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return entry.isFile() && !path.includes('/log/') ? `${path} ${readFileSync(path, 'latin1').length}` : path;
    })
    .sort()
    .join('\n');
}
