// Runs real programs on a tree and says what the tree is afterwards. Every program is a child process with a limit: a mount that hangs ends
// it, not the test. Nothing here touches the mount itself.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import type { ChildProcess, StdioOptions } from 'node:child_process';

/** A program that runs; `ended` resolves to its exit status, with what it printed, and never rejects. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** What it has printed so far. */
  stdout(): string;
}

export interface Ended {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

const LIMIT_MS = 100_000;
const STDIO: StdioOptions = ['ignore', 'pipe', 'pipe'];

export function begin(words: readonly string[], cwd = '/', limitMs = LIMIT_MS): Running {
  const env = { ...process.env, LC_ALL: 'C.UTF-8', TZ: 'UTC', PYTHONHASHSEED: '0', GIT_CONFIG_GLOBAL: '/dev/null' };
  const child = spawn(words[0] ?? '', words.slice(1), { cwd, stdio: STDIO, env, detached: true });
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('latin1').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('latin1').on('data', (text: string) => (stderr += text));
  const ended = new Promise<Ended>((resolve) => {
    const timer = setTimeout(() => {
      stderr += `\nnot within ${limitMs} ms`;
      // The whole group: a shell's children would hold the pipes.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, limitMs);
    child.on('error', (error) => (stderr += error.message));
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status: status ?? signal ?? -1, stdout, stderr });
    });
  });
  return { child, ended, stdout: () => stdout };
}

/** Runs a program that must succeed; what it printed. */
export async function run(words: readonly string[], cwd = '/', limitMs = LIMIT_MS): Promise<string> {
  const { status, stdout, stderr } = await begin(words, cwd, limitMs).ended;
  const shown = words.map((word) => (word.length > 200 ? `${word.slice(0, 200)}...` : word)).join(' ');
  assert.equal(status, 0, `${shown}: ${status}\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
  return stdout;
}

/** A bash script that stops at the first error. */
export function shell(script: string, cwd: string, limitMs = LIMIT_MS): Promise<string> {
  return run(['bash', '-euo', 'pipefail', '-c', script], cwd, limitMs);
}

const TREE = String.raw`
import hashlib, os, stat, sys
root, times, drop = sys.argv[1].encode(), sys.argv[2] == 'times', [p.encode() for p in sys.argv[3:]]
names = {}
def line(path):
    full = root + path
    s = os.lstat(full)
    kind = stat.S_IFMT(s.st_mode)
    what = ''
    if kind == stat.S_IFREG:
        what = '%d %s' % (s.st_size, hashlib.sha1(open(full, 'rb').read()).hexdigest())
        if s.st_nlink > 1:
            what += ' links=%d first=%s' % (s.st_nlink, names.setdefault(s.st_ino, path).decode('latin1'))
    elif kind == stat.S_IFLNK:
        what = os.readlink(full).decode('latin1')
    elif kind in (stat.S_IFCHR, stat.S_IFBLK):
        what = '%x' % s.st_rdev
    attributes = ['%s=%s' % (n, os.getxattr(full, n, follow_symlinks=False).hex()) for n in sorted(os.listxattr(full, follow_symlinks=False))]
    when = ' %d' % s.st_mtime_ns if times and kind != stat.S_IFDIR else ''
    sys.stdout.write('%s %o %d:%d%s %s %s\n' % (path.hex() if b'\n' in path else path.decode('latin1'), s.st_mode, s.st_uid, s.st_gid, when, what, ' '.join(attributes)))
    return kind == stat.S_IFDIR
def walk(path):
    for name in sorted(os.listdir(root + path)):
        below = path + b'/' + name
        if any(below == d or below.startswith(d + b'/') for d in drop): continue
        if line(below): walk(below)
sys.stdout.reconfigure(encoding='latin1')
line(b'')
walk(b'')
`;

export interface TreeOptions {
  /** Compare the files' modification times too: where the program sets them, or nobody changed them. */
  readonly times?: boolean;
  /** Absolute paths within the tree that are left out, with all below. */
  readonly without?: readonly string[];
}

/** Every object below `root`, a line each: type, mode, owner, content, links, extended attributes. */
export async function treeOf(root: string, { times = false, without = [] }: TreeOptions = {}): Promise<string[]> {
  const printed = await run(['python3', '-c', TREE, root, times ? 'times' : '', ...without]);
  return printed.trimEnd().split('\n');
}

/** Fails with the first lines that only one of two trees has. */
export function assertSameTree(actual: readonly string[], expected: readonly string[], what: string): void {
  const wanted = new Set(expected);
  const found = new Set(actual);
  const wrong = [
    ...actual.filter((line) => !wanted.has(line)).map((line) => `+ ${line}`),
    ...expected.filter((line) => !found.has(line)).map((line) => `- ${line}`),
  ];
  assert.equal(wrong.length, 0, `${what}: ${wrong.length} lines differ\n${wrong.slice(0, 20).join('\n')}`);
}
