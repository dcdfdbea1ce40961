// The process that becomes COMMAND. Started before the merged root exists, so that it inherits nothing that the daemon changes for itself; it
// waits, completes the root with the host's /proc and its kin, enters it and executes COMMAND. Nothing else is ever executed in the merged
// root, and after chroot nothing is opened there but what execve and chdir take.

import {
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  readlinkSync,
  statSync,
  writeSync,
  chmodSync,
} from 'node:fs';
import { join } from 'node:path';
import { constants } from 'node:os';
import { asBytes, display, fromText, type ByteString } from '../../bytes.ts';
import { EACCES, ELOOP, ENAMETOOLONG, ENOENT, ENOTDIR, errnoName } from '../../errno.ts';
import { MS_BIND, MS_NODEV, MS_NOSUID, MS_RDONLY, MS_REC, MS_UNBINDABLE, mount } from '../../sys/mount.ts';
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
import { environment, lastWords, variable } from './raw-words.ts';
import { GATE, REPORT, ROOT, type FailedLaunch, type LaunchSpec } from './spec.ts';

const NONE = asBytes('');

/** A step that failed; ends the launch. */
class Stop extends Error {
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

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
    const root = join(spec.work, ROOT);
    furnish(root, spec);
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

function check(result: number, what: string): void {
  if (result < 0) throw new Stop(RUN_EXIT.failed, `${what}: ${errnoName(result)}`);
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

const HOST_DIRECTORIES = ['proc', 'sys', 'dev', 'run', 'tmp'];

function furnish(root: string, spec: LaunchSpec): void {
  const at = fromText(root);
  if (spec.bind !== null) check(mount(fromText(spec.bind), at, NONE, MS_BIND | MS_REC, NONE), `bind ${spec.bind}`);
  // Else the bind of /tmp, which the root is in, would hold the root again, and again.
  check(mount(NONE, at, NONE, MS_UNBINDABLE, NONE), 'unbindable root');
  for (const name of HOST_DIRECTORIES) {
    if (!isDirectory(`/${name}`) || !canBeMountpoint(join(root, name), spec)) continue;
    check(mount(fromText(`/${name}`), fromText(join(root, name)), NONE, MS_BIND | MS_REC, NONE), `bind /${name}`);
  }
  for (const path of spec.cover) {
    const target = join(root, path);
    if (!isDirectory(target)) continue;
    const flags = MS_RDONLY | MS_NODEV | MS_NOSUID;
    check(
      mount(asBytes('none'), fromText(target), asBytes('tmpfs'), flags, asBytes('mode=755,size=4k')),
      `cover ${path}`,
    );
  }
}

function isDirectory(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** In a merged root a directory that disk lacks is made; flash alone is taken as it is. A symlink is left alone: it leads where disk wants it to. */
function canBeMountpoint(path: string, spec: LaunchSpec): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat) return stat.isDirectory();
  if (spec.bind !== null) return false;
  mkdirSync(path);
  chmodSync(path, path.endsWith('/tmp') ? 0o1777 : 0o755);
  return true;
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
