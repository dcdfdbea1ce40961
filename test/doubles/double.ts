// Mounts a double of a flash filesystem for the tests of a suite, over a private directory.

import assert from 'node:assert/strict';
import { fork, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { within } from '../mounted-root.ts';
import type { TYPES } from './flash-types.ts';

const STOP_MS = 10_000;
const PROCESS = new URL('./small-flash-process.js', import.meta.url);

export class Double {
  /** Where it is mounted, and the directory in which it keeps everything. */
  dir = '';
  backing = '';
  #base = '';
  #child: ChildProcess | undefined;

  async start(type: keyof typeof TYPES): Promise<void> {
    this.#base = mkdtempSync(join(tmpdir(), 'double-'));
    chmodSync(this.#base, 0o755);
    this.dir = join(this.#base, 'mnt');
    this.backing = join(this.#base, 'backing');
    for (const dir of [this.dir, this.backing]) mkdirSync(dir);
    const env = { ...process.env, ROOTSYNC_DOUBLE: type, ROOTSYNC_DOUBLE_DIR: this.backing };
    this.#child = fork(PROCESS, [this.dir], { execArgv: ['--no-warnings'], env });
    const [said] = (await within('the double', once(this.#child, 'message'))) as [string];
    assert.equal(said, 'mounted');
  }

  /** Of these operations, the one that `n` others went before fails; `lasting`: so do all after it. */
  fail(steps: readonly string[], error: 'EIO' | 'ENOSPC', n: number, lasting = false): void {
    this.#order(`.fault ${steps.join()} ${error} ${n}${lasting ? ' lasting' : ''}`);
  }

  heal(): void {
    this.#order('.fault ');
  }

  /** It answers nothing any more, as a server that is gone. */
  freeze(): void {
    const pid = this.#child?.pid;
    if (pid === undefined) return;
    process.kill(pid, 'SIGSTOP');
    // One of its threads takes the signal, and until then the others go on answering.
    const until = Date.now() + STOP_MS;
    while (!hasStopped(pid)) assert.ok(Date.now() < until, 'the double does not stop');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.thaw();
    const gone = once(child, 'exit');
    child.send('stop');
    await within('the double to end', gone);
    spawnSync('rm', ['-rf', '--one-file-system', this.#base]);
  }

  // A name that never exists: the double takes it for an order.
  #order(name: string): void {
    assert.equal(statSync(join(this.dir, name), { throwIfNoEntry: false }), undefined);
  }
}

function hasStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).every((task) => /^State:\tT/m.test(readFileSync(join(tasks, task, 'status'), 'utf8')));
}

/** A double that lives as long as the suite in which this is called. */
export function double(type: keyof typeof TYPES): Double {
  const here = new Double();
  before(async function () {
    if (process.getuid?.() !== 0) this.skip();
    await here.start(type);
  });
  after(() => here.stop());
  return here;
}
