// `node dist/bench/marks.js [--marks N] [--rounds N] [--json]`: how long a log of many marks takes to load at a mount, and what a mark costs in memory.
// Times are of the process's own processor time as well, since a busy machine says little by the clock.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { removeSync } from 'fs-extra/esm';
import { asBytes, fromText } from '../src/bytes.ts';
import { AT_FDCWD } from '../src/sys/at.ts';
import { O_DIRECTORY, O_RDONLY, close, openat } from '../src/sys/open.ts';
import { inoKey } from '../src/tree/ino.ts';
import { MarkLog } from '../src/tree/mark-log.ts';
import { Marks } from '../src/tree/marks.ts';
import type { MarkRecord } from '../src/tree/mark-record.ts';

const { values } = parseArgs({
  options: {
    marks: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});
const PER_DIRECTORY = 20;

setFlagsFromString('--expose-gc');
const gc = runInNewContext('gc') as () => void;

/** What a system that was upgraded and cleaned up for years has: mostly whiteouts, some opaque, some origins; paths of about 40 bytes. */
function* records(count: number, spread: boolean): Generator<MarkRecord> {
  // A stride that has no factor in common with the count visits each number once, no two neighbours in one directory.
  const stride = spread ? 611_953 : 1;
  for (let i = 0, n = 0; i < count; i++, n = (n + stride) % count) {
    const dir = Math.floor(n / PER_DIRECTORY);
    const path = asBytes(
      `usr/share/part${String(dir % 200).padStart(3, '0')}/dir${String(dir).padStart(6, '0')}/name-${String(n).padStart(8, '0')}`,
    );
    if (n % 10 < 6) yield { kind: 'whiteout', path };
    else if (n % 10 < 8) yield { kind: 'opaque', path };
    else yield { kind: 'origin', path, origin: { inoLo: n, inoHi: 0, flashLo: n + 7, flashHi: 0, diskPath: null } };
  }
}

/** What JavaScript holds, typed arrays with the part of them that is not used yet. */
function inUse(): number {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** Memory of typed arrays is given back behind the collector's back. */
async function collected(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    gc();
    await new Promise((done) => setTimeout(done, 50));
  }
}

interface Measured {
  readonly order: string;
  readonly marks: number;
  readonly logBytes: number;
  readonly loadMs: number[];
  readonly processorMs: number[];
  readonly bytesPerMark: number;
}

async function measure(order: string, count: number, rounds: number): Promise<Measured> {
  const dir = mkdtempSync(join(tmpdir(), 'rootsync-bench-marks-'));
  const dirFd = openat(AT_FDCWD, fromText(dir), O_RDONLY | O_DIRECTORY);
  const loadMs: number[] = [];
  const processorMs: number[] = [];
  let heap = 0;
  let logBytes: number;
  try {
    const made = open(dirFd, new Marks(inoKey));
    for (const record of records(count, order === 'spread')) made.append(record);
    logBytes = made.size;
    made.close();
    for (let round = 0; round < rounds; round++) {
      await collected();
      const before = inUse();
      const marks = new Marks(inoKey);
      const [started, used] = [performance.now(), process.cpuUsage()];
      const log = open(dirFd, marks);
      loadMs.push(Math.round(performance.now() - started));
      const { user, system } = process.cpuUsage(used);
      processorMs.push(Math.round((user + system) / 1000));
      log.close();
      await collected();
      heap = Math.max(heap, inUse() - before);
      if (marks.count() !== count) throw new Error(`${String(marks.count())} of ${String(count)} marks were loaded`);
    }
  } finally {
    close(dirFd);
    removeSync(dir);
  }
  return { order, marks: count, logBytes, loadMs, processorMs, bytesPerMark: Math.round(heap / count) };
}

function open(dirFd: number, marks: Marks): MarkLog {
  const opened = MarkLog.open(dirFd, marks);
  if (typeof opened === 'number') throw new Error(`the log cannot be opened: errno ${String(-opened)}`);
  return opened.log;
}

const [count, rounds] = [Number(values.marks), Number(values.rounds)];
for (const order of ['by directory', 'spread']) {
  const found = await measure(order, count, rounds);
  if (values.json) console.log(JSON.stringify(found));
  else
    console.log(
      `${String(found.marks)} marks ${order.padEnd(12)} ${(found.logBytes / 1e6).toFixed(1)} MB of log: ` +
        `load ${found.loadMs.join(' ')} ms (processor ${found.processorMs.join(' ')} ms), ${String(found.bytesPerMark)} bytes per mark`,
    );
}
