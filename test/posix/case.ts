// A case is a function of a directory: what it does there must go as on any Linux filesystem. It runs in a process of its own, in a
// directory of its own that `plant` has filled; where that directory lies, it does not know.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a case works on. */
export interface Ground {
  readonly dir: string;
  /** Path of a planted or new object. */
  at(name: string): string;
}

export type Cases = Readonly<Record<string, (ground: Ground) => void>>;

export const CONTENT = 'disk and flash\n'.repeat(400);

/** The tree that each case begins with; all of it is old, at a whole second or between two. */
export function plant(dir: string, wholeSeconds: boolean): void {
  mkdirSync(join(dir, 'full/sub/deep'), { recursive: true });
  mkdirSync(join(dir, 'empty'));
  mkdirSync(join(dir, 'other'));
  for (const name of ['file', 'second', 'full/one', 'full/sub/two', 'full/sub/deep/three', 'other/four', 'first-name'])
    writeFileSync(join(dir, name), CONTENT);
  linkSync(join(dir, 'first-name'), join(dir, 'second-name'));
  symlinkSync('file', join(dir, 'link'));
  symlinkSync('nowhere', join(dir, 'dangling'));
  chmodSync(join(dir, 'file'), 0o644);
  for (const name of ['file', 'second', 'first-name', 'full/sub', 'full', 'empty', 'other', '']) {
    const old = new Date(`2001-02-03T04:05:06.${wholeSeconds ? '000' : '789'}Z`);
    utimesSync(join(dir, name), old, old);
  }
}

/** Fails unless `call` fails with this errno. */
export function fails(code: string, call: () => unknown): void {
  assert.throws(call, { code });
}

/** Runs a program to its end in the ground's directory: what it printed. Fails when it fails. */
export function program(ground: Ground, command: string, ...args: string[]): string {
  const done = spawnSync(command, args, { cwd: ground.dir, encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' });
  assert.equal(done.status, 0, `${command} ${args.join(' ')}: ${done.stderr}${done.stdout} ${done.signal ?? ''}`);
  return done.stdout;
}

/** Runs a shell script as user and group 1000: its status and what it said. */
export function asUser(ground: Ground, script: string): { status: number | null; said: string } {
  const identity = ['--reuid=1000', '--regid=1000', '--clear-groups', 'sh', '-c', script];
  const done = spawnSync('setpriv', identity, { cwd: ground.dir, encoding: 'utf8', timeout: 60_000 });
  return { status: done.status, said: done.stdout + done.stderr };
}

/** Runs Python, for calls that Node lacks. */
export function python(ground: Ground, code: string): string {
  return program(ground, 'python3', '-c', `import os, sys, mmap, fcntl, errno, struct\n${code}`);
}
