// What a process needs that the whole system hangs on: every program waits for it, that which would free memory, and that which ends
// the system. Once per process, before its threads are started: they inherit a part of it.

import { readFileSync, writeFileSync } from 'node:fs';
import { errnoName } from '../errno.ts';
import { lockMappedFiles } from '../sys/memory.ts';
import { descriptorLimit, prctl, PR_SET_IO_FLUSHER, setDescriptorLimit } from '../sys/process.ts';
import { SIGCONT, signalEvery } from '../sys/timer.ts';

/** systemd leaves processes of root alone, when it ends all others, whose command line begins with an `@`. */
const TITLE = '@rootsync';
/** The kernel's own limit of descriptors per process, unless it was changed (fs.nr_open). */
const DESCRIPTORS = 1 << 20;
/** How long the system may stand still after everything was stopped, ms. */
const CONTINUE_MS = 200;

/** Makes this process so; what could not be done, for people. Root can do all of it. */
export function becomeSteadfast(): string[] {
  process.title = TITLE;
  // systemd-shutdown stops every process, this one too, and then uses `/`. With a handler, since a timer whose signal is ignored may
  // be given up by the kernel.
  process.on('SIGCONT', () => {});
  const done: [what: string, result: number][] = [
    ['a timer that continues it when it is stopped', signalEvery(CONTINUE_MS, SIGCONT)],
    ['the OOM killer', spareFromOomKiller()],
    // A page of it that went could not be read again without this process. Its other memory can: a swap device needs no filesystem.
    ['locking the program in memory', lockMappedFiles(readFileSync('/proc/self/maps', 'latin1'))],
    // Memory that it asks for is never freed by writing to the filesystem that it serves itself.
    ['PR_SET_IO_FLUSHER', prctl(PR_SET_IO_FLUSHER, 1)],
    ['the limit of descriptors', raiseDescriptorLimit()],
  ];
  return done.filter(([, result]) => result < 0).map(([what, result]) => `${what}: ${errnoName(result)}`);
}

function spareFromOomKiller(): number {
  try {
    writeFileSync('/proc/self/oom_score_adj', '-1000');
    return 0;
  } catch (error) {
    return (error as { errno?: number }).errno ?? -1;
  }
}

function raiseDescriptorLimit(): number {
  const limit = descriptorLimit();
  if (typeof limit === 'number') return limit;
  if (limit.soft >= DESCRIPTORS) return 0;
  return setDescriptorLimit({ soft: DESCRIPTORS, hard: Math.max(limit.hard, DESCRIPTORS) });
}
