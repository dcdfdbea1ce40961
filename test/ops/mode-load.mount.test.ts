// Switching modes under load. Guards against operations that fail because the mode changed between their requests, against captures decided by
// another mode than the one at their open (a mode read twice, or late), and against links that the kernel had cached while nothing was captured.

import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import type { Event } from '../../src/capture/event.ts';
import type { Mode } from '../../src/policy/mode.ts';
import { records } from '../capture/log-reading.ts';
import { MountedRoot, needsMount, within } from '../mounted-root.ts';

/** SWITCHES=10000 is a run of some minutes. */
const SWITCHES = Number(process.env['SWITCHES'] ?? 1000);
const READERS = 4;
const WRITERS = 4;
const FILES = 3000;
const MEMORY = '/dev/shm';
/** Between two switches, ms: opens that fall in here are of one mode for certain. */
const LULL_MS = 12;

// A reader follows links to files of its own and reads them, those with even numbers once, the others again and again. It notes when each open
// began and ended. A writer changes files that disk has, makes, renames and removes. Whatever fails or reads wrong ends them.
const WORKER = String.raw`
import json, os, signal, sys, time
kind, me, root, files, notes = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]
os.chdir(root)
stop = False
def end(*_):
    global stop
    stop = True
signal.signal(signal.SIGTERM, end)
print('ready', flush=True)
noted, n = [], 0
def check(path, wanted):
    with open(path) as f:
        got = f.read()
    if got != wanted: raise Exception('%s: %r' % (path, got[:40]))
def read(n):
    before = time.monotonic_ns()
    fd = os.open('links%s/%d' % (me, n), os.O_RDONLY)
    noted.append([n, before, time.monotonic_ns()])
    got = os.read(fd, 100).decode()
    os.close(fd)
    if got != 'disk %d\n' % n: raise Exception('%d: %r' % (n, got))
def write(n):
    path = 'written%s/%d' % (me, n)
    with open(path, 'r+') as f:
        f.write('FLASH')
        f.flush()
        check(path, 'FLASH%d\n' % n)
    new = 'written%s/new' % me
    with open(new, 'w') as f: f.write('new')
    os.rename(new, new + '2')
    os.mkdir(new)
    os.rename(new + '2', new + '/inside')
    check(new + '/inside', 'new')
    os.chmod(path, 0o600)
    if n % 3 == 0: os.unlink(path)
    os.unlink(new + '/inside')
    os.rmdir(new)
while not stop:
    if kind == 'reader':
        if n < files: read(n)
        else: read(n % files | 1)
        if n % 2: read((n // 3) % files | 1)
        os.stat('nodes/%d' % (n % files))
    elif n < files: write(n)
    else: check('written%s/1' % me, 'FLASH1\n')
    n += 1
    time.sleep(0.002)
json.dump(noted, open(notes, 'w'))
`;

interface Turn {
  readonly to: Mode;
  /** Around the switch, CLOCK_MONOTONIC in ns. */
  readonly began: bigint;
  readonly ended: bigint;
}

/** Which modes can have been in force at some moment between two times. */
function modesBetween(turns: readonly Turn[], from: bigint, to: bigint): Set<Mode> {
  const modes = new Set<Mode>();
  turns.forEach((turn, i) => {
    const next = turns[i + 1];
    if (turn.began <= to && (next === undefined || next.ended >= from)) modes.add(turn.to);
  });
  return modes;
}

function fill(disk: string): void {
  mkdirSync(join(disk, 'nodes'));
  for (let n = 0; n < FILES; n++) mkdirSync(join(disk, 'nodes', String(n)));
  for (let me = 0; me < READERS + WRITERS; me++) {
    const dir = me < READERS ? 'read' : 'written';
    mkdirSync(join(disk, `${dir}${me}`));
    if (me < READERS) mkdirSync(join(disk, `links${me}`));
    for (let n = 0; n < FILES; n++) {
      writeFileSync(join(disk, `${dir}${me}`, String(n)), dir === 'read' ? `disk ${n}\n` : `flash${n}\n`);
      if (me < READERS) symlinkSync(`../read${me}/${n}`, join(disk, `links${me}`, String(n)));
    }
  }
}

