// `rootsync fsck`: checks a flash that no mount is using, and says what it found to people or as one JSON object.

import { openDisk, openFlash } from '../branch/open-branch.ts';
import { errnoName } from '../errno.ts';
import { checkPair } from '../daemon/branch-paths.ts';
import { lockHome } from '../daemon/flash-layout.ts';
import { StartError } from '../daemon/start-error.ts';
import { fsck } from '../report/fsck.ts';
import type { FsckFinding, FsckReport } from '../report/fsck.ts';
import { close } from '../sys/open.ts';
import { FSCK_EXIT } from './exit-codes.ts';
import { Failure } from './live-mount.ts';
import { writeAll } from './say.ts';

export interface FsckCommand {
  readonly flash: string;
  readonly disk: string;
  readonly repair?: true;
  readonly json?: true;
}

/** @throws Failure */
export function fsckCommand(options: FsckCommand): number {
  const paths = orFail(checkPair(options.flash, options.disk));
  const flash = openFlash(paths.flash);
  if (typeof flash === 'number') throw failed(`${paths.flash}: ${errnoName(flash)}`);
  const home = orFail(lockHome(flash.root.fd, paths.flash));
  const disk = openDisk({ path: paths.disk, writable: false, hidden: [paths.flash] });
  if (typeof disk === 'number') throw failed(`${paths.disk}: ${errnoName(disk)}`);
  const report = fsck({ flash, disk, home, repair: options.repair ?? false });
  for (const branch of [flash, disk]) branch.close();
  if (home !== null) close(home);
  writeAll(1, options.json ? `${JSON.stringify(report, null, 2)}\n` : describe(report, options));
  if (report.failure !== '') throw failed(`${paths.flash}/.rootsync cannot be repaired: ${report.failure}`);
  if (report.faults === 0) return FSCK_EXIT.clean;
  return report.mended === report.faults ? FSCK_EXIT.mended : FSCK_EXIT.left;
}

function orFail<T>(value: T | StartError): T {
  if (value instanceof StartError) throw failed(value.message);
  return value;
}

function failed(message: string): Failure {
  return new Failure(FSCK_EXIT.failed, message);
}

/** Lines of one kind. */
const MOST_SHOWN = 20;

function describe(report: FsckReport, { repair }: FsckCommand): string {
  const { findings, faults, mended, marks, objects } = report;
  let text = '';
  for (const kind of new Set(findings.map((finding) => finding.kind))) {
    const all = findings.filter((finding) => finding.kind === kind);
    text += all.slice(0, MOST_SHOWN).map(line).join('');
    if (all.length > MOST_SHOWN) text += `... and ${String(all.length - MOST_SHOWN)} more that are ${kind}\n`;
  }
  const harmless = findings.length - faults;
  text += `${String(objects)} objects on flash, ${String(marks)} marks: `;
  text += faults === 0 ? 'no faults' : `${String(faults)} faults, ${String(mended)} mended`;
  if (harmless > 0) text += `; ${String(harmless)} harmless remarks`;
  if (faults > mended && !repair) text += '; --repair mends what can be mended';
  return `${text}\n`;
}

function line({ kind, path, meaning, detail, fault, mended }: FsckFinding): string {
  const end = mended ? ' [mended]' : fault ? '' : ' [harmless]';
  return `${kind}: ${path} ${meaning}${detail === '' ? '' : ` (${detail})`}${end}\n`;
}
