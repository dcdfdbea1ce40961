// Starts the launcher (launch.ts), lets it become COMMAND, and waits for COMMAND's end.

import { spawn, type ChildProcess } from 'node:child_process';
import { createHash, type Hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { LAUNCH_WORD, MAIN } from '../entry.ts';
import { RUN_EXIT } from '../exit-codes.ts';
import { Failure } from '../live-mount.ts';
import { writeAll } from '../say.ts';
import type { LaunchSpec } from './spec.ts';
import type { WorkDirectory } from './work-directory.ts';

export interface CommandResult {
  /** COMMAND's own, or 128 + the number of the signal that ended it. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | null;
  /** From its start to its end. */
  readonly seconds: number;
}

export type LaunchOptions = Omit<LaunchSpec, 'work' | 'supervisor'> & {
  /** Lead stdout through this process, unchanged, and hash it. */
  readonly hashOutput: boolean;
};

const LOOK_MS = 5;

export class Launcher {
  readonly #work: WorkDirectory;
  readonly #gate;
  readonly #child: ChildProcess;
  readonly #ended: Promise<readonly [number | null, NodeJS.Signals | null]>;
  readonly #hash: Hash | undefined;

  /** Starts it; it waits at the gate. */
  constructor(work: WorkDirectory, { hashOutput, ...options }: LaunchOptions) {
    this.#work = work;
    this.#gate = work.makeGate();
    const spec: LaunchSpec = { ...options, work: work.path, supervisor: process.pid };
    const args = [...process.execArgv, MAIN, LAUNCH_WORD, JSON.stringify(spec)];
    this.#child = spawn(process.execPath, args, { stdio: ['inherit', hashOutput ? 'pipe' : 'inherit', 'inherit'] });
    this.#hash = hashOutput ? createHash('sha256') : undefined;
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      // Not `close`, which waits for everybody who holds stdout open.
      this.#child.once('exit', (code, signal) => resolve([code, signal]));
    });
    this.#ended.catch(() => {});
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#hash?.update(chunk);
      // COMMAND then gets SIGPIPE, as it would without us in between.
      if (!writeAll(1, chunk)) this.#child.stdout?.destroy();
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Opens the gate, and waits for COMMAND. @throws Failure when COMMAND could not be started. */
  async run(): Promise<CommandResult> {
    const began = performance.now();
    this.#gate.open();
    const [code, signal] = await this.#ended;
    const seconds = (performance.now() - began) / 1000;
    const failed = this.#work.takeReport();
    if (failed) throw new Failure(failed.exitCode, failed.message);
    const exitCode = signal === null ? (code ?? RUN_EXIT.failed) : 128 + constants.signals[signal];
    return { exitCode, signal, seconds };
  }

  /** SHA-256 of all of stdout, once nobody can write to it any more. */
  async outputHash(): Promise<string | undefined> {
    const stdout = this.#child.stdout;
    if (!stdout || !this.#hash) return undefined;
    if (!stdout.closed) await new Promise((resolve) => stdout.once('close', resolve));
    return this.#hash.digest('hex');
  }

  /** Resolves when it waits at the gate, with all loaded that it needs; or has ended. */
  async atGate(): Promise<void> {
    const ended = this.#ended.then(() => true);
    const look = (): Promise<boolean> => new Promise((resolve) => setTimeout(() => resolve(false), LOOK_MS));
    while (!this.#work.isReported && !(await Promise.race([ended, look()])));
  }

  send(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  [Symbol.dispose](): void {
    this.#child.kill('SIGKILL');
    this.#gate[Symbol.dispose]();
  }
}

/** The caller's soft limit of descriptors, where Node, as it always does, has raised ours above it. */
export function callersDescriptors(): number | null {
  const own = softLimit('self');
  const callers = softLimit(process.ppid);
  return own !== undefined && callers !== undefined && callers < own ? callers : null;
}

function softLimit(pid: number | 'self'): number | undefined {
  try {
    const soft = /^Max open files\s+(\S+)/m.exec(readFileSync(`/proc/${pid}/limits`, 'utf8'))?.[1];
    return soft === undefined ? undefined : soft === 'unlimited' ? Infinity : Number(soft);
  } catch {
    return undefined;
  }
}