class Load implements AsyncDisposable {
  readonly #root: MountedRoot;
  readonly #workers: ChildProcessByStdio<null, Readable, null>[] = [];

  constructor(root: MountedRoot) {
    this.#root = root;
  }

  async start(): Promise<void> {
    for (let me = 0; me < READERS + WRITERS; me++) {
      const kind = me < READERS ? 'reader' : 'writer';
      const args = ['-c', WORKER, kind, String(me), this.#root.mountpoint, String(FILES), this.notes(me)];
      const worker = spawn('python3', args, { stdio: ['ignore', 'pipe', 'inherit'] });
      this.#workers.push(worker);
      await once(worker.stdout, 'data');
    }
  }

  notes(me: number): string {
    return join(this.#root.dir, `notes${me}`);
  }

  get failed(): boolean {
    return this.#workers.some((worker) => worker.exitCode !== null);
  }

  /** Their exit codes. */
  async stop(): Promise<(number | null)[]> {
    const running = this.#workers.filter((worker) => worker.exitCode === null && worker.signalCode === null);
    const ended = running.map((worker) => once(worker, 'exit'));
    for (const worker of this.#workers) worker.kill('SIGTERM');
    await within('the load to end', Promise.all(ended));
    return this.#workers.map((worker) => worker.exitCode);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) worker.kill('SIGKILL');
    await this.stop();
  }
}

describe('modes under load', () => {
  needsMount();

  it(`${SWITCHES} switches fail nobody, and each capture is what the mode at its open says`, async function () {
    this.timeout(Math.max(240_000, SWITCHES * 500));
    // In memory, where there is: a switch is kept durably, and a disk that all are writing to takes long for that.
    await using root = new MountedRoot(existsSync(MEMORY) ? { base: MEMORY } : {});
    fill(root.disk);
    await root.start();
    await using load = new Load(root);
    const start = process.hrtime.bigint();
    const turns: Turn[] = [{ to: 'capture', began: start, ended: start }];
    await load.start();
    for (let n = 0; n < SWITCHES && !load.failed; n++) {
      const to: Mode = n % 2 === 0 ? 'hold' : 'capture';
      const began = process.hrtime.bigint();
      await root.switchMode(to);
      turns.push({ to, began, ended: process.hrtime.bigint() });
      await setTimeout(LULL_MS * Math.random() * 2);
    }
    assert.deepEqual(await load.stop(), new Array<number>(READERS + WRITERS).fill(0));
    await root.settle();
    const found = records(join(root.flash, '.rootsync/log')) as Event[];
    assert.equal(found.filter(({ kind }) => kind === 'mode').length, SWITCHES);
    assert.deepEqual(
      found.filter(({ kind, mode }) => kind === 'capture' && mode !== 'capture'),
      [],
    );
    assert.deepEqual(
      found.filter(({ kind }) => kind === 'error' || kind === 'skip'),
      [],
    );
    const captured = new Set(found.filter(({ kind }) => kind === 'capture').map(({ path }) => path));
    let held = 0;
    for (let me = 0; me < READERS; me++) {
      const notes = JSON.parse(readFileSync(load.notes(me), 'utf8')) as [number, number, number][];
      const expected = new Map<number, { must: boolean; may: boolean }>();
      for (const [n, before, after] of notes) {
        const modes = modesBetween(turns, BigInt(before), BigInt(after));
        const known = expected.get(n) ?? { must: false, may: false };
        known.must ||= !modes.has('hold');
        known.may ||= modes.has('capture');
        expected.set(n, known);
      }
      for (const [n, { must, may }] of expected) {
        for (const path of [`/read${me}/${n}`, `/links${me}/${n}`]) {
          assert.ok(
            captured.has(path) ? may : !must,
            `${path}: captured ${captured.has(path)}, may ${may}, must ${must}`,
          );
        }
        if (!may) held++;
      }
    }
    assert.ok(
      held > 0 && captured.size > held,
      `${held} opens in hold alone, ${captured.size} captures: too one-sided to say much`,
    );
    assert.deepEqual(root.warnings, []);
    await root.stop();
  });
});
