// A merged root for tests: private directories, a daemon in a process of its own, every wait with a limit. Whatever happens, nothing stays
// mounted: a connection that hangs is aborted through fusectl. Who uses the mountpoint does so from a child process.

import assert from 'node:assert/strict';
import { fork, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoName } from '../src/errno.ts';
import type { MountConfig } from '../src/daemon/config.ts';
import type { Mode } from '../src/policy/mode.ts';
import type { DaemonNews, DaemonOrder } from './daemon-process.ts';

/** Emulated machines take longer: PATIENCE says how many times. */
const LIMIT_MS = 180_000 * Number(process.env['PATIENCE'] ?? 1);
const DAEMON = new URL('./daemon-process.js', import.meta.url);

/** Skips the tests of a suite where nobody could mount. */
export function needsMount(): void {
  before(function () {
    if (process.getuid?.() !== 0 || !existsSync('/dev/fuse')) this.skip();
  });
}

export interface RootOptions {
  /** Where the private directory is made; on a filesystem that the test is about. */
  readonly base?: string;
  /** Flash and disk, where they are to be on other filesystems than `base`; both must be empty directories or not exist. */
  readonly flash?: string;
  readonly disk?: string;
  readonly config?: Partial<MountConfig>;
  /** Further words for the daemon's node. */
  readonly execArgv?: readonly string[];
}

export class MountedRoot implements AsyncDisposable {
  readonly dir: string;
  readonly flash: string;
  readonly disk: string;
  readonly mountpoint: string;
  /** What the daemon warned of: bugs in operations among them. Empty in a test that passes. */
  readonly warnings: string[] = [];
  readonly #config: Partial<MountConfig>;
  readonly #execArgv: readonly string[];
  #child: ChildProcess | undefined;
  #connection: string | undefined;

  constructor(options: RootOptions = {}) {
    this.dir = mkdtempSync(join(options.base ?? tmpdir(), 'root-'));
    chmodSync(this.dir, 0o755);
    this.flash = options.flash ?? join(this.dir, 'flash');
    this.disk = options.disk ?? join(this.dir, 'disk');
    this.mountpoint = join(this.dir, 'mnt');
    for (const dir of [this.flash, this.disk, this.mountpoint]) mkdirSync(dir, { recursive: true });
    this.#config = options.config ?? {};
    this.#execArgv = options.execArgv ?? [];
  }

  /** The daemon's process. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Mounts; fails with the daemon's reason. */
  async start(): Promise<this> {
    const config: MountConfig = {
      flash: this.flash,
      disk: this.disk,
      mountpoint: this.mountpoint,
      mode: 'capture',
      exclude: [],
      reserve: 0,
      maxFileSize: 0,
      onStat: false,
      diskWritable: true,
      diskRemote: 'auto',
      diskPatience: 50,
      passthrough: true,
      attrTimeout: 86_400,
      allowOther: true,
      source: 'rootsync',
      mountFlags: 0,
      options: [],
      systemRoot: false,
      ...this.#config,
    };
    const child = fork(DAEMON, [JSON.stringify(config)], { execArgv: ['--no-warnings', ...this.#execArgv] });
    this.#child = child;
    child.on('message', (news: DaemonNews) => {
      if (news.kind === 'warning') this.warnings.push(news.what);
    });
    const news = await within('mount', answer(child, 'ready', 'failed'));
    assert.equal(news.kind, 'ready', news.kind === 'failed' ? news.why : '');
    this.#connection = connectionOf(this.mountpoint);
    return this;
  }

  async settle(): Promise<void> {
    await this.#ask('settle');
  }

  /** Switches the mode, as the control socket does. */
  async switchMode(mode: Mode): Promise<void> {
    await this.#ask({ mode });
  }

  status(): Promise<unknown> {
    return this.#ask('status');
  }

  /** Waits until the daemon has gone, whose mount somebody else has unmounted. */
  async gone(): Promise<void> {
    const child = this.#child;
    if (child?.exitCode === null) await within('the daemon to end', once(child, 'exit'));
    this.#child = undefined;
  }

  /** Unmounts and waits until the daemon has gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = once(child, 'exit');
    const result = await this.#ask('unmount');
    assert.equal(result, 0, `umount: ${errnoName(result as number)}`);
    await within('the daemon to end', gone);
    this.#child = undefined;
    assert.ok(!isMounted(this.mountpoint), 'still mounted');
  }

  /** kill -9 of the daemon, then what an administrator would do. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await within('the killed daemon to end', gone);
    this.#child = undefined;
    this.#unmountLazily();
  }

  async restart(how: 'stop' | 'kill'): Promise<void> {
    await (how === 'stop' ? this.stop() : this.kill());
    await this.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    if (child?.exitCode === null && child.signalCode === null) {
      if (this.#connection !== undefined && existsSync(this.#connection)) writeFileSync(this.#connection, '1');
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    }
    this.#unmountLazily();
    // Not rmSync: it stops at names that are not UTF-8.
    spawnSync('rm', ['-rf', '--one-file-system', this.dir]);
    rmSync(this.dir, { recursive: true, force: true });
  }

  #unmountLazily(): void {
    while (isMounted(this.mountpoint)) assert.equal(spawnSync('umount', ['-l', this.mountpoint]).status, 0);
  }

  async #ask(order: DaemonOrder): Promise<unknown> {
    const child = this.#child;
    assert.ok(child, 'no daemon runs');
    const answered = answer(child, 'done');
    child.send(order);
    const news = await within(JSON.stringify(order), answered);
    return news.kind === 'done' ? news.value : undefined;
  }
}

export function isMounted(path: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${path} `);
}

/** Fails when `what` takes too long. */
export async function within<T>(what: string, wanted: Promise<T>, limitMs = LIMIT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`${what}: not within ${limitMs} ms`));
    }, limitMs);
  });
  try {
    return await Promise.race([wanted, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The next message of one of these kinds; fails when the process ends before it. */
function answer(child: ChildProcess, ...kinds: readonly DaemonNews['kind'][]): Promise<DaemonNews> {
  return new Promise((resolve, reject) => {
    const onMessage = (news: DaemonNews): void => {
      if (!kinds.includes(news.kind)) return;
      stop();
      resolve(news);
    };
    const onExit = (status: number | null, signal: string | null): void => {
      stop();
      reject(new Error(`the daemon ended: ${signal ?? String(status)}`));
    };
    const stop = (): void => {
      child.off('message', onMessage);
      child.off('exit', onExit);
    };
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}

// Read from mountinfo: a stat of the mountpoint would wait for a daemon that hangs.
function connectionOf(mountpoint: string): string | undefined {
  for (const line of readFileSync('/proc/self/mountinfo', 'utf8').split('\n')) {
    const fields = line.split(' ');
    if (fields[4] === mountpoint) return `/sys/fs/fuse/connections/${fields[2]?.split(':')[1] ?? ''}/abort`;
  }
  return undefined;
}
