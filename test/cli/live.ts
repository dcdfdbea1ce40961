// A mount for tests of commands that act on one: made and ended by the command line itself, in a private directory that is gone afterwards.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isMounted } from '../mounted-root.ts';
import { rootsync, type Ended, type Options } from './rootsync.ts';

export class LiveMount implements AsyncDisposable {
  readonly dir = mkdtempSync(join(tmpdir(), 'live-'));
  readonly flash = join(this.dir, 'flash');
  readonly disk = join(this.dir, 'disk');
  readonly mnt = join(this.dir, 'mnt');

  constructor() {
    for (const path of [this.flash, this.disk, this.mnt]) mkdirSync(path);
  }

  /** Files on disk: path and content. */
  put(files: Readonly<Record<string, string>>): void {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(this.disk, path)), { recursive: true });
      writeFileSync(join(this.disk, path), content);
    }
  }

  /** A small root on disk: this machine's programs, with what they are linked to, and directories to mount on. */
  putPrograms(...programs: string[]): void {
    for (const program of programs) {
      const libraries = spawnSync('ldd', [program], { encoding: 'utf8' }).stdout.match(/\/\S+/g) ?? [];
      for (const file of [program, ...libraries]) {
        mkdirSync(dirname(join(this.disk, file)), { recursive: true });
        spawnSync('cp', ['-L', file, join(this.disk, file)]);
      }
    }
    for (const name of ['proc', 'dev', 'sys', 'run', 'tmp', 'etc'])
      mkdirSync(join(this.disk, name), { recursive: true });
  }

  async mount(...more: string[]): Promise<void> {
    const { status, stderr } = await rootsync(['mount', '--flash', this.flash, '--disk', this.disk, ...more, this.mnt]);
    assert.equal(status, 0, stderr);
  }

  async umount(): Promise<void> {
    const { status, stderr } = await rootsync(['umount', this.mnt]);
    assert.equal(status, 0, stderr);
  }

  /** `rootsync COMMAND -m MOUNTPOINT ARGS...` */
  ask(command: string, args: readonly string[] = [], options: Options = {}): Promise<Ended> {
    return rootsync([command, '-m', this.mnt, ...args], options);
  }

  /** A shell script with the merged root as its working directory, in a process of its own; what it printed. */
  shell(script: string): string {
    const ended = spawnSync('bash', ['--norc', '-euc', script], {
      cwd: this.mnt,
      encoding: 'latin1',
      timeout: 120_000,
    });
    assert.equal(ended.status, 0, ended.error?.message ?? `${script}\n${ended.stderr}`);
    return ended.stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (isMounted(this.mnt)) await rootsync(['umount', this.mnt]);
    while (isMounted(this.mnt)) spawnSync('umount', ['-l', this.mnt]);
    spawnSync('rm', ['-rf', '--one-file-system', this.dir]);
  }
}
