// `rootsync run --verify` of a command, and the same command under strace on the same disk: what is on flash afterwards against what the
// command used.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAIN, startProgram } from '../cli/rootsync.ts';
import { accesses } from './accesses.ts';
import type { Accesses } from './accesses.ts';
import { lstatIn } from './disk-resolver.ts';
import { flashTree } from './flash-tree.ts';
import { readTrace, strace } from './trace.ts';

export interface ExactRun {
  readonly command: readonly string[];
  /** A tree with a root of its own; by default this machine's. */
  readonly disk?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Further words for `rootsync run`. */
  readonly options?: readonly string[];
  /** As an ordinary user, to whom /dev/fuse is open: in a user namespace then. */
  readonly user?: true;
  /** Looked for in what the command prints, each time. */
  readonly prints: RegExp;
}

/** Files, symlinks and special files that flash has; what the witness asks for. */
export interface ExactResult {
  readonly files: number;
  readonly symlinks: number;
  readonly directories: number;
  readonly needed: number;
}

const ENV: NodeJS.ProcessEnv = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LC_ALL: 'C.UTF-8',
};
const USER = 12_345;
const AS_USER = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', '--'];
/** In a mount namespace of its own, where /dev/fuse is open to all; the next word is a directory for the node. */
const WITH_FUSE = [
  ...['unshare', '--mount', '--propagation', 'private', 'sh', '-ec'],
  'mknod -m 666 "$0/fuse" c 10 229; mount --bind "$0/fuse" /dev/fuse; rm "$0/fuse"; exec "$@"',
];
const HOST_TREES = ['proc', 'sys', 'dev', 'run', 'tmp'];
/** What is never captured: the host's own directories, and what the built-in rules name (directories are made nevertheless). */
const EXCLUDED = new RegExp(
  '^/(?:(?:proc|sys|dev|run|tmp|var/tmp|var/run|var/lock|root/\\.cache|home/[^/]*/\\.cache|media|mnt)/|' +
    'var/(?:log|cache|lib/apt/lists)(?:/|$))',
);

/** Runs it; fails where anything is on flash that was not used, or the other way round. */
export async function exactRun(run: ExactRun): Promise<ExactResult> {
  const { disk = '/', prints } = run;
  const dir = mkdtempSync(join(tmpdir(), 'exact-'));
  const flash = join(dir, 'flash');
  mkdirSync(flash);
  chmodSync(dir, 0o755);
  if (run.user) for (const path of [dir, flash]) chownSync(path, USER, USER);
  const env = { ...ENV, ...run.env };
  const words = [
    process.execPath,
    MAIN,
    'run',
    '--verify',
    '--chdir',
    '/',
    '--disk',
    disk,
    '--flash',
    flash,
    ...(run.options ?? []),
    '--',
  ];
  const [file = '', ...args] = run.user ? [...WITH_FUSE, dir, ...AS_USER, ...words] : words;
  const ended = await startProgram(file, [...args, ...run.command], { env: cleared(env), cwd: '/', input: '' }).ended;
  const said = `${ended.stdout}\n${ended.stderr}`;
  assert.equal(ended.status, 0, said);
  assert.match(ended.stderr, /the same on flash alone: exit code 0/);
  const printed = ended.stdout.match(new RegExp(prints, `${prints.flags}g`)) ?? [];
  assert.equal(printed.length, 2, said);
  const witness = accesses(traced(run, disk, env, join(dir, 'trace')), disk, '/');
  const result = compare(disk, flash, witness);
  // Kept where it failed, to be looked at.
  rmSync(dir, { recursive: true });
  return result;
}

/** Only what is given, nothing of this process's environment. */
function cleared(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { ...Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined])), ...env };
}

function traced(run: ExactRun, disk: string, env: NodeJS.ProcessEnv, output: string): ReturnType<typeof readTrace> {
  const command = disk === '/' ? run.command : ['chroot', disk, ...run.command];
  let words = strace(output, command);
  if (run.user) words = [...AS_USER, ...words];
  if (disk !== '/') {
    // As `rootsync run` furnishes a root, in a mount namespace that goes with the command.
    const binds = HOST_TREES.map((name) => `mount --rbind /${name} ${disk}/${name}`).join(' && ');
    words = ['unshare', '--mount', 'sh', '-c', `${binds} && exec "$@"`, 'sh', ...words];
  }
  const [file = '', ...args] = words;
  const ended = spawnSync(file, args, { env, cwd: '/', encoding: 'latin1', timeout: 120_000 });
  assert.equal(ended.status, 0, ended.stderr);
  return readTrace(output);
}

function compare(disk: string, flash: string, { needed, named }: Accesses): ExactResult {
  const found = flashTree(flash);
  const missing = [...needed].filter(([path]) => !EXCLUDED.test(path) && !found.has(path) && path !== '/');
  assert.deepEqual(missing, [], 'used, and not on flash');
  const allowed = new Set([...named, ...[...named].flatMap(companions)]);
  const unused = [...found].filter(([path, type]) => !allowed.has(path) && (type === 'file' || type === 'symlink'));
  assert.deepEqual(unused, [], 'on flash, and never used');
  const wrong = [...found].filter(([path, type]) => type === 'file' && lstatIn(disk, path)?.isFile() === false);
  assert.deepEqual(wrong, [], 'another kind of object than on disk');
  const count = (wanted: string): number => [...found.values()].filter((type) => type === wanted).length;
  return { files: count('file'), symlinks: count('symlink'), directories: count('directory'), needed: needed.size };
}

/** Python cannot use a cached module without its source. */
function companions(path: string): string[] {
  const cached = /^(.*\/)__pycache__\/([^/]+)\.[^./]+(?:\.opt-[^./]+)?\.pyc$/.exec(path);
  const library = /^(.*\/lib(?:64)?\/python[0-9.]+\/)/.exec(path);
  return [...(cached ? [`${cached[1]}${cached[2]}.py`] : []), ...(library ? [`${library[1]}os.py`] : [])];
}
