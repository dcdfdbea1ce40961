// What a check of flash can find: the kinds, what each means for people, and which of them are no fault. Knows nothing of how they are found.

import type { ByteString } from '../bytes.ts';

/** Each kind, with what it says of its path. */
export const KINDS = {
  'stage-leftover': 'was being made when rootsync was stopped; no part of the tree',
  'log-torn': 'its last record is not whole',
  'log-damaged': 'does not hold from here on; what follows is not believed',
  'log-foreign': 'is not a log of marks',
  'wanted-torn': 'is a list whose last path is not whole',
  'mark-without-disk': 'is marked as removed or replaced, but disk has no such name',
  'spent-disagrees': 'disk has not the names of this file that were counted',
  'origin-without-object': 'is marked as where something came to, which flash does not have there',
  'origin-without-place': 'shows the content of a directory that disk does not have',
  'other-type': 'is of another type than on disk, and not marked as replaced',
  behind: 'was changed on disk, and flash has still to follow: the next mount sees to that',
  differs: 'has the modification time that it has on disk, but not the size',
  unreadable: 'cannot be looked at',
} as const;

export type FindingKind = keyof typeof KINDS;

/** What using rootsync, a crash in upgrade mode, or deleting captured files from flash, leaves by itself. */
const NO_FAULT: ReadonlySet<FindingKind> = new Set<FindingKind>(['origin-without-object', 'behind', 'differs']);

export interface Finding {
  readonly kind: FindingKind;
  /** Below flash's root for `stage-leftover`, `log-*`, `wanted-torn`; on disk for `mark-without-disk`, `spent-disagrees`; else in the merged root. */
  readonly path: ByteString;
  detail: string;
  /** Makes the marks in memory do without; null: nothing may be done about it, or it lies outside the marks. */
  drop: (() => void) | null;
  mended: boolean;
}

export function isFault(kind: FindingKind): boolean {
  return !NO_FAULT.has(kind);
}

/** Collects what is found. */
export class Findings {
  readonly all: Finding[] = [];

  add(kind: FindingKind, path: ByteString, detail = '', drop: (() => void) | null = null): void {
    this.all.push({ kind, path, detail, drop, mended: false });
  }
}
