// The events of the log: public JSON, one line each. Types, and the names of the kinds.

import type { Mode } from '../policy/mode.ts';
import type { ObjectKind } from '../policy/object-kind.ts';
import type { Requester } from './requester.ts';

/** What can be told. In the log, `lost` stands beside these (LostEvents). */
export const EVENT_KINDS = [
  'capture',
  'copy-up',
  'mirror',
  'whiteout',
  'forget',
  'skip',
  'spill',
  'miss',
  'mode',
  'disk',
  'degraded',
  'error',
] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

/** An event on its way to the log, which numbers it. */
export interface EventDraft {
  /** ISO 8601, UTC, milliseconds. */
  readonly time: string;
  readonly kind: EventKind;
  /** Absolute in the merged root, for people. */
  readonly path: string;
  /** Hex of the path's exact bytes, where `path` cannot say them. */
  readonly pathBytes?: string;
  readonly objectKind: ObjectKind;
  readonly bytes?: number;
  readonly operation: string;
  /** In force when it was decided; of a `mode` event, the new one. */
  readonly mode: Mode;
  /** Of a `mode` event: the mode before. */
  readonly was?: Mode;
  readonly reason?: string;
  readonly rule?: string;
  /** Path of what this came along with: a directory above it, another name of it, what it is needed beside. As `path`. */
  readonly alongWith?: string;
  /** As `pathBytes`. */
  readonly alongWithBytes?: string;
  readonly requester: Requester | null;
}

/** An event as the log has it. */
export interface Event extends EventDraft {
  /** Version of the record's form. */
  readonly v: 1;
  /** Counts from 1 over all mounts of a flash, without gaps. */
  readonly seq: number;
}

/** Stands in the log for events that could not be written: those numbered `from` to `to`, both included. */
export interface LostEvents {
  readonly v: 1;
  /** As `to`. */
  readonly seq: number;
  readonly time: string;
  readonly kind: 'lost';
  readonly count: number;
  readonly from: number;
  readonly to: number;
  /** `torn`: the daemon ended while it wrote the line before. `queue-full`: the log could not be written for long. */
  readonly reason: 'torn' | 'queue-full';
}

/** A line of the log. */
export type LogRecord = Event | LostEvents;
