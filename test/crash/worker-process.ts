// Works in the merged root, as programs do: worker-process.js ORDER. Before and after each step it writes to its journal, outside of the mount, how
// much had reached the device by then; so what a power cut must have kept can be said for any moment.

import {
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { fromText } from '../../src/bytes.ts';
import { errnoName } from '../../src/errno.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { RENAME_EXCHANGE, renameat2 } from '../../src/sys/link.ts';
import { Chooser, Mover } from './choose.ts';
import { content, identify } from './content.ts';
import type { Entry } from './history.ts';
import { random } from './random.ts';
import type { Names, Step } from './steps.ts';

export interface WorkOrder {
  readonly name: string;
  readonly kind: 'chooser' | 'mover';
  readonly seed: number;
  readonly steps: number;
  /** The worker's directory. */
  readonly dir: string;
  readonly journal: string;
  /** The recorder's file of this name. */
  readonly position: string;
  /** What the directory holds. */
  readonly names: readonly (readonly [string, Names extends Map<string, infer V> ? V : never])[];
}

const order = JSON.parse(process.argv[2] ?? '') as WorkOrder;
const journal = openSync(order.journal, 'a');
const position = openSync(order.position, 'r');
const digits = Buffer.alloc(16);

function recorded(): number {
  return Number(digits.toString('latin1', 0, readSync(position, digits, 0, 16, 0)));
}

function note(entry: Entry): void {
  writeSync(journal, `${JSON.stringify(entry)}\n`);
}

function at(path: string): string {
  return join(order.dir, path);
}

function write(path: string, flags: string, bytes: Buffer, synced: boolean): void {
  const fd = openSync(at(path), flags);
  writeSync(fd, bytes);
  if (synced) fsyncSync(fd);
  closeSync(fd);
}

function rename(from: string, path: string, flags: number): void {
  const err = renameat2(AT_FDCWD, fromText(at(from)), AT_FDCWD, fromText(at(path)), flags);
  if (err < 0) throw new Error(errnoName(err));
}

function carryOut(step: Step): void {
  switch (step.kind) {
    case 'create': {
      write(step.path, 'wx', content(step.id, 0, 1), step.synced);
      return;
    }
    case 'append': {
      const { id, blocks, whole } = identify(readFileSync(at(step.path)));
      if (id === null || !whole) throw new Error('torn without a crash');
      write(step.path, 'a', content(id, blocks, blocks + 1), step.synced);
      return;
    }
    case 'rename': {
      rename(step.from, step.path, 0);
      return;
    }
    case 'exchange': {
      rename(step.from, step.path, RENAME_EXCHANGE);
      return;
    }
    case 'link': {
      linkSync(at(step.from), at(step.path));
      return;
    }
    case 'unlink': {
      unlinkSync(at(step.path));
      return;
    }
    case 'mkdir': {
      mkdirSync(at(step.path));
      return;
    }
    case 'rmdir': {
      rmdirSync(at(step.path));
      return;
    }
    case 'symlink': {
      symlinkSync(step.target, at(step.path));
      return;
    }
    case 'read':
      return void readFileSync(at(step.path));
    case 'sync':
      for (const dir of step.dirs) {
        const fd = openSync(at(dir), 'r');
        fsyncSync(fd);
        closeSync(fd);
      }
  }
}

const chooser = new (order.kind === 'mover' ? Mover : Chooser)(order.name, new Map(order.names), random(order.seed));
for (let n = 0; n < order.steps; n++) {
  const step = chooser.next();
  note({ before: recorded(), step });
  try {
    carryOut(step);
  } catch (thrown) {
    console.error(`${order.name}, step ${n}, ${JSON.stringify(step)}: ${String(thrown)}`);
    process.exit(1);
  }
  const there = lstatSync(at(step.path), { bigint: true, throwIfNoEntry: false });
  note({ after: recorded(), ino: String(there?.ino ?? '') });
}
