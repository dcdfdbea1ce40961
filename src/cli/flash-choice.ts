// Which flash a question is about: that of a live mount, or a directory named with --flash, mounted or not.

import { asBytes, fromText, type ByteString } from '../bytes.ts';
import type { Status } from '../control/protocol.ts';
import type { Rule } from '../policy/exclude-rule.ts';
import { ENOENT, errnoName } from '../errno.ts';
import { AT_FDCWD } from '../sys/at.ts';
import { close, O_DIRECTORY, O_RDONLY, openat, openFollow } from '../sys/open.ts';
import { EXIT } from './exit-codes.ts';
import { asFailure, Failure, findMount, talkTo } from './live-mount.ts';
import { baseWithin } from './merged-path.ts';

export interface FlashWords {
  readonly mount?: string;
  readonly flash?: string;
}

export interface ChosenFlash {
  /** How messages call it. */
  readonly name: string;
  /** Descriptor of flash's directory; the caller's to close. */
  readonly fd: number;
  /** What relative paths of the merged root continue. */
  readonly base: ByteString;
  /** What the mount says; undefined where flash was named. */
  readonly live: { readonly status: Status; readonly rules: readonly Rule[] } | undefined;
}

/** @throws Failure */
export async function chooseFlash({ mount, flash }: FlashWords): Promise<ChosenFlash> {
  if (flash === undefined) return flashOfMount(mount);
  if (mount !== undefined) throw new Failure(EXIT.usage, '--mount and --flash exclude each other');
  const fd = openDirectory(fromText(flash));
  if (fd < 0) throw new Failure(EXIT.path, `flash ${flash}: ${errnoName(fd)}`);
  return { name: flash, fd, base: asBytes(''), live: undefined };
}

async function flashOfMount(wanted: string | undefined): Promise<ChosenFlash> {
  const mount = findMount(wanted);
  const client = await talkTo(mount).catch((error: unknown) => {
    if (!(error instanceof Failure)) throw error;
    throw new Failure(error.exitCode, `${error.message}\n--flash DIR asks a flash without its daemon`);
  });
  try {
    const status = await client.request('status', {});
    const fd = openOf(status.pid, status.flash);
    if (fd < 0) throw new Failure(EXIT.path, `flash ${status.flash}: ${errnoName(fd)}`);
    const { rules } = await client.request('excludes', {});
    return { name: status.flash, fd, base: baseWithin(mount.mountpoint), live: { status, rules } };
  } catch (error) {
    throw asFailure(error, mount);
  } finally {
    client.close();
  }
}

/** A directory of the daemon's, who may see other mounts than we do, or be under another root. */
function openOf(pid: number, path: string): number {
  const fd = openDirectory(asBytes(`/proc/${String(pid)}/root${fromText(path)}`));
  return fd >= 0 ? fd : openDirectory(fromText(path));
}

/** The log's directory of a flash. @throws Failure */
export function openLog({ fd, name }: ChosenFlash): number {
  const log = openBelow(fd, '.rootsync', 'log');
  if (log >= 0) return log;
  const why = log === ENOENT ? 'there is none: no mount has used this flash' : errnoName(log);
  throw new Failure(EXIT.path, `${name}/.rootsync/log: ${why}`);
}

function openBelow(fd: number, ...names: readonly string[]): number {
  let at = fd;
  for (const name of names) {
    const next = openat(at, asBytes(name), O_RDONLY | O_DIRECTORY);
    if (at !== fd) close(at);
    if (next < 0) return next;
    at = next;
  }
  return at;
}

function openDirectory(path: ByteString): number {
  return openFollow(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
}
