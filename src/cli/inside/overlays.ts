// Copies of flash and disk to be thrown away: an overlay over each, in a directory of our own, seen by nobody outside of our mount namespace.

import { existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { mountedBelow } from '../../branch/open-branch.ts';
import { asBytes, display, fromText } from '../../bytes.ts';
import { EINVAL, ELOOP, ENODEV, errnoName } from '../../errno.ts';
import { MNT_DETACH, mount, umount2 } from '../../sys/mount.ts';
import { RUN_EXIT } from '../exit-codes.ts';
import { Failure } from '../live-mount.ts';
import { say } from '../say.ts';
import { renumberMarks } from './overlaid-marks.ts';

const BRANCHES = ['flash', 'disk'] as const;
type BranchName = (typeof BRANCHES)[number];

export class Overlays implements Disposable {
  readonly #base: string;
  readonly #mounted: string[] = [];

  /** `flash` and `disk`: the directories that are left as they are; `apart`: what is mounted below them and is no part. @throws Failure */
  constructor(branches: Readonly<Record<BranchName, string>>, apart: readonly string[]) {
    const elsewhere = process.env['TMPDIR'] ?? '/var/tmp';
    this.#base = realpathSync(mkdtempSync(join(elsewhere, 'rootsync-dry-')));
    mkdirSync(this.root);
    try {
      for (const branch of BRANCHES) this.#lay(branch, branches[branch], apart);
      this.#renumber(branches.disk);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  get flash(): string {
    return join(this.#base, 'flash');
  }

  get disk(): string {
    return join(this.#base, 'disk');
  }

  /** An empty directory to mount something on. */
  get root(): string {
    return join(this.#base, 'root');
  }

  #lay(branch: BranchName, lower: string, apart: readonly string[]): void {
    if (!existsSync(lower)) throw refused(`${branch} ${lower} cannot be reached from here`);
    const others = mountedBelow(fromText(lower)).filter((path) => !apart.includes(display(path)));
    const [first] = others;
    if (first !== undefined)
      throw refused(`${display(first)} is mounted below ${branch} ${lower}, and an overlay would not show it`);
    const [upper, work] = ['upper', 'work'].map((name) => join(this.#base, `${branch}-${name}`));
    const target = this[branch];
    for (const dir of [upper!, work!, target]) mkdirSync(dir);
    const options = [
      ...[`lowerdir=${escaped(lower, ':,')}`, `upperdir=${escaped(upper!, ',')}`, `workdir=${escaped(work!, ',')}`],
      // Written to by one of its names, a file stays one; and its number is that of before.
      ...['redirect_dir=on', 'index=on', 'xino=on'],
    ].join(',');
    const err = mount(asBytes('overlay'), fromText(target), asBytes('overlay'), 0, fromText(options));
    if (err < 0) throw refused(`an overlay over ${branch} ${lower}: ${why(err)}`);
    this.#mounted.push(target);
  }

  #renumber(disk: string): void {
    const done = renumberMarks(join(this.flash, '.rootsync'), disk, this.disk);
    if (done === true) return;
    const what = typeof done === 'number' ? errnoName(done) : `the inode numbers of disk ${disk} are lost`;
    throw refused(`an overlay over disk: ${what}; set TMPDIR to a directory on the filesystem that disk is on`);
  }

  [Symbol.dispose](): void {
    for (const target of this.#mounted) {
      if (umount2(fromText(target), MNT_DETACH) >= 0) continue;
      say(`${this.#base} is left behind: it is in use`);
      return;
    }
    rmSync(this.#base, { recursive: true, force: true });
  }
}

function refused(message: string): Failure {
  return new Failure(RUN_EXIT.failed, `--dry-run: ${message}`);
}

function why(err: number): string {
  if (err === ENODEV) return 'this kernel has no overlayfs';
  if (err === ELOOP) return '$TMPDIR, or /var/tmp, lies in it: set TMPDIR to a directory elsewhere';
  if (err === EINVAL) return 'its filesystem, or that of $TMPDIR or /var/tmp, is none that overlayfs takes';
  return errnoName(err);
}

/** As overlayfs reads its options. */
function escaped(path: string, marks: string): string {
  return path.replace(/[\\:,]/g, (mark) => (mark === '\\' || marks.includes(mark) ? `\\${mark}` : mark));
}
