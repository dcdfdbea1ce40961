// Real filesystems for a suite: small images in a private directory, mounted before its tests and gone after them, also when they fail.

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asRoot } from '../sys/place.ts';

export type ImageType = 'ext4' | 'xfs' | 'btrfs' | 'tmpfs' | 'ramfs';

export interface ImageOptions {
  /** As truncate -s takes it; by default the least that mkfs accepts with some room to spare. */
  size?: string;
  mkfs?: readonly string[];
  /** As mount -o takes them. */
  mount?: string;
  /** The image lies in memory: what syncs often is faster. */
  inMemory?: boolean;
}

export interface Image {
  type: ImageType;
  /** Where it is mounted; '' while it is not. */
  dir: string;
  /** The image; '' when it has none. */
  file: string;
}

const SIZES: Record<ImageType, string> = { ext4: '64M', xfs: '320M', btrfs: '256M', tmpfs: '256M', ramfs: '' };
const QUIET: Record<ImageType, readonly string[]> = {
  ext4: ['-q', '-F', '-b', '4096'],
  xfs: ['-q', '-f'],
  btrfs: ['-q', '-f'],
  tmpfs: [],
  ramfs: [],
};

/** Runs a tool: what it printed, as bytes in latin1. Throws with its complaint when it fails. */
export function tool(command: string, args: readonly string[], cwd?: string): string {
  return execFileSync(command, args, { ...(cwd === undefined ? {} : { cwd }), encoding: 'latin1', maxBuffer: 1 << 28 });
}

function attach(type: ImageType, base: string, options: ImageOptions): Image {
  const dir = join(base, 'mnt');
  mkdirSync(dir);
  const size = options.size ?? SIZES[type];
  const inMemory = type === 'tmpfs' || type === 'ramfs';
  const file = inMemory ? '' : join(base, 'image');
  // Looking at a file must not change it.
  const words = ['noatime', ...(options.mount === undefined ? [] : [options.mount])];
  if (inMemory) {
    if (type === 'tmpfs') words.push(`size=${size}`);
    tool('mount', ['-t', type, '-o', words.join(','), 'none', dir]);
  } else {
    tool('truncate', ['-s', size, file]);
    tool(`mkfs.${type}`, [...QUIET[type], ...(options.mkfs ?? []), file]);
    tool('mount', ['-t', type, '-o', ['loop', ...words].join(','), file, dir]);
  }
  return { type, dir, file };
}

/** Unmounts an image before its suite ends. Its loop device goes with the mount; when something still holds the mount, later. */
export function detach(here: Image): void {
  const { dir } = here;
  here.dir = '';
  try {
    tool('umount', [dir]);
  } catch (busy) {
    tool('umount', ['-l', dir]);
    throw busy;
  }
}

/** Mounts a filesystem for the tests of the suite in which it is called; they are skipped for who may not mount. */
export function image(type: ImageType, options: ImageOptions = {}): Image {
  const here: Image = { type, dir: '', file: '' };
  let base = '';
  before(function () {
    if (!asRoot) this.skip();
    this.timeout(60_000);
    base = mkdtempSync(join(tmpdir(), 'rootsync-copy-'));
    chmodSync(base, 0o755);
    if (options.inMemory === true) tool('mount', ['-t', 'tmpfs', 'none', base]);
    Object.assign(here, attach(type, base, options));
  });
  after(function () {
    this.timeout(60_000);
    try {
      if (here.dir !== '') detach(here);
    } finally {
      if (options.inMemory === true && base !== '') tool('umount', [base]);
      if (base !== '') rmSync(base, { recursive: true, force: true });
    }
  });
  return here;
}
