// `rootsync log` on a flash that no mount uses: which events it prints, and how. Guards against a bad time or kind that is passed over, a
// terminal that a file name commands, and an error where the reader has seen enough.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, truncateSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openEventLog } from '../../src/capture/event-log.ts';
import type { EventDraft } from '../../src/capture/event.ts';
import { mergedPath, baseWithin } from '../../src/cli/merged-path.ts';
import { parseSince, showMoment } from '../../src/cli/time-words.ts';
import { asBytes } from '../../src/bytes.ts';
import { O_DIRECTORY, O_RDONLY, close, openat } from '../../src/sys/open.ts';
import { draft, drafts, lines } from '../capture/log-reading.ts';
import { got, ok, place } from '../sys/place.ts';
import { MAIN, rootsync, start, type Ended } from './rootsync.ts';

describe('cli/log', function () {
  this.timeout(60_000);
  const at = place();
  const logDir = (): string => join(at.dir, 'flash/.rootsync/log');

  function write(events: readonly EventDraft[]): void {
    mkdirSync(logDir(), { recursive: true });
    const fd = ok(openat(at.fd, asBytes('flash/.rootsync/log'), O_RDONLY | O_DIRECTORY));
    const log = got(openEventLog(fd));
    log.append(events);
    log.close();
    close(fd);
  }

  const log = (...args: string[]): Promise<Ended> => rootsync(['log', '--flash', join(at.dir, 'flash'), ...args]);
  /** Paths printed, in order. */
  const paths = async (...args: string[]): Promise<string[]> => {
    const { status, stdout, stderr } = await log('--json', ...args);
    assert.deepEqual([status, stderr], [0, '']);
    return stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as EventDraft).path);
  };

  it('prints a line per event: time, kind, path, what and who', async () => {
    write([
      { ...draft('/usr/bin/cat'), bytes: 44016 },
      {
        ...draft('/var/log/x'),
        kind: 'skip',
        operation: 'lookup',
        reason: 'excluded',
        rule: '/var/log',
        requester: null,
      },
    ]);
    const time = showMoment('2026-01-02T03:04:05.678Z');
    const { stdout, stderr } = await log();
    assert.equal(stderr, '');
    assert.equal(
      stdout,
      `${time}  capture   /usr/bin/cat (open, 44 kB) by cat[42] /usr/bin/cat\n` +
        `${time}  skip      /var/log/x (lookup, 5 B, excluded by /var/log)\n`,
    );
  });

  it('keeps what a name would do to the terminal from it', async () => {
    write([draft('/a\nb\x1b[2J\u009b')]);
    assert.ok((await log()).stdout.includes('  /a\\x0ab\\x1b[2J\\x9b (open'));
  });

  it('prints the very lines with --json', async () => {
    write(drafts(3));
    assert.equal(
      (await log('--json')).stdout,
      lines(logDir())
        .map((line) => `${line}\n`)
        .join(''),
    );
  });

  it('chooses by path and below, kind, and time', async () => {
    const day = (n: number): string => `2026-01-0${String(n)}T12:00:00.000Z`;
    write([
      { ...draft('/usr'), time: day(1) },
      { ...draft('/usr/bin/cat'), time: day(2), kind: 'skip' },
      { ...draft('/usrlocal'), time: day(3) },
      { ...draft('/b\\xff'), pathBytes: '62ff', time: day(4), kind: 'miss' },
    ]);
    assert.deepEqual(await paths('/usr'), ['/usr', '/usr/bin/cat']);
    assert.deepEqual(await paths('usr/bin', '/usrlocal'), ['/usr/bin/cat', '/usrlocal']);
    assert.deepEqual(await paths('//usr/./bin/../bin/'), ['/usr/bin/cat']);
    assert.deepEqual(await paths('--kind', 'skip,miss'), ['/usr/bin/cat', '/b\\xff']);
    assert.deepEqual(await paths('--kind', 'skip', '--kind', 'miss', '/b\\xff'), []);
    assert.deepEqual(await paths('--since', '2026-01-03T12:00Z'), ['/usrlocal', '/b\\xff']);
    // A path that is not UTF-8 comes from a shell as bytes.
    const byBytes = spawnSync('sh', [
      '-c',
      `exec "$1" "$2" log --json --flash "$3" "$(printf '/b\\377')"`,
      '-',
      process.execPath,
      MAIN,
      join(at.dir, 'flash'),
    ]);
    assert.equal(byBytes.stdout.toString(), `${lines(logDir())[3]!}\n`);
  });

  it('follows', async () => {
    write(drafts(2));
    const running = start(['log', '-f', '--flash', join(at.dir, 'flash'), '/late']);
    try {
      write([draft('/early'), draft('/late/one')]);
      await running.says('/late/one');
      write([draft('/late/two')]);
      await running.says('/late/two');
      assert.ok(!running.stdout.includes('early'));
    } finally {
      running.process.kill();
      await running.ended;
    }
  });

  it('prints the rest of a log that is damaged, and says what is not there', async () => {
    write(drafts(5));
    const file = join(logDir(), 'events.jsonl');
    truncateSync(file, statSync(file).size - 10);
    const { status, stdout, stderr } = await log('--json');
    assert.equal(stdout, readFileSync(file, 'utf8').split('\n').slice(0, 4).join('\n') + '\n');
    assert.deepEqual([status, stderr], [0, 'rootsync: events.jsonl, line 5: its end is missing; it is left out\n']);
    // As the next mount leaves it.
    write([]);
    const mended = await log();
    assert.match(mended.stderr, /^rootsync: events.jsonl, line 5: damaged \(not a whole record\); it is left out\n$/);
    assert.match(mended.stdout, /lost {6}event 5: the daemon ended while it wrote\n$/);
  });

  it('ends in peace when its reader has seen enough', async () => {
    write(drafts(5000));
    const { status, stdout, stderr } = await pipeToHead(join(at.dir, 'flash'));
    assert.deepEqual([status, stdout.split('\n').length, stderr], [0, 2, '']);
  });

  it('refuses what it cannot do, and says what it can', async () => {
    write([]);
    const refused: [string[], number, RegExp][] = [
      [['--kind', 'captrue'], 2, /--kind: unknown kind captrue \(did you mean capture\?\); kinds: capture, /],
      [['--since', 'yesterday'], 2, /--since: yesterday is no time: use .*10m/],
      [['--since', '2026-13-01'], 2, /--since: 2026-13-01 is no time/],
      [['-m', '/'], 2, /exclude each other/],
    ];
    for (const [args, exitCode, message] of refused) {
      const { status, stderr } = await log(...args);
      assert.equal(status, exitCode, stderr);
      assert.match(stderr, message);
    }
    const none = await rootsync(['log', '--flash', at.dir]);
    assert.equal(none.status, 3);
    assert.match(none.stderr, /\.rootsync\/log: there is none: no mount has used this flash/);
    const missing = await rootsync(['log', '--flash', join(at.dir, 'none')]);
    assert.deepEqual([missing.status, missing.stderr], [3, `rootsync: flash ${at.dir}/none: ENOENT\n`]);
  });
});

