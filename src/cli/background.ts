// A daemon as a process of its own: session of its own, no terminal, output to a log on flash. How its start went comes back over a pipe.

import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, statSync, truncateSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
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
  const logPath = join(flash, LOG);
  const log = openLog(logPath);
  const begin = statSync(logPath).size;
  // argv: node, script, `mount`, its options
  const [, , ...words] = process.argv;
  const at = words.indexOf('mount') + 1;
  const args = [...process.execArgv, MAIN, ...words.slice(0, at), BACKGROUND_FLAG, ...words.slice(at)];
  const child = spawn(process.execPath, args, { detached: true, stdio: ['ignore', log, log, 'pipe'] });
  closeSync(log);
  const interrupt = (): void => void child.kill('SIGTERM');
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code ?? ''}`));
  });
  const report = await readReport(child.stdio[REPORT_FD] as Readable);
  if (!report) {
    say(`the daemon ended before it served (${await ended})${tail(logPath, begin)}`);
    return EXIT.failed;
  }
  child.unref();
  if (report.message !== undefined) say(report.message);
  return report.exitCode;
}

function openLog(path: string): number {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const fd = openSync(path, 'a', 0o600);
  if (statSync(path).size > MAX_LOG_BYTES) truncateSync(path);
  return fd;
}

async function readReport(pipe: Readable): Promise<Report | undefined> {
  let text = '';
  for await (const chunk of pipe) text += String(chunk);
  return text === '' ? undefined : (JSON.parse(text) as Report);
}

/** What the daemon wrote since `begin`. */
function tail(path: string, begin: number): string {
  const text = readFileSync(path).subarray(begin).toString().trimEnd();
  return text === '' ? '' : `:\n${text}`;
}
