// Disk as the power cut tests have it: a directory for each worker, small enough that its names are used again and again, and a system's worth of
// files that are only read.

import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { content } from './content.ts';
import type { Names } from './steps.ts';

/** Where the workers' directories are. Not their own to make durable: disk has had it all along. */
export const HOME = 'srv/data';
/** What is only read. */
export const LIBRARY = 'lib';

const LIBRARIES = 8;
const FILES = 40;

/** Makes the directory of one worker: what is in it. */
export function plantWorker(disk: string, worker: string): Names {
  const names: Names = new Map();
  const top = join(disk, HOME, worker);
  const file = (path: string): void => {
    const id = `disk-${worker}-${path}`;
    writeFileSync(join(top, path), content(id, 0, 1));
    names.set(path, { kind: 'file', id });
  };
  const link = (from: string, path: string): void => {
    linkSync(join(top, from), join(top, path));
    names.set(path, names.get(from)!);
  };
  const dir = (path: string): void => {
    mkdirSync(join(top, path), { recursive: true });
    names.set(path, { kind: 'dir' });
  };
  mkdirSync(top, { recursive: true });
  for (const name of ['d0', 'd1', 'd2']) {
    dir(name);
    for (const base of ['f0', 'f1', 'f2']) file(`${name}/${base}`);
    dir(`${name}/sub`);
    for (const base of ['f0', 'f3']) file(`${name}/sub/${base}`);
    symlinkSync(`to-${name}`, join(top, name, 'f3'));
    names.set(`${name}/f3`, { kind: 'symlink', target: `to-${name}` });
  }
  file('d0/h0');
  link('d0/h0', 'd0/h1');
  link('d0/h0', 'd1/h0');
  file('d2/h0');
  link('d2/h0', 'd1/h1');
  for (const base of ['f0', 'f1']) file(base);
  return names;
}

/** Makes the directory of a worker that touches each object once: what is in it. */
export function plantMover(disk: string, worker: string, objects: number): Names {
  const names: Names = new Map();
  const top = join(disk, HOME, worker);
  mkdirSync(top, { recursive: true });
  const file = (path: string): void => {
    const id = `disk-${worker}-${path}`;
    writeFileSync(join(top, path), content(id, 0, 1));
    names.set(path, { kind: 'file', id });
  };
  for (let n = 0; n < objects; n++) {
    if (n % 3 === 0) {
      mkdirSync(join(top, `d${n}`));
      names.set(`d${n}`, { kind: 'dir' });
      file(`d${n}/f`);
    } else {
      file(`f${n}`);
      if (n % 3 === 1) continue;
      linkSync(join(top, `f${n}`), join(top, `l${n}`));
      names.set(`l${n}`, names.get(`f${n}`)!);
    }
  }
  return names;
}

/** Files of all sizes, hard links, symlinks. */
export function plantLibrary(disk: string): void {
  for (let d = 0; d < LIBRARIES; d++) {
    const dir = join(disk, LIBRARY, `pack${d}`);
    mkdirSync(dir, { recursive: true });
    for (let f = 0; f < FILES; f++)
      writeFileSync(join(dir, `file${f}`), content(`lib-${d}-${f}`, 0, f === 0 ? 60 : f % 4), {
        mode: f % 3 === 0 ? 0o755 : 0o644,
      });
    linkSync(join(dir, 'file1'), join(dir, 'again'));
    symlinkSync('file2', join(dir, 'link'));
  }
}
