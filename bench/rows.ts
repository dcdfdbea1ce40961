// What is measured: each row does one kind of work in a fresh mount and says how many seconds it took. Sizes of the trees are in trees.ts.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Row {
  readonly name: string;
  readonly title: string;
  /** Seconds. */
  readonly run: (mountpoint: string) => number;
}

/**
 * In the order in which they run within one mount: what fills the kernel's caches comes after what must find them empty. (Random reads leave a few
 * percent of the big file in the mount's own cache, where it has one.)
 */
export const ROWS: readonly Row[] = [
  { name: 'find-cold', title: 'find -printf %s, cold mount', run: find },
  { name: 'find-warm', title: 'the same again', run: find },
  {
    name: 'tar',
    title: 'tar of 20,000 small files',
    run: (at) => timed(['sh', '-c', 'tar cf - small | cat >/dev/null'], at),
  },
  { name: 'read-random', title: '40,000 random reads of 4 KiB', run: randomReads },
  {
    name: 'read-seq',
    title: 'sequential read of a big file',
    run: (at) => timed(['dd', 'if=big', 'of=/dev/null', 'bs=1M', 'status=none'], at),
  },
  {
    name: 'exec',
    title: '5,000 programs started',
    run: (at) => timed(['sh', '-c', starts('./true')], at),
  },
  {
    name: 'exec-root',
    title: 'the same as a root: chroot, loader and libraries too',
    run: (at) => timed(['chroot', 'root', '/bin/sh', '-c', starts('/bin/true')], at),
  },
];

/** So many that what only the first few hundred in a mount take longer (a server that compiles as it goes) does not decide. */
const PROGRAMS = 5000;

/** A shell's loop. */
function starts(program: string): string {
  return `i=0; while [ $i -lt ${String(PROGRAMS)} ]; do ${program}; i=$((i+1)); done`;
}

function find(mountpoint: string): number {
  return timed(['sh', '-c', "find tree -printf '%s\\n' >/dev/null"], mountpoint);
}

/** Timed inside, so that starting the reader is not part of it. */
function randomReads(mountpoint: string): number {
  const script = `
import os, random, time
random.seed(1)
fd = os.open("big", os.O_RDONLY)
pages = os.fstat(fd).st_size // 4096
places = [random.randrange(pages) * 4096 for _ in range(40000)]
start = time.perf_counter()
for at in places: os.pread(fd, 4096, at)
print(time.perf_counter() - start)`;
  const done = spawnSync('python3', ['-c', script], { cwd: mountpoint, encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`random reads in ${mountpoint}: ${done.stderr}`);
  return Number(done.stdout);
}

function timed(command: readonly string[], cwd: string): number {
  const [program = '', ...args] = command;
  const start = process.hrtime.bigint();
  const done = spawnSync(program, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  if (done.status !== 0) throw new Error(`${command.join(' ')} in ${cwd}: exit ${String(done.status)}`);
  return seconds;
}

/** Processes that wanted to run in the last minute, to judge how quiet the machine was. */
export function loadAverage(): number {
  return Number(readFileSync(join('/proc', 'loadavg'), 'utf8').split(' ')[0]);
}