/** `rootsync log | head -n 1`: what the first ends with, and what the second saw. */
async function pipeToHead(flash: string): Promise<Ended> {
  const running = start(['log', '--flash', flash]);
  await running.says('\n');
  running.process.stdout.destroy();
  const { status, signal, stderr } = await running.ended;
  return { status, signal, stderr, stdout: `${running.stdout.split('\n')[0]!}\n` };
}

describe('cli: times', () => {
  const now = Date.parse('2026-01-02T12:00:00Z');
  it('are moments or durations', () => {
    assert.equal(parseSince('10m', now), now - 600_000);
    assert.equal(parseSince('1.5h', now), now - 5_400_000);
    assert.equal(parseSince('2026-01-02T12:00:00.000Z', now), now);
    assert.equal(parseSince('2026-01-02T13:00+01:00', now), now);
    assert.equal(parseSince('2026-01-02', now), new Date(2026, 0, 2).getTime());
    assert.equal(parseSince('2026-01-02 12:00', now), new Date(2026, 0, 2, 12).getTime());
    for (const bad of ['', '10', '10x', '-5m', 'now', '2026', '2026-02-31T25:00', '12:00'])
      assert.equal(parseSince(bad, now), undefined, bad);
  });
});

describe('cli: paths of the merged root', () => {
  const path = (word: string, base = ''): string => mergedPath(asBytes(word), asBytes(base));
  it('are absolute in it, or continue the current directory', () => {
    assert.equal(path('/usr//bin/./cat/'), 'usr/bin/cat');
    assert.equal(path('../../bin', 'usr/lib/x'), 'usr/bin');
    assert.equal(path('/../..'), '');
    assert.equal(path('.', 'usr'), 'usr');
  });
  it('start where the current directory is in the mount', () => {
    const base = (mount: string, dir: string): string => baseWithin(asBytes(mount), asBytes(dir));
    assert.equal(base('/mnt', '/mnt/usr/bin'), 'usr/bin');
    assert.equal(base('/mnt', '/mnt'), '');
    assert.equal(base('/mnt', '/mnt2/usr'), '');
    assert.equal(base('/', '/usr/bin'), 'usr/bin');
  });
});
