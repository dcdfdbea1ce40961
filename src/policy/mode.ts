// The modes of a mount (ARCHITECTURE.md says what each does to reads and changes). Names only.

/** What happens to reads of disk-only objects, and where changes go. */
export type Mode = 'capture' | 'hold' | 'upgrade' | 'rehearse';

/** All modes, the default first. */
export const MODES: readonly Mode[] = ['capture', 'hold', 'upgrade', 'rehearse'];

/** Whether text, as typed by a person, names a mode. */
export function isMode(text: string): text is Mode {
  return (MODES as readonly string[]).includes(text);
}
