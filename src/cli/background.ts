// A daemon as a process of its own: no terminal, output to a log on flash, and once it has mounted (mount.ts) a session of its own. How its start
// went comes back over a pipe.

import { spawn } from 'node:child_process';
import { closeSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { ensureDirSync } from 'fs-extra/esm';
import { BACKGROUND_FLAG, MAIN } from './entry.ts';
import { EXIT } from './exit-codes.ts';
import { say } from './say.ts';

/** The pipe's descriptor in the daemon. */
const REPORT_FD = 3;
const LOG = '.rootsync/log/daemon.log';
const MAX_LOG_BYTES = 1 << 20;

interface Report {
  readonly exitCode: number;
  readonly message?: string;
}

/** In the daemon's process: its one word to the process that started it. */
export class Background {
  #told = false;

  succeeded(): void {
    this.#tell({ exitCode: EXIT.ok });
  }

  failed(exitCode: number, message: string): void {
    this.#tell({ exitCode, message });
  }

  #tell(report: Report): void {
    if (this.#told) return;
    this.#told = true;
    try {
      writeSync(REPORT_FD, JSON.stringify(report));
    } catch {
      // Nobody waits any more.
    }
    closeSync(REPORT_FD);
  }
}

/** Runs this same command line as a daemon; the exit code once it serves, or has failed and said why. */
export async function startInBackground(flash: string): Promise<number> {
  const log = new Log(join(flash, LOG));
  // argv: node, script, `mount`, its options
  const words = process.argv.slice(2);
  const at = words.indexOf('mount') + 1;
  const args = [...process.execArgv, MAIN, ...words.slice(0, at), BACKGROUND_FLAG, ...words.slice(at)];
  let interrupted: NodeJS.Signals | undefined;
  // Before there is a daemon: a signal that ended this process alone would leave it. They are handled between turns, so once there is one.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interrupted = signal;
      child.kill('SIGTERM');
    });
  }
  const child = spawn(process.execPath, args, { stdio: ['ignore', log.fd, log.fd, 'pipe'] });
  closeSync(log.fd);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? ''}`));
  });
  const report = await readReport(child.stdio[REPORT_FD] as Readable);
  if (interrupted) {
    await ended;
    return 128 + constants.signals[interrupted];
  }
  if (!report) {
    say(`the daemon ended before it served (${await ended})${log.written()}`);
    return EXIT.failed;
  }
  child.unref();
  if (report.message !== undefined) say(report.message);
  return report.exitCode;
}

/** The daemon's log, for what nobody is there to read. A flash that has no room for it can be served all the same. */
class Log {
  readonly fd: number;
  readonly #path: string;
  readonly #begin: number;

  constructor(path: string) {
    this.#path = path;
    try {
      ensureDirSync(dirname(path), 0o700);
      this.fd = openSync(path, 'a', 0o600);
    } catch {
      this.#path = '/dev/null';
      this.fd = openSync(this.#path, 'a');
    }
    if (fstatSync(this.fd).size > MAX_LOG_BYTES) ftruncateSync(this.fd);
    this.#begin = fstatSync(this.fd).size;
  }

  /** What has been written to it since, to follow a message. */
  written(): string {
    const text = readFileSync(this.#path).subarray(this.#begin).toString().trimEnd();
    return text === '' ? '' : `:\n${text}`;
  }
}

async function readReport(pipe: Readable): Promise<Report | undefined> {
  let text = '';
  for await (const chunk of pipe) text += String(chunk);
  return text === '' ? undefined : (JSON.parse(text) as Report);
}
