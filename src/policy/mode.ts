// The modes of a mount (ARCHITECTURE.md says what each does to reads and changes).

/** What happens to reads of disk-only objects, and where changes go. */
export type Mode = 'capture' | 'hold' | 'upgrade' | 'rehearse';

/** That of a mount that was told of none. */
export const DEFAULT_MODE: Mode = 'capture';

/** All modes. */
export const MODES: readonly Mode[] = ['capture', 'hold', 'upgrade', 'rehearse'];

/** The mode in force. Read at each decision and kept by nobody; the mode switch alone sets it. */
export interface CurrentMode {
  mode: Mode;
}

/** Whether text, as typed by a person, names a mode. */
export function isMode(text: string): text is Mode {
  return (MODES as readonly string[]).includes(text);
}

/** Why a mount cannot be in this mode, for people; undefined: it can. */
export function modeRefusal(mode: Mode): string | undefined {
  if (mode !== 'upgrade') return undefined;
  return 'upgrade mode is not available in this version: use capture, hold or rehearse';
}
