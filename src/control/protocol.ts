// The control protocol, version 1: what a program may say to a live mount over its control socket, and what it hears.
// One JSON object per line, UTF-8, in both directions. Types only, public, and knowing nothing of how the mount works: fields are
// added, never renamed or given another meaning, within one version.

import type { Rule } from '../policy/exclude-rule.ts';
import type { Requester } from '../capture/requester.ts';
import type { Mode } from '../policy/mode.ts';
import type { ObjectKind } from '../policy/object-kind.ts';

/** The version that a request names in `v`. */
export const PROTOCOL_VERSION = 1;

/** Longest request line in bytes, newline included; a client that sends more is cut off. */
export const MAX_REQUEST_BYTES = 64 * 1024;

/** What each command takes (`args`) and answers (`result`). */
export interface Commands {
  /** What the mount is and does. */
  status: { args: NoFields; result: Status };
  /** Waits until nothing is left to copy, and everything copied is durable. */
  settle: { args: NoFields; result: NoFields };
  /**
   * Switches to a mode, at once for whatever is used from now on, and until it is switched again, unmounts included; without `to` says which
   * one is in force. `unavailable`: this mount cannot be in that mode.
   */
  mode: { args: { readonly to?: Mode }; result: ModeSwitched };
  /**
   * Turns to `rehearse` for as long as this connection lasts: when it ends, however that comes, the mode is again what it was. Nobody else
   * can switch meanwhile, and only one connection at a time can have it: `busy`. With `end` it ends now, and is answered after that.
   */
  rehearse: { args: { readonly end?: boolean }; result: ModeSwitched };
  /**
   * Turns to `upgrade` for as long as this connection lasts, as `rehearse` does. `unavailable`, `failed`, and nothing is turned: disk takes no
   * changes, or is away; flash has no room.
   */
  upgrade: { args: { readonly end?: boolean }; result: ModeSwitched };
  /** What was changed in the merged root since this connection asked to `upgrade`, by whomever. `unavailable`: it has not. */
  changes: { args: NoFields; result: Changes };
  /** What was missed since this connection asked to `rehearse`. `unavailable`: it has not. */
  misses: { args: NoFields; result: Missed };
  /**
   * Turns to `rehearse` and drops all that refers to disk, so that it can be unmounted. Files that are open from it are waited for, for `wait`
   * seconds at most (0 where it is left out), or with `force` cut: who reads them gets EIO. Where some are left, nothing is changed.
   */
  detach: { args: { readonly wait?: number; readonly force?: boolean }; result: Detached };
  /** Takes disk back, from `disk` or from where it was, and turns to the mode before. `bad-args`: it is another disk. */
  attach: { args: { readonly disk?: PathText }; result: ModeSwitched };
  /** Captures objects, whatever mode and rules say, and all that is below them as far as the rules allow. Answered when it is on flash. */
  add: { args: { readonly paths: readonly PathText[] }; result: Added };
  /** Drops flash's copies, so that disk's objects show again; with `force` those that were changed on flash, too. */
  forget: { args: { readonly paths: readonly PathText[]; readonly force?: boolean }; result: Forgotten };
  /** As `settle`, and the event log is durable as well. */
  sync: { args: NoFields; result: Synced };
  /** Settles, then unmounts. `busy` unless `lazy`, which detaches the mount at once and lets what is open end by itself. */
  unmount: { args: { readonly lazy?: boolean }; result: NoFields };
  /** The exclude rules in force, in their order: the last that matches a path decides about it. */
  excludes: { args: NoFields; result: { readonly rules: readonly ExcludeRule[] } };
  /** Adds rules after all others, for this mount and all later ones of its flash. `bad-args`, and nothing changed, where one is bad. */
  'exclude-add': { args: { readonly globs: readonly string[] }; result: ExcludesChanged };
  /** Removes rules that were so added. `bad-args`, and nothing changed, where one is none of them. */
  'exclude-rm': { args: { readonly globs: readonly string[] }; result: ExcludesChanged };
}

export type ExcludeRule = Rule;

