// What is read: 62,000 objects, 20,000 small files, one big file, a program, and a root with a shell and all that it needs. The same for every peer, made once per run, from a fixed seed.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, openSync, closeSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Objects in `tree`, directories included. */
const OBJECTS = 62_000;
const SMALL_FILES = 20_000;
const BIG_MIB = 1024;
const FILES_PER_DIRECTORY = 9;

export interface Sizes {
  readonly objects: number;
  readonly smallFiles: number;
  readonly bigMiB: number;
}

/** Fills `lower`; `scale` below 1 makes all of it smaller, for trying the benchmark out. */
export function makeLower(lower: string, scale: number): Sizes {
  const sizes = {
    objects: Math.round(OBJECTS * scale),
    smallFiles: Math.round(SMALL_FILES * scale),
    bigMiB: Math.max(1, Math.round(BIG_MIB * scale)),
  };
  const random = generator(1);
  makeTree(join(lower, 'tree'), sizes.objects, () => 0);
  makeTree(join(lower, 'small'), Math.round(sizes.smallFiles * (1 + 1 / FILES_PER_DIRECTORY)), () => random() % 4096);
  copyFileSync('/bin/true', join(lower, 'true'));
  makeRoot(join(lower, 'root'), ['/bin/sh', '/bin/true']);
  makeBig(join(lower, 'big'), sizes.bigMiB);
  return sizes;
}

/** The big file lies in the upper branch, too: what is measured of it is the way from a file that was captured. */
export function makeUpper(lower: string, upper: string): void {
  copyFileSync(join(lower, 'big'), join(upper, 'big'));
}

/** Directories of a few files each, in a few directories; `size` says how long the next file is. */
export function makeTree(root: string, objects: number, size: () => number): void {
  const content = Buffer.alloc(4096, 'rootsync ');
  for (let made = 0, directory = 0; made < objects; directory++) {
    const at = join(root, `d${String(Math.floor(directory / 20))}`, `s${String(directory)}`);
    mkdirSync(at, { recursive: true });
    made++;
    for (let i = 0; i < FILES_PER_DIRECTORY && made < objects; i++, made++) {
      writeFileSync(join(at, `file${String(i)}.txt`), content.subarray(0, size()));
    }
  }
}

/** A root for chroot(8): programs of this machine with their loader and libraries. */
function makeRoot(root: string, programs: readonly string[]): void {
  const found = spawnSync('ldd', programs, { encoding: 'utf8' }).stdout;
  const libraries = [...found.matchAll(/(\/\S+) \(0x/g)].map(([, path = '']) => path);
  for (const path of new Set([...programs, ...libraries])) {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    copyFileSync(path, join(root, path));
  }
}

function makeBig(path: string, mib: number): void {
  const random = generator(2);
  const chunk = Buffer.alloc(1 << 20);
  const fd = openSync(path, 'w');
  for (let i = 0; i < mib; i++) {
    for (let at = 0; at < chunk.length; at += 4) chunk.writeUInt32LE(random(), at);
    writeSync(fd, chunk);
  }
  closeSync(fd);
}

/** xorshift32: the same numbers in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>>= 0);
  };
}
