// The event log of a flash, read as its users read it: lines of JSON, rotated files first.

import { readFileSync, readdirSync } from 'node:fs';
import type { Event } from '../../src/capture/event.ts';

/** All events, oldest first. */
export function readEvents(flash: string): Event[] {
  const dir = `${flash}/.rootsync/log`;
  const files = readdirSync(dir)
    .filter((name) => /^events\.jsonl(\.\d+)?$/.test(name))
    .sort((a, b) => age(b) - age(a));
  return files.flatMap((name) =>
    readFileSync(`${dir}/${name}`, 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Event),
  );
}

function age(name: string): number {
  return Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
}

/** Numbers that a sequence from 1 lacks, or has twice. */
export function gaps(events: readonly Event[]): string[] {
  return events.flatMap(({ seq }, i) => (seq === i + 1 ? [] : [`line ${i + 1} has number ${seq}`])).slice(0, 5);
}
