// Guards against a log that names the wrong process: a name that breaks the parsing, what a process was before exec, who had its pid
// before, a thread taken for a process; and against descriptors that pile up.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { asBytes } from '../../src/bytes.ts';
import { Requesters } from '../../src/capture/requester.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { O_DIRECTORY, O_RDONLY, close, openat } from '../../src/sys/open.ts';

const SELF = { pid: process.pid, comm: commOf(process.pid), exe: readlinkSync('/proc/self/exe') };

function commOf(pid: number): string {
  return readFileSync(`/proc/${pid}/comm`, 'utf8').slice(0, -1);
}

function openFds(): number {
  return readdirSync('/proc/self/fd').length;
}

/** The next line that a child prints. */
async function line(child: ChildProcess): Promise<string> {
  const { stdout } = child;
  assert(stdout !== null);
  let text = '';
  while (!text.includes('\n')) text += String((await once(stdout, 'data'))[0]);
  return text.trim();
}

describe('capture: requester', () => {
  let procFd: number;
  let requesters: Requesters;
  let dir: string;
  const children: ChildProcess[] = [];

  function start(program: string, args: string[], env: NodeJS.ProcessEnv = process.env): ChildProcess {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], env });
    children.push(child);
    return child;
  }

  beforeEach(() => {
    procFd = openat(AT_FDCWD, asBytes('/proc'), O_RDONLY | O_DIRECTORY);
    requesters = new Requesters(procFd, asBytes('/'));
    dir = mkdtempSync(join(tmpdir(), 'requester.'));
  });

  afterEach(async () => {
    requesters.close();
    close(procFd);
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    rmSync(dir, { recursive: true });
  });

  it('names a process and its parents up to the first', () => {
    const self = requesters.read(process.pid);
    assert(self !== null);
    assert.deepEqual({ pid: self.pid, comm: self.comm, exe: self.exe }, SELF);
    const above: number[] = [];
    for (let pid = process.ppid; pid > 0;) {
      above.push(pid);
      pid = Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
    }
    assert.deepEqual(
      self.parents.map((parent) => parent.pid),
      above,
    );
    assert(self.parents.every((parent) => parent.comm === commOf(parent.pid)));
    assert.deepEqual(requesters.read(process.pid), self, 'asked again');
  });

  it('names the process of a thread', () => {
    const threads = readdirSync('/proc/self/task').map(Number);
    assert(threads.length > 1);
    for (const thread of threads) {
      const found = requesters.read(thread);
      assert.deepEqual([found?.pid, found?.comm, found?.exe], [SELF.pid, SELF.comm, SELF.exe], `thread ${thread}`);
      assert.equal(found?.parents[0]?.pid, process.ppid);
    }
  });

  it('says nothing of pid 0, and no more than the pid of a process that is gone', async () => {
    assert.equal(requesters.read(0), null);
    const child = start('cat', []);
    const { pid } = child;
    assert(pid !== undefined);
    await once(child, 'spawn');
    assert.equal(requesters.read(pid)?.parents[0]?.pid, process.pid);
    child.stdin?.end();
    await once(child, 'exit');
    const fds = openFds();
    assert.deepEqual(requesters.read(pid), { pid, comm: '', exe: '', parents: [] });
    assert.equal(openFds(), fds - 1, 'its descriptor is closed');
  });

  it('takes any name: brackets, blanks, newlines, bytes that are not UTF-8', async () => {
    const program = realpathSync('/bin/cat');
    for (const [name, shown] of [
      ['a) R 1 (b', 'a) R 1 (b'],
      [') ', ') '],
      ['((', '(('],
      ['two\nlines', 'two\nlines'],
      ['é', 'é'],
      ['\xff)', '\\xff)'],
    ] as const) {
      const path = name.includes('\xff') ? Buffer.from(join(dir, name), 'latin1') : join(dir, name);
      symlinkSync(program, path);
      // The shell passes bytes on that Node would write as UTF-8.
      const child = start('sh', ['-c', 'cd "$1"; p=$(printf "$2"); exec "./$p"', 'sh', dir, printfOf(name)]);
      child.stdin?.write('x\n');
      await line(child);
      const found = requesters.read(child.pid ?? 0);
      assert.deepEqual([found?.comm, found?.exe], [shown, program], JSON.stringify(name));
      assert.equal(found?.parents[0]?.pid, process.pid);
    }
  });

  it('follows an exec, of the process itself and of its parent, even to a program of the same name', async () => {
    for (const [place, shell] of [
      ['one', 'bash'],
      ['two', 'dash'],
    ] as const) {
      mkdirSync(join(dir, place));
      copyFileSync(realpathSync(`/bin/${shell}`), join(dir, place, 'prog'));
    }
    const next = `exec '${dir}/two/prog' -c 'echo; read y; :'`;
    const parent = start(join(dir, 'one/prog'), ['-c', `sleep 1000 >/dev/null 2>&1 & echo $!; read x; ${next}`]);
    const child = Number(await line(parent));
    try {
      const programs = (): (string | undefined)[] => [
        requesters.read(child)?.parents[0]?.exe,
        requesters.read(parent.pid ?? 0)?.exe,
      ];
      assert.deepEqual(programs(), [join(dir, 'one/prog'), join(dir, 'one/prog')]);
      parent.stdin?.write('\n');
      await line(parent);
      // For a moment, shorter than any program takes that a parent has started, a parent is what it was.
      await sleep(5);
      assert.deepEqual(programs(), [join(dir, 'two/prog'), join(dir, 'two/prog')]);
      assert.equal(requesters.read(parent.pid ?? 0)?.comm, 'prog');
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });

  it('names short-lived children each by its own, and keeps few descriptors', async function () {
    this.timeout(60_000);
    const fds = openFds();
    for (let i = 0; i < 150; i++) {
      symlinkSync(realpathSync('/bin/cat'), join(dir, `prog${i}`));
      const child = start(join(dir, `prog${i}`), []);
      child.stdin?.write('x\n');
      await line(child);
      const found = requesters.read(child.pid ?? 0);
      assert.deepEqual([found?.pid, found?.comm, found?.parents[0]], [child.pid, `prog${i}`, SELF]);
      child.stdin?.end();
      await once(child, 'close');
    }
    assert(openFds() <= fds + 64, `${openFds() - fds} more descriptors`);
    requesters.close();
    assert.equal(openFds(), fds);
  });

  it('does not take a process for the one that had its pid before', async function () {
    let reused = false;
    for (let attempt = 0; attempt < 30 && !reused; attempt++) {
      const first = start('cat', []);
      const pid = first.pid ?? 0;
      first.stdin?.write('x\n');
      await line(first);
      assert.equal(requesters.read(pid)?.comm, 'cat');
      first.stdin?.end();
      await once(first, 'close');
      try {
        writeFileSync('/proc/sys/kernel/ns_last_pid', String(pid - 1));
      } catch {
        return this.skip();
      }
      const second = start('tee', []);
      second.stdin?.write('x\n');
      await line(second);
      reused = second.pid === pid;
      assert.equal(requesters.read(second.pid ?? 0)?.comm, 'tee');
    }
    if (!reused) this.skip();
  });

  it('stops at 32 parents', async () => {
    const script = join(dir, 'deep.sh');
    writeFileSync(script, 'if [ "$1" -gt 0 ]; then sh "$0" $(($1 - 1)); :; else echo $$; read x; fi\n');
    const top = start('sh', [script, '40']);
    const leaf = Number(await line(top));
    const found = requesters.read(leaf);
    assert.equal(found?.parents.length, 32);
    assert(found.parents.every((parent) => parent.comm === 'sh'));
    top.stdin?.end();
    await once(top, 'close');
  });

  it('names a kernel thread without a program', function () {
    const thread = readdirSync('/proc').find((name) => /^\d+$/.test(name) && isKernelThread(name));
    if (thread === undefined) return this.skip();
    const found = requesters.read(Number(thread));
    assert(found !== null && found.comm !== '');
    assert.equal(found.exe, '');
    assert.deepEqual(found.parents, [{ pid: 2, comm: 'kthreadd', exe: '' }]);
  });

  it('still knows the program when the main thread has ended before the one that asks', async function () {
    if (spawnSync('python3', ['-c', '']).status !== 0) return this.skip();
    const exit = process.arch === 'x64' ? 60 : 93;
    const child = start('python3', [
      '-c',
      'import ctypes, threading, time\n' +
        `def rest():\n while open("/proc/self/stat").read().split(") ")[1][0] != "Z": time.sleep(0.01)\n print(threading.get_native_id(), flush=True); time.sleep(1000)\n` +
        `threading.Thread(target=rest).start()\nctypes.CDLL(None).syscall(${exit}, 0)`,
    ]);
    const thread = Number(await line(child));
    const found = requesters.read(thread);
    assert.equal(found?.pid, child.pid);
    assert.match(found?.exe ?? '', /python3/);
    assert.equal(found?.parents[0]?.pid, process.pid);
  });
});

/** A name as printf(1)'s format; none ends in a newline, which the shell would cut off. */
function printfOf(name: string): string {
  return name.replaceAll('\xff', '\\377');
}

function isKernelThread(pid: string): boolean {
  try {
    return / \(.*\) [A-Z] 2 /s.test(readFileSync(`/proc/${pid}/stat`, 'latin1')) && commOf(2) === 'kthreadd';
  } catch {
    return false;
  }
}
