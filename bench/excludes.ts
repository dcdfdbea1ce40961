// `node dist/bench/excludes.js [--rounds N] [--rules N] [--objects N] [--modes A,B] [--json]`: what many exclude rules cost on a cold `find` and the
// opening of every file. Mounts with the built-in rules alone and with more are up at the same time and take turns, directory by directory, so
// that a busy moment of the machine hits all of them; medians over the directories and their ratio to the built-in rules alone, by
// the clock, and the daemons' processor time, of the session's thread and in all. Before that: what one decision costs, in this process.

import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { ensureDirSync, removeSync } from 'fs-extra/esm';
import { asBytes } from '../src/bytes.ts';
import type { Status } from '../src/control/protocol.ts';
import { DEFAULT_EXCLUDES } from '../src/policy/default-excludes.ts';
import type { BadGlob, Rule } from '../src/policy/exclude-rule.ts';
import { Excludes } from '../src/policy/excludes.ts';
import { median } from './report.ts';
import { loadAverage } from './rows.ts';
import { makeTree } from './trees.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    rules: { type: 'string', default: '10000' },
    objects: { type: 'string', default: '30000' },
    modes: { type: 'string', default: 'hold,capture' },
    json: { type: 'boolean', default: false },
  },
});
const [rounds, count, objects] = [Number(values.rounds), Number(values.rules), Number(values.objects)];
const ROOTSYNC = new URL('../../bin/rootsync', import.meta.url).pathname;

/** Rules of one sort each; none of them matches what is read, so that all is asked about to the end. */
const SETS: readonly { readonly name: string; readonly glob: ((i: number) => string) | null }[] = [
  { name: 'built-in', glob: null },
  { name: 'paths', glob: (i) => `/tree/d${String(i % 100)}/s${String(i % 2000)}/other-${String(i)}` },
  { name: 'names', glob: (i) => (i % 2 === 0 ? `*.extension${String(i)}` : `name-${String(i)}*`) },
  {
    name: 'globs',
    glob: (i) =>
      [
        `/tree/d*/s${String(i)}/*.o`,
        `**/build-${String(i)}/*.tmp`,
        `*tmp${String(i)}*`,
        `/tree/*/s*/[a-e]*${String(i)}`,
      ][i % 4] ?? '',
  },
];

interface Sample {
  /** Seconds for each directory in turn. */
  readonly clock: number[];
  /** Seconds of processor time of the thread that used most of it, and of all, for all directories. */
  session: number;
  daemon: number;
}

function run(command: readonly string[]): string {
  const [program = '', ...args] = command;
  const done = spawnSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (done.status !== 0) throw new Error(`${command.join(' ')}: exit ${String(done.status)}`);
  return done.stdout;
}

/** Walks each directory that it is told, as `find -size` does, opens every file in it and reads none; says how many seconds that took. */
const WALKER = `
use strict; use Time::HiRes "time"; $| = 1;
sub walk { my ($dir) = @_; opendir(my $d, $dir) or die "$dir: $!";
  for (sort grep { !/^\\.\\.?$/ } readdir $d) { my $p = "$dir/$_"; lstat $p or die "$p: $!";
    if (-d _) { walk($p) } else { open(my $f, "<", $p) or die "$p: $!" } } }
while (<STDIN>) { chomp; my $t = time; walk($_); printf "%.6f\\n", time - $t }`;

/** A mount with a process that walks in it. */
class Walked {
  readonly sample: Sample = { clock: [], session: 0, daemon: 0 };
  readonly #dir: string;
  readonly #pid: number;
  readonly #walker: ChildProcessByStdio<Writable, Readable, null>;
  readonly #before: ReadonlyMap<string, number>;

  constructor(dir: string, disk: string, mode: string, rules: string | null) {
    this.#dir = dir;
    for (const name of ['flash', 'mnt']) ensureDirSync(join(dir, name));
    const mountpoint = join(dir, 'mnt');
    const more = rules === null ? [] : ['--exclude-from', rules];
    run([ROOTSYNC, 'mount', '--flash', join(dir, 'flash'), '--disk', disk, '--mode', mode, ...more, mountpoint]);
    this.#pid = (JSON.parse(run([ROOTSYNC, 'status', '--json', '-m', mountpoint])) as Status).pid;
    this.#walker = spawn('perl', ['-e', WALKER], { cwd: mountpoint, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#before = processorSeconds(this.#pid);
  }

