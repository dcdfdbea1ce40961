// The processes that COMMAND started and left behind. The supervisor is their subreaper, so every one of them has it as an ancestor.

import { readFileSync, readdirSync } from 'node:fs';
import { becomeSubreaper, reapAdopted } from '../../sys/children.ts';
import { say } from '../say.ts';

interface Descendant {
  readonly pid: number;
  readonly comm: string;
}

/** How long those that are left have to end after SIGTERM. */
const GRACE_MS = 5_000;
const LOOK_MS = 20;
const MOST_NAMED = 5;

/** Takes orphans over and reaps them as they end; `isOurs`: children that Node itself waits for. */
export function adoptOrphans(isOurs: (pid: number) => boolean): void {
  becomeSubreaper();
  process.on('SIGCHLD', () => reapAdopted(isOurs));
}

/** Living processes below this one, but for those of `ours` and below them. */
function descendants(ours: ReadonlySet<number>): Descendant[] {
  const children = new Map<number, (Descendant & { readonly dead: boolean })[]>();
  for (const name of readdirSync('/proc')) {
    const entry = /^\d+$/.test(name) ? readProcess(Number(name)) : undefined;
    if (!entry) continue;
    const siblings = children.get(entry.parent);
    if (siblings) siblings.push(entry);
    else children.set(entry.parent, [entry]);
  }
  const found: Descendant[] = [];
  const below = (pid: number): void => {
    for (const child of children.get(pid) ?? []) {
      if (ours.has(child.pid)) continue;
      if (!child.dead) found.push(child);
      below(child.pid);
    }
  };
  below(process.pid);
  return found;
}

function readProcess(pid: number): (Descendant & { parent: number; dead: boolean }) | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const end = stat.lastIndexOf(')');
    const [state, parent] = stat.slice(end + 2).split(' ');
    const comm = stat.slice(stat.indexOf('(') + 1, end);
    return { pid, comm, parent: Number(parent), dead: state === 'Z' || state === 'X' };
  } catch {
    return undefined;
  }
}

/** Ends them all, but for those of `ours`: SIGTERM, and SIGKILL for those that take longer than the grace time. */
export async function endDescendants(command: string, ours: ReadonlySet<number> = new Set()): Promise<void> {
  let left = descendants(ours);
  if (left.length === 0) return;
  say(`${command} left ${name(left)} behind: ending ${left.length === 1 ? 'it' : 'them'}`);
  for (const { pid } of left) {
    signal(pid, 'SIGTERM');
    signal(pid, 'SIGCONT');
  }
  const deadline = performance.now() + GRACE_MS;
  for (; left.length > 0; left = descendants(ours)) {
    // Those that came later, a handler's own commands for instance, are given the time that is left.
    if (performance.now() > deadline) for (const { pid } of left) signal(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

function name(processes: readonly Descendant[]): string {
  const named = processes.slice(0, MOST_NAMED).map(({ pid, comm }) => `${comm} (pid ${pid})`);
  const more = processes.length - named.length;
  return named.join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function signal(pid: number, number: NodeJS.Signals): void {
  try {
    process.kill(pid, number);
  } catch {
    // It has ended meanwhile.
  }
}
