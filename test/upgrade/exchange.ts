// RENAME_EXCHANGE as a shell's word: not every system's programs have a flag for it.

/** Lets two names trade places; fails with the error's number. */
export function exchange(one: string, other: string): string {
  const call = `c.renameat2(-100, b"${one}", -100, b"${other}", 2) and sys.exit(str(ctypes.get_errno()))`;
  return `python3 -c 'import ctypes, sys; c = ctypes.CDLL(None, use_errno=True); ${call}'`;
}

/** Lets these pairs trade places over and over, until it is killed. */
export function exchanging(pairs: readonly (readonly [string, string])[]): string {
  const calls = pairs.map(([one, other]) => `c.renameat2(-100, b"${one}", -100, b"${other}", 2)`);
  return `exec python3 -c 'import ctypes, time; c = ctypes.CDLL(None)
while True: ${calls.join('; ')}; time.sleep(0.002)'`;
}
