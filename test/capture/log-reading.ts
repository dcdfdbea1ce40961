// Reads an event log as its users do, newest file last, and checks the promise it makes: each number is there once, or said to be lost.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EventDraft, LogRecord } from '../../src/capture/event.ts';

export const REQUESTER = {
  pid: 42,
  comm: 'cat',
  exe: '/usr/bin/cat',
  parents: [{ pid: 1, comm: 'init', exe: '/sbin/init' }],
};

export function draft(path: string): EventDraft {
  return {
    time: '2026-01-02T03:04:05.678Z',
    kind: 'capture',
    path,
    objectKind: 'file',
    bytes: 5,
    operation: 'open',
    mode: 'capture',
    requester: REQUESTER,
  };
}

export function drafts(count: number): EventDraft[] {
  return Array.from({ length: count }, (_, i) => draft(`/file${i}`));
}

/** The lines of all files of a log, in order. */
export function lines(dir: string): string[] {
  const age = (name: string): number => Number(/\.(\d+)$/.exec(name)?.[1] ?? 0);
  const files = readdirSync(dir).filter((name) => /^events\.jsonl(\.\d+)?$/.test(name));
  files.sort((a, b) => age(b) - age(a));
  return files.flatMap((name) => {
    const text = readFileSync(join(dir, name), 'latin1');
    assert(text === '' || text.endsWith('\n'), `${name} ends in a torn line`);
    return text.split('\n').slice(0, -1);
  });
}

/** The records of a log; lines that are none must be as many as `broken`. */
export function records(dir: string, broken = 0): LogRecord[] {
  const found: LogRecord[] = [];
  let others = 0;
  for (const line of lines(dir)) {
    try {
      found.push(JSON.parse(line) as LogRecord);
    } catch {
      others++;
    }
  }
  assert.equal(others, broken, 'lines that are not JSON');
  return found;
}

/** Asserts that numbers run from the first record's to `last` without a gap that no record states. */
export function assertGapless(found: readonly LogRecord[], last: number): void {
  let expected: number | null = null;
  for (const record of found) {
    const from = record.kind === 'lost' ? record.from : record.seq;
    assert.equal(from, expected ?? from, `the record numbered ${record.seq}`);
    expected = record.seq + 1;
  }
  assert.equal(expected, last + 1);
}
