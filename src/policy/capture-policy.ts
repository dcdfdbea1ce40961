// Whether a read of a disk-only object copies it to flash, and if not, why. Pure: facts in, decision with its reason out.

import type { Decision } from './excludes.ts';
import type { Mode } from './mode.ts';
import type { ObjectKind } from './object-kind.ts';

/** Why a read captured nothing, as the event log and `why` name it. */
export type SkipReason = 'mode' | 'excluded' | 'too-big' | 'reserve' | 'flash-full';

export interface CaptureFacts {
  readonly mode: Mode;
  readonly kind: ObjectKind;
  readonly exclude: Decision;
  /** Bytes that a reader can see; 0 for what is not a regular file. */
  readonly size: number;
  /** Bytes of content that the copy would write (holes left out); 0 for what is not a regular file. */
  readonly allocated: number;
}

/** Flash's state and the limits set on it. */
export interface CaptureLimits {
  /** A bigger file is not captured; bytes, 0 for no limit. */
  readonly maxFileSize: number;
  /** Bytes that captures leave free on flash. */
  readonly reserve: number;
  /** Bytes that are free on flash, less what is queued to be copied; Infinity where it is not known. */
  readonly free: number;
  /** A copy failed with ENOSPC (blocks or inodes), and no room has been made since. */
  readonly full: boolean;
}

export type CaptureDecision = { readonly capture: true } | { readonly capture: false; readonly reason: SkipReason };

/** What an entry and its inode may take on flash; filesystems differ, none that we know takes more for a small object. */
const ENTRY_BYTES = 4096;

const CAPTURE: CaptureDecision = { capture: true };
const SKIP: Readonly<Record<SkipReason, CaptureDecision>> = {
  mode: { capture: false, reason: 'mode' },
  excluded: { capture: false, reason: 'excluded' },
  'too-big': { capture: false, reason: 'too-big' },
  reserve: { capture: false, reason: 'reserve' },
  'flash-full': { capture: false, reason: 'flash-full' },
};

/**
 * Decides one read. Reasons that last come first, so that `why` names the one that the user would have to change: a file that is both
 * excluded and too big for flash is excluded.
 */
export function decideCapture(facts: CaptureFacts, limits: CaptureLimits): CaptureDecision {
  if (facts.mode !== 'capture') return SKIP.mode;
  if (facts.exclude.excluded && !(facts.kind === 'directory' && facts.exclude.directoryMade)) return SKIP.excluded;
  if (limits.maxFileSize > 0 && facts.size > limits.maxFileSize) return SKIP['too-big'];
  const left = limits.free - facts.allocated - ENTRY_BYTES;
  if (limits.full || left < 0) return SKIP['flash-full'];
  return left < limits.reserve ? SKIP.reserve : CAPTURE;
}
