// Every option of a mount, once: its name, its value and what it does to the draft of a configuration. `--NAME VALUE` and
// `-o NAME=VALUE` both come from this table, so that mount(8) and people speak the same.

import { MODES, isMode, type Mode } from '../policy/mode.ts';
import type { ExcludeOption } from './exclude-rules.ts';
import { applyFlag, isForeign } from './mount-flags.ts';
import { parseOptionList } from './option-list.ts';
import { parseSize, parseSizeOrShare, type Share } from './size.ts';
import { didYouMean } from './suggest.ts';

const DISK_REMOTE = ['auto', 'yes', 'no'] as const;
export type DiskRemote = (typeof DISK_REMOTE)[number];

/** A configuration as far as options say it; paths as they were written. Later options win, lists grow. */
export interface MountDraft {
  flash?: string;
  disk?: string;
  /** null: none was named. */
  mode: Mode | null;
  exclude: ExcludeOption[];
  reserve: number | Share;
  maxFileSize: number;
  diskWritable: boolean;
  diskRemote: DiskRemote;
  passthrough: boolean;
  onStat: boolean;
  attrTimeout: number;
  allowOther: boolean;
  source: string;
  /** MS_* of mount(2). */
  mountFlags: number;
  /** `-o remount`: it is about a live mount. */
  remount: boolean;
  /** `NAME=VALUE` or `NAME` of all options that stay with a mount, in their order. */
  given: string[];
}

/** A mount without options. */
export function newDraft(): MountDraft {
  return {
    mode: null,
    exclude: [],
    reserve: 0,
    maxFileSize: 0,
    diskWritable: true,
    diskRemote: 'auto',
    passthrough: true,
    onStat: true,
    attrTimeout: 86_400,
    allowOther: true,
    source: 'rootsync',
    mountFlags: 0,
    remount: false,
    given: [],
  };
}

export interface MountOption {
  readonly name: string;
  /** What stands for the value in the help; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  /** May be given more than once. */
  readonly many?: true;
  /** A remount can change it, or has no use for it; all others it must find as they were when the mount was made. */
  readonly live?: true;
  /** Changes the draft, or says what is wrong with the value. */
  readonly set: (draft: MountDraft, value: string) => string | undefined;
}

