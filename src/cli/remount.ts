// `mount -o remount,...` of a live mount: its mode over the control socket, the kernel's flags by mount(2). What a mount was made with stays;
// mount(8) passes that along from fstab, so it may be said again, but not otherwise.

import { realpathSync } from 'node:fs';
import { display, fromText, type ByteString } from '../bytes.ts';
import type { ControlClient } from '../control/client.ts';
import type { MountEntry } from '../control/mounts.ts';
import type { Status } from '../control/protocol.ts';
import type { MountDraft } from '../daemon/mount-options.ts';
import { EBUSY, EPERM, errnoName } from '../errno.ts';
import type { Mode } from '../policy/mode.ts';
import { MS_REMOUNT, mount } from '../sys/mount.ts';
import { EXIT } from './exit-codes.ts';
import { Failure, asFailure, findMountAt, talkTo } from './live-mount.ts';

/** @throws Failure, and then nothing has changed. */
export async function remount(draft: MountDraft, mountpoint: string): Promise<number> {
  const live = findMountAt(mountpoint);
  // The daemon is not asked for what the kernel alone does.
  if (draft.mode === null && draft.given.length === 0) {
    setFlags(live, draft.mountFlags);
    return EXIT.ok;
  }
  const client = await talkTo(live);
  try {
    checkUnchanged(live, draft.given, await client.request('status', {}));
    const was = draft.mode === null ? null : await switchMode(client, draft.mode);
    try {
      setFlags(live, draft.mountFlags);
    } catch (error) {
      if (was !== null) await switchMode(client, was);
      throw error;
    }
  } catch (error) {
    throw asFailure(error, live);
  } finally {
    client.close();
  }
  return EXIT.ok;
}

/** The mode before. @throws ClientError */
async function switchMode(client: ControlClient, to: Mode): Promise<Mode> {
  return (await client.request('mode', { to })).was;
}

/** @throws Failure */
function checkUnchanged({ mountpoint }: MountEntry, given: readonly string[], status: Status): void {
  for (const option of given) {
    const [, name = option, value = ''] = /^([^=]*)=(.*)$/s.exec(option) ?? [];
    const same =
      name === 'flash' || name === 'disk' ? realPath(value) === status[name] : status.options.includes(option);
    if (same) continue;
    const has =
      name === 'flash' || name === 'disk'
        ? `${name}=${status[name]}`
        : status.options.filter((one) => one === name || one.startsWith(`${name}=`)).join(',') || `no ${name}`;
    const instead = name.startsWith('exclude') ? 'rootsync exclude add changes the rules of a live mount' : AGAIN;
    throw new Failure(
      EXIT.usage,
      `${display(mountpoint)}: remount: ${option} cannot be changed (the mount has ${has}): ${instead}`,
    );
  }
}

const AGAIN = 'unmount it and mount it again';

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** @throws Failure */
function setFlags({ mountpoint }: MountEntry, flags: number): void {
  const done = mount(fromText('none'), mountpoint, '' as ByteString, MS_REMOUNT | flags, '' as ByteString);
  if (done >= 0) return;
  const where = display(mountpoint);
  if (done === EBUSY) {
    throw new Failure(
      EXIT.busy,
      `${where}: remount: a file is open for writing: fuser -vm ${where} shows who has what`,
    );
  }
  if (done === EPERM) throw new Failure(EXIT.permission, `${where}: remount: only root may do that`);
  throw new Failure(EXIT.failed, `${where}: remount: ${errnoName(done)}`);
}
