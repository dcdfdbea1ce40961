// What a mount is made from, checked before anything is touched. Knows directories and options, nothing of how they are served.

import { statfsSync } from 'node:fs';
import type { Rule } from '../policy/exclude-rule.ts';
import type { Mode } from '../policy/mode.ts';
import { checkBranches } from './branch-paths.ts';
import { collectRules } from './exclude-rules.ts';
import type { DiskRemote, MountDraft } from './mount-options.ts';
import { StartError } from './start-error.ts';

/** Longer than a server in reach takes, and hardly noticed when one is not. */
const DISK_PATIENCE_MS = 50;

/** Paths are absolute and hold no symlink. */
export interface MountConfig {
  readonly flash: string;
  readonly disk: string;
  readonly mountpoint: string;
  /** null: the one that flash remembers, else capture. */
  readonly mode: Mode | null;
  /** Rules of options and files in their order, checked; they follow the built-in ones. */
  readonly exclude: readonly Rule[];
  /** Bytes that captures leave free on flash. */
  readonly reserve: number;
  /** Bytes; files above it are not captured. 0: no limit. */
  readonly maxFileSize: number;
  /** Disk may be changed, where it is mounted writable: excluded paths are changed there. */
  readonly diskWritable: boolean;
  /** Disk is on a filesystem that may wait without end, for a server that is gone; `auto`: as the filesystem's type says. */
  readonly diskRemote: DiskRemote;
  /** For how long (ms) the session waits for an answer of such a disk, before it goes on with others. */
  readonly diskPatience: number;
  /** False: all data is served, even where the kernel could read backing files by itself. */
  readonly passthrough: boolean;
  /** A file is captured when it is looked up, not only when it is opened. */
  readonly onStat: boolean;
  /** Seconds that the kernel may keep names and attributes. */
  readonly attrTimeout: number;
  readonly allowOther: boolean;
  /** First column of mount(8) and df(1). */
  readonly source: string;
  /** MS_* of mount(2). */
  readonly mountFlags: number;
  /** What the mount was made with, as `NAME=VALUE` or `NAME`: what a remount cannot change. */
  readonly options: readonly string[];
  /** The mountpoint is to become this machine's `/`. */
  readonly systemRoot: boolean;
}

/** A configuration whose mode is settled. */
export interface LiveConfig extends MountConfig {
  readonly mode: Mode;
}

/** The configuration that a draft means, or the first thing that is wrong with it. Opens and changes nothing. */
export function resolveConfig(draft: MountDraft, mountpoint: string): MountConfig | StartError {
  if (draft.flash === undefined) return new StartError('usage', 'no flash directory: give --flash DIR');
  if (draft.disk === undefined) return new StartError('usage', 'no disk directory: give --disk DIR');
  const paths = checkBranches(draft.flash, draft.disk, mountpoint);
  if (paths instanceof StartError) return paths;
  const exclude = collectRules(draft.exclude);
  if (exclude instanceof StartError) return exclude;
  const reserve = typeof draft.reserve === 'number' ? draft.reserve : shareOf(paths.flash, draft.reserve.percent);
  return {
    ...paths,
    mode: draft.mode,
    exclude,
    reserve,
    maxFileSize: draft.maxFileSize,
    diskWritable: draft.diskWritable,
    diskRemote: draft.diskRemote,
    diskPatience: DISK_PATIENCE_MS,
    passthrough: draft.passthrough,
    onStat: draft.onStat,
    attrTimeout: draft.attrTimeout,
    allowOther: draft.allowOther,
    source: draft.source,
    mountFlags: draft.mountFlags,
    options: draft.given,
    systemRoot: false,
  };
}

function shareOf(dir: string, percent: number): number {
  const { blocks, bsize } = statfsSync(dir);
  return Math.floor((blocks * bsize * percent) / 100);
}
