// `rootsync umount`: has the daemon flush and unmount, and waits for its end. Where no daemon answers, the mount is taken away directly.

import { readFileSync } from 'node:fs';
import { display } from '../bytes.ts';
import { EBUSY, EPERM, errnoName } from '../errno.ts';
import { ClientError, connectToMount, type ControlClient } from '../control/client.ts';
import type { MountEntry } from '../control/mounts.ts';
import { MNT_DETACH, umount2 } from '../sys/mount.ts';
import { EXIT } from './exit-codes.ts';
import { Failure, asFailure, findMount } from './live-mount.ts';
import { mountUsers } from './mount-users.ts';
import { showProgress } from './progress.ts';
import { say } from './say.ts';

export interface UmountOptions {
  readonly mount?: string;
  readonly lazy?: true;
}

export async function umount(mountpoint: string | undefined, options: UmountOptions): Promise<number> {
  const mount = findMount(mountpoint ?? options.mount);
  const lazy = options.lazy ?? false;
  let client: ControlClient;
  try {
    client = await connectToMount(mount);
  } catch (error) {
    umountDirectly(mount, lazy, (error as Error).message);
    return EXIT.ok;
  }
  try {
    const { pid } = await client.request('status', {});
    const left = async (): Promise<number> => {
      const { queue } = await watcher.request('status', {});
      return queue.pending + queue.copying;
    };
    // A second connection, since one connection's requests are answered in turn.
    const watcher = await connectToMount(mount);
    await showProgress('copying', left, client.request('unmount', { lazy })).finally(() => watcher.close());
    if (!lazy) await Promise.all([client.ended, processEnd(pid)]);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof ClientError && error.code === 'busy') throw busy(mount);
    throw asFailure(error, mount);
  } finally {
    client.close();
  }
}

/** @throws Failure */
function umountDirectly(mount: MountEntry, lazy: boolean, why: string): void {
  const result = umount2(mount.mountpoint, lazy ? MNT_DETACH : 0);
  if (result === EBUSY) throw busy(mount);
  if (result === EPERM) {
    throw new Failure(
      EXIT.unreachable,
      `the daemon of ${display(mount.mountpoint)} does not answer (${why}); root can unmount it`,
    );
  }
  if (result < 0) throw new Failure(EXIT.failed, `umount ${display(mount.mountpoint)}: ${errnoName(result)}`);
  say(`the daemon did not answer (${why}): unmounted without it`);
}

const MOST_SHOWN = 10;

function busy(mount: MountEntry): Failure {
  const users = mountUsers(mount);
  const shown = users.slice(0, MOST_SHOWN).map(({ pid, comm, what }) => `\n  ${comm} (pid ${pid}): ${what}`);
  if (users.length > MOST_SHOWN) shown.push(`\n  and ${users.length - MOST_SHOWN} more`);
  const by = users.length === 0 ? '' : ' by';
  return new Failure(
    EXIT.busy,
    `${display(mount.mountpoint)} is in use${by}${shown.join('')}\nuse --lazy to detach it anyway`,
  );
}

/** Resolves when a process, not a child of ours, has ended; it may stay a zombie where nobody reaps it. */
async function processEnd(pid: number): Promise<void> {
  const LOOK_MS = 10;
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
