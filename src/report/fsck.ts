// Checks a flash that is not mounted: its marks against both trees, its log, its stage; and mends what can be mended without touching either
// tree: the stage is swept, a torn log cut, marks that mean nothing are left out of a new log. All else is for people to decide.

import type { Branch } from '../branch/branch.ts';
import { asBytes, display, join } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { EIO, ENOENT, errnoName } from '../errno.ts';
import { Stage } from '../copy/stage.ts';
import { ftruncate } from '../sys/attr.ts';
import { fsync } from '../sys/io.ts';
import { unlinkat } from '../sys/link.ts';
import { close, O_DIRECTORY, O_RDONLY, O_RDWR, openat } from '../sys/open.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import { identityOf } from '../tree/flash-identity.ts';
import { inoKey } from '../tree/ino.ts';
import { compact, MARKS, NEW_MARKS } from '../tree/mark-log.ts';
import { readLog } from '../tree/mark-reader.ts';
import type { LogRead } from '../tree/mark-reader.ts';
import { Marks } from '../tree/marks.ts';
import { RESERVED } from '../tree/tree.ts';
import { cutWanted, NEW_WANTED, readWanted, WANTED } from '../upgrade/wanted.ts';
import { checkFlash } from './check-flash.ts';
import { checkMarks } from './check-marks.ts';
import { Findings, isFault, KINDS } from './finding.ts';
import type { Finding, FindingKind } from './finding.ts';
import { namesOf } from './listing.ts';

/** Marks of names that disk lacks: more than these, and more than half of all, are not dropped. It is another disk, rather. */
const MANY = 16;
const STAGE = asBytes('stage');
/** What takes another's place once it is whole. */
const HALF_MADE = [NEW_MARKS, NEW_WANTED];

export interface FsckOptions {
  readonly flash: Branch;
  readonly disk: Branch;
  /** `.rootsync`, locked; null: flash has none. */
  readonly home: number | null;
  readonly repair: boolean;
}

export interface FsckFinding {
  readonly kind: FindingKind;
  /** Absolute in the tree that it is about, as text; what is no UTF-8 as `\xNN`. */
  readonly path: string;
  readonly meaning: string;
  readonly detail: string;
  /** False: what using rootsync leaves by itself, harmless. */
  readonly fault: boolean;
  readonly mended: boolean;
}

/** The public JSON type of `rootsync fsck --json`. */
export interface FsckReport {
  /** Objects of flash that were looked at. */
  readonly objects: number;
  readonly marks: number;
  readonly faults: number;
  /** Of the faults. */
  readonly mended: number;
  /** Why mending failed; empty: it did not. */
  readonly failure: string;
  readonly findings: readonly FsckFinding[];
}

export function fsck({ flash, disk, home, repair }: FsckOptions): FsckReport {
  const findings = new Findings();
  const marks = new Marks(inoKey);
  const log = home === null ? null : checkLog(home, marks, findings);
  if (home !== null) {
    checkStage(home, findings);
    checkWanted(home, findings);
    marks.apply({ kind: 'home', path: identityOf(home) }, 0);
  }
  const count = marks.count() - (home === null ? 0 : 1);
  const readable = home === null || log !== null;
  for (const [path, { from }] of marks.dirty)
    findings.add('behind', path, from === null ? '' : `renamed from /${display(from)}`);
  const hidden = readable ? checkMarks(marks, disk, findings) : 0;
  // Without the marks nothing can be said of how flash and disk belong together.
  const objects = readable ? checkFlash({ flash, disk, marks, findings }) : 0;
  keepWhereDoubtful(findings, hidden);
  const failure = repair && home !== null ? mend(home, marks, log, findings) : 0;
  const shown = findings.all.map(show);
  return {
    objects,
    marks: count,
    faults: shown.filter(({ fault }) => fault).length,
    mended: shown.filter(({ fault, mended }) => fault && mended).length,
    failure: failure < 0 ? errnoName(failure) : '',
    findings: shown,
  };
}

function inHome(name: ByteString): ByteString {
  return join(RESERVED, name);
}

