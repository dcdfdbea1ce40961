// Events as lines for people: one line each, whatever bytes a name holds.

import type { Event, LogRecord, LostEvents } from '../capture/event.ts';
import type { Process } from '../capture/requester.ts';
import { showSize } from '../daemon/size.ts';
import { showMoment } from './time-words.ts';

/** `TIME  KIND  PATH (WHAT) by WHO`, newline included. */
export function describeRecord(record: LogRecord): string {
  const start = `${showMoment(record.time)}  ${record.kind.padEnd(8)}  `;
  return `${start}${record.kind === 'lost' ? describeLost(record) : describeEvent(record)}\n`;
}

/** Text that stays on its line and leaves the terminal alone: control characters as `\xNN`. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- what terminals act on
  return text.replace(/[\x00-\x1f\x7f-\x9f]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** `cat[42] /usr/bin/cat`; the program only where the name does not say it. */
export function describeProcess({ pid, comm, exe }: Process): string {
  const name = `${comm === '' ? '?' : comm}[${String(pid)}]`;
  return printable(exe === '' ? name : `${name} ${exe}`);
}

function describeEvent(event: Event): string {
  const { requester, path } = event;
  const details = detailsOf(event).join(', ');
  const who = requester === null ? '' : ` by ${describeProcess(requester)}`;
  if (event.kind === 'disk') return printable(event.reason ?? event.operation);
  if (event.kind === 'mode') return `${describeSwitch(event)} (${printable(details)})${who}`;
  return `${printable(path)}${details === '' ? '' : ` (${printable(details)})`}${who}`;
}

/** A mode is that of the whole mount: there is no path to tell. */
function describeSwitch({ was, mode }: Event): string {
  return was === undefined ? mode : `${was} -> ${mode}`;
}

/** What an event says beside its path and who asked. */
export function detailsOf({ kind, objectKind, bytes, operation, reason, rule }: Event): string[] {
  const details: string[] = [];
  if (operation !== 'none' && kind !== 'whiteout' && kind !== 'miss') details.push(operation);
  if (bytes !== undefined && objectKind === 'file') details.push(showSize(bytes));
  else if (objectKind !== 'file' && kind !== 'mode') details.push(objectKind);
  if (reason !== undefined) details.push(rule === undefined || rule === '' ? reason : `${reason} by ${rule}`);
  return details;
}

function describeLost({ count, from, to, reason }: LostEvents): string {
  const which = count === 1 ? `event ${String(from)}` : `events ${String(from)} to ${String(to)}`;
  return reason === 'torn'
    ? `${which}: the daemon ended while it wrote`
    : `${which}: the log could not be written, and memory for them ran out`;
}