export interface ExcludesChanged {
  /** False: something holds locks of the kernel, so that it has not yet dropped all that it has cached and is to ask for again. */
  readonly complete: boolean;
}

export type NoFields = Record<string, never>;
export type CommandName = keyof Commands;

export interface RequestOf<C extends CommandName> {
  readonly v: typeof PROTOCOL_VERSION;
  /** Chosen by the client, given back in the reply. */
  readonly id: number;
  readonly command: C;
  readonly args: Commands[C]['args'];
}

export type Request = { [C in CommandName]: RequestOf<C> }[CommandName];

/**
 * Why a request was refused; the message beside it says to people what, of what, and what they can do.
 * `malformed`: the line is no request. `version`, `unknown-command`: not spoken here. `bad-args`: arguments that cannot be, a bad glob
 * among them. `not-permitted`: this client may not ask. `no-such-path`: the merged root does not have it. `unavailable`: not in this
 * version, or not with this mount. `busy`: something is in use, or too many ask at once. `ended`: the mount is going. `failed`: all else.
 */
export type ErrorCode =
  | 'malformed'
  | 'version'
  | 'unknown-command'
  | 'bad-args'
  | 'not-permitted'
  | 'no-such-path'
  | 'unavailable'
  | 'busy'
  | 'ended'
  | 'failed';

export interface ProtocolError {
  readonly code: ErrorCode;
  readonly message: string;
}

/** `id` is 0 in the reply to a line from which no id could be read, and to a client that is turned away. */
export type Reply<R = unknown> =
  | { readonly id: number; readonly ok: true; readonly result: R }
  | { readonly id: number; readonly ok: false; readonly error: ProtocolError };

export interface ModeSwitched {
  /** In force now. */
  readonly mode: Mode;
  /** In force before; the same where nothing was switched. */
  readonly was: Mode;
  /** Why flash will not remember the mode over a remount, for people; null: it will, or nothing was asked for. */
  readonly notKept: string | null;
  /** False: the kernel had not taken all that it is to ask for again within 5 s, and may show some of it as before for a while. */
  readonly complete: boolean;
}

/** A path of the merged root, absolute: text, or where its bytes are no UTF-8 these in hex. */
export type PathText = string | { readonly bytes: string };

/** A path that was left as it was, and why, for people. What is no UTF-8 stands as `\\xNN`. */
export interface LeftOut {
  readonly path: string;
  readonly reason: string;
}

/** A name that only disk could have answered, while it was hidden; said once, of who asked first. */
export interface Miss {
  /** Absolute in the merged root, for people. */
  readonly path: string;
  /** Hex of the path's exact bytes, where `path` cannot say them. */
  readonly pathBytes?: string;
  readonly objectKind: ObjectKind;
  /** `lookup`, or `mount`: something is mounted there, and so it showed all the same. */
  readonly operation: string;
  /** Null where nobody asked, or the kernel does not say who. */
  readonly requester: Requester | null;
}

export interface Missed {
  readonly misses: readonly Miss[];
  /** Further ones, which are in the event log alone. */
  readonly more: number;
}

/** One path that is not as it was: net, so that a name that came and went is none; a directory that was renamed stands for what is below. */
export interface Change {
  /** Absolute in the merged root, for people. */
  readonly path: string;
  /** Hex of the path's exact bytes, where `path` cannot say them. */
  readonly pathBytes?: string;
  readonly what: 'added' | 'changed' | 'removed';
  /** `both`: on disk, and flash follows. */
  readonly on: 'both' | 'disk' | 'flash';
}

export interface Changes {
  readonly changed: readonly Change[];
  /** Times that something further was changed: more paths than are kept. */
  readonly more: number;
}

export interface Detached {
  readonly detached: boolean;
  /** Files that are open from disk; where it is detached, those that were cut. */
  readonly held: readonly HeldFile[];
}

export interface HeldFile {
  /** In the merged root, for people; `/` for a file that has no name any more. */
  readonly path: string;
  /** The kernel reads it by itself, so that it cannot be cut. */
  readonly passedThrough: boolean;
}