  async walk(directory: string): Promise<void> {
    this.#walker.stdin.write(`${directory}\n`);
    const [said] = (await once(this.#walker.stdout, 'data')) as [Buffer];
    this.sample.clock.push(Number(said.toString()));
  }

  async end(): Promise<void> {
    const used = [...processorSeconds(this.#pid)].map(([thread, after]) => after - (this.#before.get(thread) ?? 0));
    this.sample.session = Math.max(...used);
    this.sample.daemon = used.reduce((sum, seconds) => sum + seconds, 0);
    const ended = once(this.#walker, 'exit');
    this.#walker.stdin.end();
    await ended;
    run([ROOTSYNC, 'umount', join(this.#dir, 'mnt')]);
    removeSync(this.#dir);
  }
}

/** What each thread of a process has used so far. */
function processorSeconds(pid: number): Map<string, number> {
  const tasks = `/proc/${String(pid)}/task`;
  const used = (task: string): number => Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
  return new Map(readdirSync(tasks).map((task) => [task, used(task) / 1e9]));
}

async function measure(work: string, mode: string, files: ReadonlyMap<string, string | null>): Promise<Sample[]> {
  const disk = join(work, 'disk');
  const mounts = SETS.map(({ name }) => new Walked(join(work, name), disk, mode, files.get(name) ?? null));
  const directories = readdirSync(join(disk, 'tree')).sort();
  for (const [turn, directory] of directories.entries()) {
    for (let i = 0; i < mounts.length; i++) await mounts[(i + turn) % mounts.length]?.walk(`tree/${directory}`);
  }
  for (const mount of mounts) await mount.end();
  return mounts.map(({ sample }) => sample);
}

/** Processor time of this process, ms. */
function processorMs(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/**
 * What each set costs without a mount: ms to compile it, microseconds to decide about a path, in the order in which `find` has them, for the
 * first time (as it is in a mount: what is compiled late is compiled then) and later.
 */
function measureAlone(): void {
  const paths = Array.from({ length: objects }, (_, i) => {
    const directory = Math.floor(i / 10);
    return asBytes(`tree/d${String(Math.floor(directory / 20))}/s${String(directory)}/file${String(i % 10)}.txt`);
  });
  const TIMES = 10;
  const each = (ms: number): string => ((ms * 1000) / paths.length).toFixed(2);
  for (const { name, glob } of SETS) {
    const more =
      glob === null ? [] : Array.from({ length: count }, (_, i): Rule => ({ glob: glob(i), source: 'option' }));
    const made: (Excludes | BadGlob)[] = [];
    const compile = processorMs(() => made.push(Excludes.compile([...DEFAULT_EXCLUDES, ...more])));
    const [excludes] = made;
    if (!(excludes instanceof Excludes)) throw new Error(excludes?.message);
    const once = (): void => paths.forEach((path) => excludes.decide(path));
    const first = processorMs(once);
    const later = processorMs(() => {
      for (let i = 0; i < TIMES; i++) once();
    });
    const took = `${compile.toFixed(0).padStart(4)} ms, a decision ${each(first)} us, later ${each(later / TIMES)} us`;
    console.log(`${name.padEnd(9)} compiled in ${took}`);
  }
}

/** Of all rounds; `samples` has one list per round, in the order of SETS. */
function print(mode: string, samples: readonly (readonly Sample[])[]): void {
  const of = (set: number, what: (sample: Sample) => number[]): number =>
    median(samples.flatMap((round) => what(round[set] ?? { clock: [], session: NaN, daemon: NaN }))) ?? NaN;
  const columns = [({ clock }: Sample) => clock, ({ session }: Sample) => [session], ({ daemon }: Sample) => [daemon]];
  console.log(`\n| ${mode} | ms for a directory | session's thread, s | daemon, s |\n|---|---|---|---|`);
  for (const [set, { name }] of SETS.entries()) {
    const cells = columns.map((what, column) => {
      const found = of(set, what);
      return `${(column === 0 ? found * 1000 : found).toFixed(3)} (${(found / of(0, what)).toFixed(3)})`;
    });
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}

if (!values.json) measureAlone();
const work = mkdtempSync(join(tmpdir(), 'rootsync-bench-excludes-'));
try {
  makeTree(join(work, 'disk/tree'), objects, () => 0);
  const files = new Map<string, string | null>();
  for (const { name, glob } of SETS) {
    const file = glob === null ? null : join(work, `${name}.rules`);
    if (file !== null && glob !== null)
      writeFileSync(file, Array.from({ length: count }, (_, i) => `${glob(i)}\n`).join(''));
    files.set(name, file);
  }
  const load = loadAverage();
  for (const mode of values.modes.split(',')) {
    const samples: Sample[][] = [];
    for (let round = 0; round < rounds; round++) samples.push(await measure(work, mode, files));
    if (values.json) console.log(JSON.stringify({ mode, rules: count, objects, samples }));
    else print(mode, samples);
  }
  console.log(
    `\nrules ${String(count)}, objects ${String(objects)}, rounds ${String(rounds)}, ` +
      `load average ${String(load)} to ${String(loadAverage())}`,
  );
} finally {
  removeSync(work);
}