export const MOUNT_OPTIONS: readonly MountOption[] = [
  {
    name: 'flash',
    value: 'DIR',
    help: 'the directory that captured and changed files go to',
    set: (draft, value) => void (draft.flash = value),
  },
  {
    name: 'disk',
    value: 'DIR',
    help: 'the directory below it; only what is excluded is changed there',
    set: (draft, value) => void (draft.disk = value),
  },
  {
    name: 'mode',
    value: 'MODE',
    help: 'capture, hold, upgrade or rehearse, for this mount (default: the one last switched to, at first capture)',
    live: true,
    set: setMode,
  },
  {
    name: 'exclude',
    value: 'GLOB',
    help: 'never capture what matches; the last match wins, !GLOB takes it back',
    many: true,
    set: (draft, value) => void draft.exclude.push({ glob: value }),
  },
  {
    name: 'exclude-from',
    value: 'FILE',
    help: 'globs from a file, one per line, # begins a comment',
    many: true,
    set: (draft, value) => void draft.exclude.push({ file: value }),
  },
  {
    name: 'reserve',
    value: 'SIZE',
    help: 'room that captures leave free on flash (10M, 1G, 5%)',
    set(draft, value) {
      const size = parseSizeOrShare(value);
      if (size === undefined) return `${value} is no size: use bytes, 10M, 1G or 5%`;
      draft.reserve = size;
      return undefined;
    },
  },
  {
    name: 'max-file-size',
    value: 'SIZE',
    help: 'files bigger than this are not captured (10M, 1G; 0: no limit)',
    set(draft, value) {
      const size = parseSize(value);
      if (size === undefined) return `${value} is no size: use bytes, 10M or 1G`;
      draft.maxFileSize = size;
      return undefined;
    },
  },
  {
    name: 'attr-timeout',
    value: 'SECONDS',
    help: 'how long the kernel may keep names and attributes (default 86400)',
    set(draft, value) {
      if (!/^\d+(\.\d+)?$/.test(value) || Number(value) > 2 ** 31) return `${value} is no time: use seconds`;
      draft.attrTimeout = Number(value);
      return undefined;
    },
  },
  {
    name: 'no-disk-changes',
    help: 'never change disk: what is excluded is changed on flash as well',
    set: (draft) => void (draft.diskWritable = false),
  },
  {
    name: 'disk-remote',
    value: 'auto|yes|no',
    help: 'whether disk may leave questions unanswered, as a server that is gone does: then others do not wait along (auto: as its filesystem says)',
    set(draft, value) {
      const known = DISK_REMOTE.find((one) => one === value);
      if (known === undefined) return `${value} says nothing: use ${DISK_REMOTE.join(', ')}`;
      draft.diskRemote = known;
      return undefined;
    },
  },
  {
    name: 'no-passthrough',
    help: 'serve all data through the daemon, even where the kernel could read by itself',
    set: (draft) => void (draft.passthrough = false),
  },
  {
    name: 'no-capture-on-stat',
    help: 'capture a file when it is opened, not already when a program asks for it by name (stat, access)',
    set: (draft) => void (draft.onStat = false),
  },
  ...MODES.map((mode): MountOption => ({
    name: mode,
    help: `as --mode ${mode}`,
    live: true,
    set: (draft) => void (draft.mode = mode),
  })),
  {
    name: 'fsname',
    value: 'NAME',
    help: 'the source that /proc/mounts, mount(8) and df(1) show (default rootsync)',
    live: true,
    set: (draft, value) => void (draft.source = value),
  },
  {
    name: 'no-allow-other',
    help: 'only the user who mounts may use the mount',
    set: (draft) => void (draft.allowOther = false),
  },
];

function setMode(draft: MountDraft, value: string): string | undefined {
  if (!isMode(value)) return `unknown mode ${value}${didYouMean(value, MODES)}; modes: ${MODES.join(', ')}`;
  draft.mode = value;
  return undefined;
}

const byName = new Map(MOUNT_OPTIONS.map((option) => [option.name, option]));

/** Applies `--NAME VALUE` (`-o NAME=VALUE`); says what is wrong, or undefined. */
export function applyOption(draft: MountDraft, name: string, value: string | undefined): string | undefined {
  const option = byName.get(name);
  if (!option) return `unknown option ${name}${didYouMean(name, byName.keys())}`;
  if (option.value === undefined && value !== undefined) return `${name} takes no value`;
  if (option.value !== undefined && !value) return `${name} needs a value (${name}=${option.value})`;
  const wrong = option.set(draft, value ?? '');
  if (wrong === undefined && option.live === undefined)
    draft.given.push(value === undefined ? name : `${name}=${value}`);
  return wrong;
}

/**
 * Applies the value of one `-o`; says what is wrong, or undefined. `sloppy` in it: names that nobody knows are passed over, as mount(8)'s -s
 * wants it. `remount`: it is about a live mount.
 */
export function applyOptionList(draft: MountDraft, list: string): string | undefined {
  const options = parseOptionList(list);
  if (typeof options === 'string') return options;
  const has = (word: string): boolean => options.some(({ name }) => name === word);
  const sloppy = has('sloppy');
  draft.remount ||= has('remount');
  for (const { name, value } of options) {
    if (name === 'sloppy' || name === 'remount' || isForeign(name, draft.remount)) continue;
    const flags = applyFlag(draft.mountFlags, name);
    if (flags !== undefined) draft.mountFlags = flags;
    else if (byName.has(name) || !sloppy) {
      const wrong = applyOption(draft, name, value);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}
