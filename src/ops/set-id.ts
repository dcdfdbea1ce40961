// The bits of a mode that give who runs a file other rights than its own.

export const S_ISUID = 0o4000;
export const S_ISGID = 0o2000;

/** Whether `mode` is something that a write may have to remove. */
export function hasSetId(mode: number): boolean {
  return (mode & (S_ISUID | S_ISGID)) !== 0;
}
