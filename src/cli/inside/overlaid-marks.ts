// Marks say which object of disk they are about by its inode number, and an overlay over disk shows others, where what is written to it lies on another filesystem: the
// upper bits say which layer an object comes from. Without this, a dry run would take names of one file for files of their own.

import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fromText } from '../../bytes.ts';
import { ENOENT } from '../../errno.ts';
import { AT_FDCWD } from '../../sys/at.ts';
import { close, O_CLOEXEC, O_DIRECTORY, O_RDONLY, openat } from '../../sys/open.ts';
import { inoKey } from '../../tree/ino.ts';
import { compact, MARKS } from '../../tree/mark-log.ts';
import { readLog } from '../../tree/mark-reader.ts';
import type { MarkRecord } from '../../tree/mark-record.ts';
import { Marks } from '../../tree/marks.ts';

/** Numbers from this one on are not those of disk's own device: they do not change. */
const OTHERS_HI = 1 << 22;

/**
 * Gives the marks in `home`, an overlay's `.rootsync`, the numbers that `overlay` shows of what `disk`, below it, has. False: it shows no numbers that
 * could be told from disk's, and there are marks that have some. Errors: what reading and writing the marks gives.
 */
export function renumberMarks(home: string, disk: string, overlay: string): boolean | number {
  const dirFd = openat(AT_FDCWD, fromText(home), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (dirFd < 0) return dirFd === ENOENT ? true : dirFd;
  const marks = new Marks(inoKey);
  const fd = openat(dirFd, MARKS, O_RDONLY | O_CLOEXEC);
  const read = fd < 0 ? fd : readLog(fd, marks);
  if (fd >= 0) close(fd);
  const done = typeof read === 'number' ? read === ENOENT || read : renumber(dirFd, marks, disk, overlay);
  close(dirFd);
  return done;
}

function renumber(dirFd: number, marks: Marks, disk: string, overlay: string): boolean | number {
  const records = [...marks.records()];
  if (!records.some(({ kind }) => kind === 'spent' || kind === 'origin')) return true;
  const bits = bitsOf(disk, overlay);
  if (bits === undefined) return false;
  if (bits === 0n) return true;
  const [lo, hi] = [Number(BigInt.asIntN(32, bits)), Number(BigInt.asIntN(32, bits >> 32n))];
  const shown = <N extends { readonly inoLo: number; readonly inoHi: number }>(it: N): N =>
    it.inoHi >>> 0 >= OTHERS_HI ? it : { ...it, inoLo: it.inoLo ^ lo, inoHi: it.inoHi ^ hi };
  const renumbered = new Marks(inoKey);
  for (const record of records) renumbered.apply(withNumbers(record, shown), 0);
  const err = compact(dirFd, renumbered);
  return err < 0 ? err : true;
}

function withNumbers(
  record: MarkRecord,
  shown: <N extends { readonly inoLo: number; readonly inoHi: number }>(it: N) => N,
): MarkRecord {
  if (record.kind === 'spent') return shown(record);
  return record.kind === 'origin' ? { ...record, origin: shown(record.origin) } : record;
}

/** In what the overlay's numbers differ from disk's; undefined: not in the same bits for all. */
function bitsOf(disk: string, overlay: string): bigint | undefined {
  const root = lstatSync(overlay, { bigint: true });
  const found = new Set<bigint>();
  for (const name of readdirSync(disk, 'latin1')) {
    const [at, shown] = [disk, overlay].map((dir) =>
      lstatSync(Buffer.from(join(dir, name), 'latin1'), { bigint: true }),
    );
    if (at === undefined || shown?.dev !== root.dev) return undefined;
    found.add(at.ino ^ shown.ino);
  }
  const [bits] = found;
  return found.size === 1 ? bits : undefined;
}
