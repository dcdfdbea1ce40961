// Every option of a mount, once: its name, its value and what it does to the draft of a configuration. `--NAME VALUE` and
// `-o NAME=VALUE` both come from this table, so that mount(8) and people speak the same.

import { MODES, isMode, type Mode } from '../policy/mode.ts';
import type { ExcludeOption } from './exclude-rules.ts';
import { parseOptionList } from './option-list.ts';
import { parseSize, parseSizeOrShare, type Share } from './size.ts';
import { didYouMean } from './suggest.ts';

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
  passthrough: boolean;
  onStat: boolean;
  attrTimeout: number;
  allowOther: boolean;
  mountFlags: number;
}

/** A mount without options. */
export function newDraft(): MountDraft {
  return {
    mode: null,
    exclude: [],
    reserve: 0,
    maxFileSize: 0,
    diskWritable: true,
    passthrough: true,
    onStat: true,
    attrTimeout: 86_400,
    allowOther: true,
    mountFlags: 0,
  };
}

export interface MountOption {
  readonly name: string;
  /** What stands for the value in the help; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  /** May be given more than once. */
  readonly many?: true;
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
    name: 'no-passthrough',
    help: 'serve all data through the daemon, even where the kernel could read by itself',
    set: (draft) => void (draft.passthrough = false),
  },
  {
    name: 'no-capture-on-stat',
    help: 'capture a file when it is opened, not already when a program asks for it by name (stat, access)',
    set: (draft) => void (draft.onStat = false),
  },
  {
    name: 'upgrade',
    help: 'as --mode upgrade: changes go to disk, and flash follows',
    set: (draft) => void (draft.mode = 'upgrade'),
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

/** `MS_*` of mount(2) for the options that every filesystem takes. */
const FLAG_OPTIONS = new Map([
  ['ro', 0x1],
  ['nosuid', 0x2],
  ['nodev', 0x4],
  ['noexec', 0x8],
  ['noatime', 0x400],
  ['nodiratime', 0x800],
  ['relatime', 0x20_0000],
  ['strictatime', 0x100_0000],
]);

/** Taking back one of FLAG_OPTIONS. */
const UNFLAG_OPTIONS = new Map([
  ['rw', 0x1],
  ['suid', 0x2],
  ['dev', 0x4],
  ['exec', 0x8],
  ['atime', 0x400],
  ['diratime', 0x800],
]);

/** What fstab and mount(8) pass to every helper and a filesystem has nothing to do with. */
const FOREIGN_OPTION = /^(defaults|auto|noauto|nofail|_netdev|user|nouser|users|owner|group|comment|x-.*|X-.*)$/;

const byName = new Map(MOUNT_OPTIONS.map((option) => [option.name, option]));

/** Applies `--NAME VALUE` (`-o NAME=VALUE`); says what is wrong, or undefined. */
export function applyOption(draft: MountDraft, name: string, value: string | undefined): string | undefined {
  const option = byName.get(name);
  if (!option) return `unknown option ${name}${didYouMean(name, byName.keys())}`;
  if (option.value === undefined && value !== undefined) return `${name} takes no value`;
  if (option.value !== undefined && !value) return `${name} needs a value (${name}=${option.value})`;
  return option.set(draft, value ?? '');
}

/** Applies the value of one `-o`; says what is wrong, or undefined. */
export function applyOptionList(draft: MountDraft, list: string): string | undefined {
  const options = parseOptionList(list);
  if (typeof options === 'string') return options;
  for (const { name, value } of options) {
    if (FOREIGN_OPTION.test(name)) continue;
    const flag = FLAG_OPTIONS.get(name);
    const unflag = UNFLAG_OPTIONS.get(name);
    if (flag !== undefined) draft.mountFlags |= flag;
    else if (unflag !== undefined) draft.mountFlags &= ~unflag;
    else {
      const wrong = applyOption(draft, name, value);
      if (wrong !== undefined) return wrong;
    }
  }
  return undefined;
}
