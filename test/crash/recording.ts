// A filesystem on a loop device whose every write and flush is recorded, in the order in which they reached the device. The recorder is a FUSE
// filesystem of our own in a process of its own; whatever happens, nothing of it stays.

import { execFileSync, fork, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { isMounted, within } from '../mounted-root.ts';

const RECORDER = new URL('./recorder-process.js', import.meta.url);

export type Filesystem = 'ext4' | 'xfs' | 'btrfs' | 'f2fs';

interface Kind {
  readonly size: string;
  readonly mkfs: readonly string[];
  readonly mount: readonly string[];
  /** Checks an image that is not mounted, changing nothing; an exit status other than 0 is a fault. */
  readonly check: readonly string[];
}

const KINDS: Record<Filesystem, Kind> = {
  // Commits of its own accord as often as it can: more states in which only a part of what was done is on the device.
  ext4: {
    size: '64M',
    mkfs: ['-q', '-F', '-b', '4096', '-E', 'lazy_itable_init=0,lazy_journal_init=0'],
    mount: ['commit=1'],
    check: ['e2fsck', '-fn'],
  },
  xfs: { size: '320M', mkfs: ['-q', '-f'], mount: ['nouuid'], check: ['xfs_repair', '-n', '-f'] },
  btrfs: { size: '256M', mkfs: ['-q', '-f'], mount: ['commit=1'], check: ['btrfs', 'check', '--readonly', '--force'] },
  f2fs: { size: '128M', mkfs: ['-q', '-f'], mount: [], check: ['fsck.f2fs', '-f', '--dry-run'] },
};

/** What is on it from the start: only ext4 can be made so. */
export interface Content {
  /** A directory. */
  readonly of: string;
  /** As truncate(1) takes it. */
  readonly size: string;
}

export function tool(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** What checking the filesystem of an image that is not mounted complains of; '' for nothing. */
export function complaints(type: Filesystem, image: string): string {
  const [command = '', ...args] = KINDS[type].check;
  const { status, stdout, stderr } = spawnSync(command, [...args, image], { encoding: 'utf8' });
  return status === 0 ? '' : `${command}: ${String(status)}\n${stdout}${stderr}`;
}

/** A directory at which a filesystem is mounted until it is disposed of. */
export class Mount implements Disposable {
  readonly dir: string;

  constructor(type: Filesystem, source: string, dir: string, ...options: string[]) {
    this.dir = dir;
    mkdirSync(dir, { recursive: true });
    tool('mount', '-t', type, '-o', ['noatime', ...KINDS[type].mount, ...options].join(','), source, dir);
  }

  [Symbol.dispose](): void {
    if (!isMounted(this.dir)) return;
    if (spawnSync('umount', [this.dir]).status !== 0) tool('umount', '-l', this.dir);
  }
}

export class Recording implements AsyncDisposable {
  readonly type: Filesystem;
  /** The image before the first record. */
  readonly base: string;
  readonly log: string;
  /** A file to read the number of records from. */
  readonly position: string;
  readonly #dir: string;
  readonly #content: Content | undefined;
  readonly #image: string;
  readonly #server: string;
  #child: ChildProcess | undefined;
  #loop = '';
  #mount: Mount | undefined;

  constructor(type: Filesystem, dir: string, content?: Content) {
    this.type = type;
    this.#dir = dir;
    this.#content = content;
    this.base = join(dir, 'base');
    this.log = join(dir, 'log');
    this.#image = join(dir, 'recorded');
    this.#server = join(dir, 'recorder');
    this.position = join(this.#server, 'position');
  }

  /** Where the filesystem is mounted. */
  get dir(): string {
    return join(this.#dir, 'mounted');
  }

  async start(): Promise<this> {
    const { mkfs } = KINDS[this.type];
    const size = this.#content?.size ?? KINDS[this.type].size;
    const populated = this.#content === undefined ? [] : ['-d', this.#content.of];
    closeSync(openSync(this.base, 'w'));
    tool('truncate', '-s', size, this.base);
    tool(`mkfs.${this.type}`, ...mkfs, ...populated, this.base);
    tool('cp', '--sparse=always', this.base, this.#image);
    mkdirSync(this.#server);
    const env = { ...process.env, RECORDER_IMAGE: this.#image, RECORDER_LOG: this.log };
    const child = fork(RECORDER, [this.#server], { env, execArgv: ['--no-warnings'] });
    this.#child = child;
    const ready = new Promise((resolve, reject) => {
      child.once('message', resolve);
      child.once('exit', () => {
        reject(new Error('the recorder ended'));
      });
    });
    await within('the recorder', ready);
    this.#loop = tool('losetup', '--find', '--show', '--direct-io=on', join(this.#server, 'image')).trim();
    this.#mount = new Mount(this.type, this.#loop, this.dir);
    return this;
  }

  async stop(): Promise<void> {
    this.#mount?.[Symbol.dispose]();
    if (this.#loop !== '') tool('losetup', '-d', this.#loop);
    this.#loop = '';
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    // Its loop device may hold it a moment longer.
    if (isMounted(this.#server)) tool('umount', '-l', this.#server);
    await within('the recorder to end', gone);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const child = this.#child;
    try {
      await this.stop();
    } finally {
      child?.kill('SIGKILL');
      if (isMounted(this.#server)) tool('umount', '-l', this.#server);
    }
  }
}