/** null: there is a log, but not one that could be read. */
function checkLog(home: number, marks: Marks, findings: Findings): LogRead | null {
  const fd = openat(home, MARKS, O_RDONLY);
  if (fd === ENOENT) return { size: 0, records: 0, torn: 0, damaged: false };
  const read = fd < 0 ? fd : readLog(fd, marks);
  if (fd >= 0) close(fd);
  if (typeof read === 'number') {
    findings.add(read === EIO ? 'log-foreign' : 'unreadable', inHome(MARKS), read === EIO ? '' : errnoName(read));
    return null;
  }
  if (read.torn > 0) {
    const where = `at byte ${String(read.size)}, after ${String(read.records)} records; ${String(read.torn)} bytes follow`;
    findings.add(read.damaged ? 'log-damaged' : 'log-torn', inHome(MARKS), where);
  }
  return read;
}

function checkStage(home: number, findings: Findings): void {
  for (const name of HALF_MADE) if (statxAt(home, name, newStat()) >= 0) findings.add('stage-leftover', inHome(name));
  const fd = openat(home, STAGE, O_RDONLY | O_DIRECTORY);
  if (fd === ENOENT) return;
  const names = fd < 0 ? fd : namesOf(fd);
  if (fd >= 0) close(fd);
  if (typeof names === 'number') findings.add('unreadable', inHome(STAGE), errnoName(names));
  else for (const name of names) findings.add('stage-leftover', join(inHome(STAGE), name));
}

function checkWanted(home: number, findings: Findings): void {
  const read = readWanted(home);
  if (read === ENOENT) return;
  if (typeof read === 'number') findings.add('unreadable', inHome(WANTED), errnoName(read));
  else if (read.torn > 0)
    findings.add('wanted-torn', inHome(WANTED), `${String(read.torn)} bytes after ${String(read.paths.length)} paths`);
}

function keepWhereDoubtful(findings: Findings, hidden: number): void {
  const gone = findings.all.filter(({ kind }) => kind === 'mark-without-disk');
  if (gone.length <= MANY || gone.length * 2 <= hidden) return;
  for (const finding of gone) {
    finding.drop = null;
    if (finding.detail === '')
      finding.detail = 'most marks are of names that disk lacks: is it the right disk? They are kept';
  }
}

/** What stops it, or 0. The log comes last: until it is replaced, nothing that it says is gone. */
function mend(home: number, marks: Marks, log: LogRead | null, findings: Findings): number {
  const swept = Math.min(sweep(home, of(findings, 'stage-leftover')), cutList(home, of(findings, 'wanted-torn')));
  if (log === null) return swept;
  const cut = of(findings, 'log-torn', 'log-damaged');
  if (cut.length > 0) {
    const err = cutLog(home, log.size);
    if (err < 0) return err;
    settle(cut);
  }
  const dropped = findings.all.filter(({ drop }) => drop !== null);
  if (dropped.length === 0) return swept;
  for (const { drop } of dropped) drop?.();
  const err = compact(home, marks);
  if (err < 0) return err;
  fsync(home);
  settle(dropped);
  return swept;
}

function sweep(home: number, leftovers: readonly Finding[]): number {
  if (leftovers.length === 0) return 0;
  for (const name of HALF_MADE) unlinkat(home, name);
  const fd = openat(home, STAGE, O_RDONLY | O_DIRECTORY);
  if (fd >= 0) {
    const stage = new Stage(fd);
    const { err } = stage.sweep();
    stage.close();
    if (err < 0) return err;
  } else if (fd !== ENOENT) {
    return fd;
  }
  settle(leftovers);
  return 0;
}

function cutList(home: number, torn: readonly Finding[]): number {
  const read = torn.length === 0 ? ENOENT : readWanted(home);
  if (typeof read === 'number') return read === ENOENT ? 0 : read;
  const err = cutWanted(home, read.size);
  if (err >= 0) settle(torn);
  return err;
}

function cutLog(home: number, size: number): number {
  const fd = openat(home, MARKS, O_RDWR);
  if (fd < 0) return fd;
  let err = ftruncate(fd, size);
  if (err >= 0) err = fsync(fd);
  close(fd);
  return err;
}

function of(findings: Findings, ...kinds: readonly FindingKind[]): Finding[] {
  return findings.all.filter(({ kind }) => kinds.includes(kind));
}

function settle(findings: readonly Finding[]): void {
  for (const finding of findings) finding.mended = true;
}

function show({ kind, path, detail, mended }: Finding): FsckFinding {
  return { kind, path: `/${display(path)}`, meaning: KINDS[kind], detail, fault: isFault(kind), mended };
}
