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

/** Why a mount cannot be in this mode, for people; undefined: it can. `diskWritable`: disk takes changes. */
export function modeRefusal(mode: Mode, diskWritable: boolean): string | undefined {
  if (mode !== 'upgrade' || diskWritable) return undefined;
  return 'upgrade mode changes disk, and disk is not writable: mount it writable, without --no-disk-changes';
}
