// Fields of /proc/PID/mountinfo (proc_pid_mountinfo(5)) as the bytes that they stand for.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';

/** Blank, tab, newline, backslash and `#` stand there as three octal digits. `field` is latin1. */
export function unescapeField(field: string): ByteString {
  return asBytes(field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))));
}
