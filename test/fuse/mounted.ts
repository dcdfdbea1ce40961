// For tests that mount: a directory of their own, that ends up unmounted whatever happened; commands with time limits, run apart
// from this process, so that a mount that hangs fails its test and no more.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fromText } from '../../src/bytes.ts';
import { MNT_DETACH, MNT_FORCE, umount2 } from '../../src/sys/mount.ts';

const LIMIT_MS = 10_000;

/** Skips the tests of a suite where nobody could mount; root and /dev/fuse are needed. */
export function needsFuse(): void {
  before(function () {
    if (process.getuid?.() !== 0 || !existsSync('/dev/fuse')) this.skip();
  });
}

export interface Place {
  /** A directory for anything. */
  dir: string;
  /** An empty directory to mount on. */
  mountpoint: string;
}

/** A directory per test. */
export function place(): Place {
  const place: Place = { dir: '', mountpoint: '' };
  beforeEach(async () => {
    place.dir = mkdtempSync(join(tmpdir(), 'fuse-'));
    place.mountpoint = join(place.dir, 'mnt');
    await mkdir(place.mountpoint);
  });
  afterEach(() => {
    const left = isMounted(place.mountpoint);
    cut(place.mountpoint);
    rmSync(place.dir, { recursive: true, force: true });
    assert.equal(left, false, 'the mount was left behind');
  });
  return place;
}

/** Unmounts whatever is there, failing requests that wait: they would keep this process from ending if they are its own. */
export function cut(path: string): void {
  while (isMounted(path) && umount2(fromText(path), MNT_FORCE | MNT_DETACH) >= 0);
}

export function isMounted(path: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${path} `);
}

/** How a command ended, `status` null after a signal. */
export interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end, or kills it. */
export function sh(command: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    const options = { timeout: LIMIT_MS, killSignal: 'SIGKILL' as const };
    const child = execFile('sh', ['-c', command, 'sh', ...args], options, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : (child.exitCode ?? null), stdout, stderr });
    });
  });
}

/** Waits for something to become true, and fails if it does not. */
export async function eventually(what: string, condition: () => boolean): Promise<void> {
  const until = Date.now() + LIMIT_MS;
  while (!condition()) {
    if (Date.now() > until) assert.fail(`never: ${what}`);
    await delay(5);
  }
}

/** A server in a process of its own. */
export class Server {
  readonly child: ChildProcess;
  output = '';
  private readonly exited: Promise<number | null>;

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (text: Buffer) => (this.output += text.toString()));
    }
    this.exited = new Promise((resolve) => {
      this.child.on('close', (status) => {
        resolve(status);
      });
    });
  }

  /** Waits for it to say something. */
  async says(text: string): Promise<void> {
    await eventually(`"${text}" in "${this.output}"`, () => this.output.includes(text) || this.child.exitCode !== null);
    assert.ok(this.output.includes(text), this.output);
  }

  /** Its exit status, after a signal if given; it is killed when it does not end in time. */
  async ends(signal?: NodeJS.Signals): Promise<number | null> {
    if (signal !== undefined) this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), LIMIT_MS);
    const status = await this.exited;
    clearTimeout(timer);
    return status;
  }
}
