// The process that becomes COMMAND. Started before the merged root exists, so that it inherits nothing that the daemon changes for itself; it
// waits, completes the root with the host's /proc and its kin, enters it and executes COMMAND. Nothing else is ever executed in the merged
// root, and after chroot nothing is opened there but what execve and chdir take.

import { closeSync, openSync, readSync, readlinkSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { constants } from 'node:os';
import { asBytes, display, fromText, type ByteString } from '../../bytes.ts';
import { EACCES, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, errnoName } from '../../errno.ts';
import {
  PR_CAP_AMBIENT,
  PR_CAP_AMBIENT_CLEAR_ALL,
  PR_SET_PDEATHSIG,
  capget,
  capset,
  chdir,
  chroot,
  descriptorLimit,
  execve,
  prctl,
  setDescriptorLimit,
} from '../../sys/process.ts';
import { RUN_EXIT } from '../exit-codes.ts';
import { Stop, check, furnish } from './furnish.ts';
import { environment, lastWords, variable } from './raw-words.ts';
import { GATE, REPORT, ROOT, type FailedLaunch, type LaunchSpec } from './spec.ts';

const NONE = asBytes('');

/** Becomes COMMAND; returns the exit code when it cannot. */
export function launch(json: string): number {
  const spec = JSON.parse(json) as LaunchSpec;
  prctl(PR_SET_PDEATHSIG, constants.signals.SIGKILL);
  if (process.ppid !== spec.supervisor) return RUN_EXIT.failed;
  const report = openSync(join(spec.work, REPORT), 'w', 0o600);
  try {
    const command = lastWords(spec.supervisor, spec.words);
    const env = environment(spec.supervisor);
    const cwd = spec.chdir === null ? workingDirectory() : fromText(spec.chdir);
    if (!gateOpens(join(spec.work, GATE))) return RUN_EXIT.failed;
    const root = spec.ready ?? join(spec.work, ROOT);
    if (spec.ready === null) furnish(root, spec);
    enter(fromText(root), cwd, place(spec));
    resetProcess(spec);
    execute(command, env, place(spec));
  } catch (error) {
    const exitCode = error instanceof Stop ? error.exitCode : RUN_EXIT.failed;
    const failed: FailedLaunch = { exitCode, message: (error as Error).message };
    writeSync(report, JSON.stringify(failed));
    return exitCode;
  }
}

function place(spec: LaunchSpec): string {
  return spec.bind === null ? 'in the merged root' : 'on flash';
}

function workingDirectory(): ByteString {
  const path = asBytes(readlinkSync('/proc/self/cwd', 'latin1'));
  if (path.endsWith(' (deleted)'))
    throw new Stop(RUN_EXIT.failed, `the current directory does not exist any more (${display(path)})`);
  return path;
}

/** Waits for the byte. */
function gateOpens(path: string): boolean {
  const gate = openSync(path, 'r');
  const opened = readSync(gate, Buffer.alloc(1)) === 1;
  closeSync(gate);
  return opened;
}

function enter(root: ByteString, cwd: ByteString, where: string): void {
  check(chroot(root), 'chroot');
  const moved = chdir(cwd);
  if (moved >= 0) return;
  const why = moved === ENOENT ? `does not exist ${where}` : `cannot be entered ${where} (${errnoName(moved)})`;
  throw new Stop(RUN_EXIT.failed, `the directory ${display(cwd)} ${why}; choose another with --chdir DIR`);
}

/** What Node, or the namespace, gave this process and COMMAND is not to have. */
function resetProcess(spec: LaunchSpec): void {
  if (spec.descriptors !== null) {
    const limit = descriptorLimit();
    if (typeof limit !== 'number') setDescriptorLimit({ soft: spec.descriptors, hard: limit.hard });
  }
  if (!spec.dropPowers) return;
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL);
  const capabilities = capget();
  if (typeof capabilities !== 'number') capset({ ...capabilities, inheritable: 0n });
}

const DEFAULT_PATH = asBytes('/bin:/usr/bin');
const ENOEXEC = -constants.errno.ENOEXEC;

/** As execvp(3) does. @throws Stop always: returning from execve is failing. */
function execute(command: readonly ByteString[], env: readonly ByteString[], where: string): never {
  const [name = NONE] = command;
  let failure: number = ENOENT;
  for (const file of candidates(name, env)) {
    const result = executeFile(file, command, env);
    if (result === ENOENT && exists(file)) {
      throw new Stop(
        RUN_EXIT.notFound,
        `${display(file)} is there, but the interpreter or loader that it names is not`,
      );
    }
    const absent = result === ENOENT || result === ENOTDIR || result === ELOOP || result === ENAMETOOLONG;
    if (!absent) failure = result;
    if (!absent && result !== EACCES) break;
  }
  if (failure === ENOENT) throw new Stop(RUN_EXIT.notFound, `${display(name)}: command not found ${where}`);
  throw new Stop(
    RUN_EXIT.notExecutable,
    `${display(name)}: ${failure === EACCES ? 'permission denied' : errnoName(failure)}`,
  );
}

function candidates(name: ByteString, env: readonly ByteString[]): ByteString[] {
  if (name === '') return [];
  if (name.includes('/')) return [name];
  return (variable(env, 'PATH') ?? DEFAULT_PATH).split(':').map((dir) => asBytes(`${dir === '' ? '.' : dir}/${name}`));
}

/** A text without `#!` goes to the shell, as every shell does it. */
function executeFile(file: ByteString, command: readonly ByteString[], env: readonly ByteString[]): number {
  const result = execve(file, command, env);
  return result === ENOEXEC ? execve(asBytes('/bin/sh'), [asBytes('sh'), file, ...command.slice(1)], env) : result;
}

function exists(file: ByteString): boolean {
  return statSync(Buffer.from(file, 'latin1'), { throwIfNoEntry: false }) !== undefined;
}
