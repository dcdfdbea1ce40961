// Starts a merged root: opens flash and its log, has the session's thread make it, mounts. With engine-parts, the only place that joins the
// layers. After the mount nothing here touches the merged root.

import { accessSync, constants, openSync } from 'node:fs';
import { fromText } from '../bytes.ts';
import { openEventLog } from '../capture/event-log.ts';
import { EPERM, errnoName } from '../errno.ts';
import { mountFuse, unmountFuse } from '../fuse/mount.ts';
import type { Mounted } from '../fuse/mount.ts';
import { DEFAULT_MODE, modeRefusal, type Mode } from '../policy/mode.ts';
import { AT_FDCWD } from '../sys/at.ts';
import { close, O_DIRECTORY, O_PATH, O_RDONLY, openFollow } from '../sys/open.ts';
import { enterProc } from '../sys/process.ts';
import type { MountConfig } from './config.ts';
import type { Daemon } from './daemon-api.ts';
import { readKeptMode } from './kept-mode.ts';
import { closeLayout, openLayout } from './flash-layout.ts';
import { LiveExcludes } from './live-excludes.ts';
import { LiveDaemon } from './live-daemon.ts';
import { MountWatch } from './mount-watch.ts';
import type { News } from './session-messages.ts';
import { StartError } from './start-error.ts';
import { loadThreads } from './threads.ts';
import type { Threads } from './threads.ts';
import { Undo } from './undo.ts';

/** Starts serving; resolves once the mount answers. Nothing is left behind where it fails, nor are `threads`. */
export async function startDaemon(config: MountConfig, threads: Threads = loadThreads()): Promise<Daemon | StartError> {
  let daemon: Daemon | StartError | undefined;
  try {
    daemon = await start(config, threads);
  } finally {
    if (daemon === undefined || daemon instanceof StartError) await threads.close();
  }
  return daemon;
}

async function start(asked: MountConfig, threads: Threads): Promise<Daemon | StartError> {
  const { link, procFd, counters } = threads;
  const config = { ...asked, diskWritable: asked.diskWritable && mayWrite(asked.disk) };
  using undo = new Undo();
  const flashFd = openDirectory(config.flash, O_RDONLY, undo);
  if (flashFd < 0) return new StartError('path', `${config.flash}: ${errnoName(flashFd)}`);
  const diskFd = openDirectory(config.disk, O_PATH, undo);
  if (diskFd < 0) return new StartError('path', `${config.disk}: ${errnoName(diskFd)}`);
  const layout = openLayout(flashFd, config.flash);
  if (layout instanceof StartError) return layout;
  undo.add(() => {
    closeLayout(layout);
  });
  const excludes = LiveExcludes.open(layout, config.flash, config.exclude);
  if (excludes instanceof StartError) return excludes;
  const keptMode = readKeptMode(layout.home, (why) => {
    process.emitWarning(`${config.flash}/${why}`);
  });
  const mode = firstMode(config, keptMode);
  if (mode instanceof StartError) return mode;
  const log = openEventLog(layout.log);
  if (typeof log === 'number')
    return new StartError('flash-unwritable', `${config.flash}/.rootsync/log: ${errnoName(log)}`);
  undo.add(() => {
    log.close();
  });
  link.on('events', ({ events }) => {
    log.append(events);
  });
  const data = {
    config: { ...config, mode },
    modeKept: config.mode === null,
    layout: { home: layout.home, stage: layout.stage.fd },
    liveExcludes: excludes.live,
  };
  const [prepared, notifier] = await Promise.all([link.prepare(data), threads.notifier]);
  if (prepared.kind !== 'prepared') return cannotStart(prepared);
  if (notifier instanceof StartError) return notifier;
  // The mount table is opened before the mount: its path may lie on it afterwards.
  const mountinfo = openSync('/proc/self/mountinfo', 'r');
  // What a root asks of /proc later, it finds whatever becomes of the mounts of its initramfs.
  const entered = config.systemRoot ? enterProc(procFd) : 0;
  if (entered < 0) return new StartError('failed', `/proc: ${errnoName(entered)}`);
  const mounted = mount(config, undo);
  if (mounted instanceof StartError) return mounted;
  const { mountpoint, fd } = mounted;
  notifier.connect(fd);
  const answer = await link.serve(fd, notifier.handle);
  if (answer.kind !== 'serving') return cannotStart(answer);
  undo.release();
  const watch = new MountWatch(mountinfo, mountpoint, {
    mountedOn: (paths) => link.order({ kind: 'mounted-on', paths }),
    moved: (to) => link.order({ kind: 'moved', mountpoint: to }),
  });
  return new LiveDaemon({
    config,
    fuseFd: fd,
    flashFd,
    diskFd,
    procFd,
    counters,
    layout,
    log,
    link,
    notifier,
    watch,
    excludes,
    keptMode,
  });
}

/** The mode to begin in. What flash remembers must not keep a system from starting: where it cannot be, it is the default. */
function firstMode({ mode, disk, diskWritable, flash }: MountConfig, kept: Mode | null): Mode | StartError {
  const wrong = modeRefusal(mode ?? kept ?? DEFAULT_MODE, diskWritable);
  if (wrong === undefined) return mode ?? kept ?? DEFAULT_MODE;
  if (mode !== null) return new StartError('path', `${disk}: ${wrong}`);
  process.emitWarning(`${flash}/.rootsync/mode: ${wrong}`);
  return DEFAULT_MODE;
}

/** Whether disk's root is writable, as far as its mount and its owner say. */
function mayWrite(disk: string): boolean {
  try {
    accessSync(disk, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function openDirectory(path: string, flags: number, undo: Undo): number {
  const fd = openFollow(AT_FDCWD, fromText(path), flags | O_DIRECTORY);
  if (fd >= 0) undo.add(() => close(fd));
  return fd;
}

function mount(config: MountConfig, undo: Undo): Mounted | StartError {
  const mounted = mountFuse({
    mountpoint: config.mountpoint,
    source: config.source,
    subtype: 'rootsync',
    allowOther: config.allowOther,
    flags: config.mountFlags,
  });
  if ('reason' in mounted) return new StartError(mounted.errno === EPERM ? 'permission' : 'failed', mounted.reason);
  undo.add(() => {
    unmountFuse(mounted.mountpoint, true);
    close(mounted.fd);
  });
  return mounted;
}

function cannotStart(news: Extract<News, { kind: 'failed' | 'ended' }>): StartError {
  if (news.kind === 'failed') return new StartError('failed', news.reason);
  const { ending } = news;
  return new StartError(
    'failed',
    ending.reason === 'refused' ? ending.why : `the session ended before it began: ${ending.reason}`,
  );
}
