// For tests of the command line: runs the compiled program apart from this process, and keeps what it said.

import { spawn, type ChildProcessWithoutNullStreams, type SpawnOptions } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface Ended {
  /** null after a signal. */
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A program under way. Its output is kept as latin1, so that bytes can be told apart. */
export class Running {
  readonly process: ChildProcessWithoutNullStreams;
  readonly ended: Promise<Ended>;
  stdout = '';
  stderr = '';
  #looks: (() => void)[] = [];

  constructor(file: string, args: readonly string[], options: SpawnOptions) {
    this.process = spawn(file, args, { ...options, stdio: 'pipe' });
    this.process.stdin.on('error', () => {});
    const look = (): void => this.#looks.forEach((once) => once());
    this.process.stdout.setEncoding('latin1').on('data', (text: string) => {
      this.stdout += text;
      look();
    });
    this.process.stderr.setEncoding('latin1').on('data', (text: string) => {
      this.stderr += text;
      look();
    });
    this.ended = new Promise((resolve, reject) => {
      this.process.once('error', reject);
      this.process.once('close', (status, signal) => {
        const { stdout, stderr } = this;
        resolve({ status, signal, stdout, stderr });
      });
    });
  }

  /** Resolves when stdout or stderr holds the text; rejects when the program ends without. */
  async says(text: string): Promise<void> {
    const said = new Promise<true>((resolve) => {
      const look = (): void => {
        if (this.stdout.includes(text) || this.stderr.includes(text)) resolve(true);
      };
      this.#looks.push(look);
      look();
    });
    const result = await Promise.race([said, this.ended]);
    if (result !== true && !result.stdout.includes(text)) {
      throw new Error(`ended without saying ${JSON.stringify(text)}: ${JSON.stringify(result)}`);
    }
  }
}

export interface Options {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What is on stdin; it ends there. */
  readonly input?: string;
}

/** `rootsync ARGS...`, started. */
export function start(args: readonly string[], options: Options = {}): Running {
  return startProgram(process.execPath, [MAIN, ...args], options);
}

/** Another program, that runs rootsync for instance. */
export function startProgram(file: string, args: readonly string[], options: Options = {}): Running {
  const { input, ...rest } = options;
  const running = new Running(file, args, { ...rest, env: { ...process.env, ...options.env } });
  if (input !== undefined) running.process.stdin.end(input);
  return running;
}

/** `rootsync ARGS...` to its end. */
export function rootsync(args: readonly string[], options: Options = {}): Promise<Ended> {
  return start(args, { input: '', ...options }).ended;
}
