// A process that process.test.ts starts: becomes a shell that says what it was given, from the main thread or from another.

import { readFileSync, writeSync } from 'node:fs';
import { Worker, isMainThread, threadId } from 'node:worker_threads';
import { asBytes } from '../../src/bytes.ts';
import { errnoName } from '../../src/errno.ts';
import { execve, mlockall, MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT } from '../../src/sys/process.ts';

const script = String.raw`printf '%s\n' "$0" "$@" "$X" "[$HOME]"; grep -E '^Sig(Blk|Ign)' /proc/self/status`;

// What exec undoes for the program, and must redo when there is none.
function state(): string {
  const ignored = /^SigIgn.*$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[0] ?? '';
  const flags = [0, 1, 2].map((fd) => /^flags:.*$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[0] ?? '');
  return [ignored, ...flags].join();
}

function become(): void {
  const before = state();
  const locked = mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);
  const err = execve(asBytes('/no/such/program'), [asBytes('x')], []);
  writeSync(1, `${threadId} ${errnoName(err)} ${state() === before} ${locked === 0 || errnoName(locked)}\n`);
  const argv = ['sh', '-c', script, 'zero', '\xff\xfe', 'two words', ''].map(asBytes);
  execve(asBytes('/bin/sh'), argv, [asBytes('X=\x80\xc3\xa9'), asBytes('PATH=/usr/bin:/bin')]);
}

if (isMainThread && process.argv[2] === 'thread') new Worker(new URL(import.meta.url));
else become();