/** Objects are counted; of those left out, the first are named. */
export interface Added {
  readonly added: number;
  /** Was on flash before. */
  readonly present: number;
  /** Lies below what was named, and a rule keeps it from flash. */
  readonly excluded: number;
  readonly failed: number;
  readonly failures: readonly LeftOut[];
}

export interface Forgotten {
  readonly forgotten: number;
  readonly kept: number;
  readonly keptBecause: readonly LeftOut[];
}

export interface Synced {
  /** Captures wait until flash has room. */
  readonly full: boolean;
  /** Events that are not in the log, since it cannot be written. */
  readonly unwritten: number;
}

/** One object, as `rootsync status --json` prints it. Counts are since the mount began, unless said. */
export interface Status {
  readonly pid: number;
  readonly version: string;
  readonly mountpoint: string;
  readonly flash: string;
  readonly disk: string;
  /** Those that the mount was made with, as `NAME=VALUE` or `NAME`; without modes and mount(8)'s own. */
  readonly options: readonly string[];
  /** Disk is away (`detach`): then its count of bytes is 0. */
  readonly detached: boolean;
  /** Where disk may leave questions unanswered, as a network filesystem; null: it is none such. */
  readonly remote: {
    /** Seconds for which it has not answered; null: it answers. */
    readonly silent: number | null;
    /** Requests that wait for it. */
    readonly waiting: number;
  } | null;
  readonly mode: Mode;
  /** Seconds. */
  readonly uptime: number;
  /** Whether the kernel reads backing files by itself (FUSE_PASSTHROUGH was negotiated and is in use). */
  readonly passthrough: boolean;
  readonly counts: {
    /** Nodes that the kernel holds now. */
    readonly nodes: number;
    /** Files that are open now. */
    readonly openFiles: number;
    /** Objects published on flash because they were read. */
    readonly captured: {
      readonly files: number;
      readonly symlinks: number;
      readonly directories: number;
      readonly specials: number;
    };
    readonly copyUps: number;
    /** Captures that did not happen, for whatever reason (flash full, too big ...). */
    readonly skipped: number;
    /** Names of disk that are hidden now. */
    readonly whiteouts: number;
  };
  readonly bytes: {
    /** File content copied to flash by capture. */
    readonly captured: number;
    /** File content copied to flash by copy-up. */
    readonly copiedUp: number;
    /** In use now on the filesystem that flash is on (statfs). */
    readonly flash: number;
    /** In use now on the filesystem that disk is on (statfs). */
    readonly disk: number;
  };
  readonly queue: {
    /** Copies that wait. */
    readonly pending: number;
    /** Copies under way or not yet durable. */
    readonly copying: number;
    /** Objects that `add` and `forget` have still to do, as far as they know. */
    readonly asked: number;
  };
  readonly mirror: {
    /** Paths changed on disk of which flash's copy has still to follow, those that are open for writing included. */
    readonly pending: number;
    /** Of these, those that flash has no room for, or cannot take. */
    readonly failed: number;
    /** Copies that followed since the mount. */
    readonly mirrored: number;
  };
  readonly events: {
    readonly written: number;
    readonly queued: number;
    /** Events that could not be written to the log. */
    readonly lost: number;
    readonly lastSeq: number;
  };
  readonly space: {
    /** Bytes free on flash. */
    readonly free: number;
    /** Bytes to be left free on flash by captures. */
    readonly reserve: number;
    /** Captures are being skipped because flash is full or the reserve is reached. */
    readonly full: boolean;
  };
  /** By operation name (`lookup`, `open` ...), those that were asked for at least once. */
  readonly operations: Readonly<Record<string, OperationStatus>>;
  /** The daemon's, in bytes. */
  readonly memory: { readonly rss: number; readonly heapUsed: number };
}

/** One FUSE operation's count and its latencies in microseconds, from reading the request to writing the reply. */
export interface OperationStatus {
  readonly count: number;
  readonly errors: number;
  readonly p50us: number;
  readonly p99us: number;
  readonly maxus: number;
  readonly totalus: number;
}
