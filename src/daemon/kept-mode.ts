// The mode that a flash was switched to, kept in `.rootsync/mode` so that it outlives the daemon. What a mount was told by an option is not kept:
// it holds for that mount.

import { asBytes } from '../bytes.ts';
import { ENOENT, ENOSPC, errnoName } from '../errno.ts';
import { isMode, type Mode } from '../policy/mode.ts';
import { fsync, pread, write } from '../sys/io.ts';
import { renameat2, unlinkat } from '../sys/link.ts';
import { close, O_CLOEXEC, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, openat } from '../sys/open.ts';

const MODE = asBytes('mode');
const NEW_MODE = asBytes('mode.new');
const ROOM = 64;

/** The mode that was kept in the directory `home`; null: none was, or (said by `complain`) none that can be used. */
export function readKeptMode(home: number, complain: (why: string) => void): Mode | null {
  const fd = openat(home, MODE, O_RDONLY | O_CLOEXEC);
  if (fd === ENOENT) return null;
  const bytes = Buffer.alloc(ROOM);
  const length = fd < 0 ? fd : pread(fd, bytes, 0, ROOM, 0);
  if (fd >= 0) close(fd);
  if (length < 0) {
    complain(`.rootsync/mode: ${errnoName(length)}`);
    return null;
  }
  const text = bytes.toString('latin1', 0, length).trimEnd();
  if (isMode(text)) return text;
  complain(`.rootsync/mode: ${JSON.stringify(text)}: is no mode`);
  return null;
}

/** Keeps a mode, durably: what is read later is this one or the one before, whole. Errors: what open, write, fsync and rename give. */
export function keepMode(home: number, mode: Mode): number {
  const fd = openat(home, NEW_MODE, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644);
  if (fd < 0) return fd;
  const line = Buffer.from(`${mode}\n`, 'latin1');
  const written = write(fd, line, 0, line.length);
  let err = written < 0 ? written : written < line.length ? ENOSPC : fsync(fd);
  close(fd);
  // A crash before this leaves the mode that was kept before.
  if (err >= 0) err = renameat2(home, NEW_MODE, home, MODE, 0);
  if (err >= 0) err = fsync(home);
  if (err < 0) unlinkat(home, NEW_MODE);
  return err < 0 ? err : 0;
}
