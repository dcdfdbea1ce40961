// The stage on disk: where what is copied to disk is made before it gets its name there. In disk's `.rootsync`, which the merged root never shows;
// made when it is first needed, and gone after an unmount, so that a disk that is only read stays as it is.

import type { Branch } from '../branch/branch.ts';
import { asBytes } from '../bytes.ts';
import { EEXIST } from '../errno.ts';
import type { Errno } from '../errno.ts';
import type { Features } from '../copy/features.ts';
import { probeFeatures } from '../copy/probe.ts';
import { openStage } from '../copy/stage.ts';
import type { Stage } from '../copy/stage.ts';
import { utimensAt } from '../sys/attr.ts';
import { mkdirat, rmdirat } from '../sys/link.ts';
import { close, O_DIRECTORY, O_PATH, openat } from '../sys/open.ts';
import { newStat, statxAt } from '../sys/stat.ts';
import { RESERVED } from '../tree/tree.ts';

/** Not flash's name for its own: the directory may have been somebody's flash. */
const NAME = asBytes('stage-on-disk');
const SELF = asBytes('');
const root = newStat();

/** An open stage, and what its filesystem can hold. */
export interface OpenStage {
  readonly stage: Stage;
  readonly features: Features;
}

export class DiskStage {
  readonly #disk: Branch;
  #open: OpenStage | undefined;

  /** Removes what a crash left. */
  constructor(disk: Branch) {
    this.#disk = disk;
    const home = disk.writable ? openat(disk.fd(disk.root), RESERVED, O_PATH | O_DIRECTORY) : -1;
    if (home < 0) return;
    const left = openat(home, NAME, O_PATH | O_DIRECTORY);
    close(home);
    if (left < 0) return;
    close(left);
    if (typeof this.open() !== 'number') this.close();
  }

  /** Errors: what mkdir and open give where disk's root takes nothing new. */
  open(): OpenStage | Errno {
    if (this.#open !== undefined) return this.#open;
    const home = this.#unseen(() => this.#openHome());
    if (home < 0) return home as Errno;
    const stage = openStage(home, NAME);
    close(home);
    if (typeof stage === 'number') return stage;
    stage.sweep();
    this.#open = { stage, features: probeFeatures(stage.fd) };
    return this.#open;
  }

  close(): void {
    if (this.#open === undefined) return;
    const { stage } = this.#open;
    stage.sweep();
    stage.close();
    this.#open = undefined;
    this.#unseen(() => {
      const home = openat(this.#disk.fd(this.#disk.root), RESERVED, O_PATH | O_DIRECTORY);
      if (home < 0) return home;
      rmdirat(home, NAME);
      close(home);
      return rmdirat(this.#disk.fd(this.#disk.root), RESERVED);
    });
  }

  #openHome(): number {
    const fd = this.#disk.fd(this.#disk.root);
    const made = mkdirat(fd, RESERVED, 0o755);
    return made < 0 && made !== EEXIST ? made : openat(fd, RESERVED, O_PATH | O_DIRECTORY);
  }

  /** Disk's root keeps its times. */
  #unseen(change: () => number): number {
    const fd = this.#disk.fd(this.#disk.root);
    const err = statxAt(fd, SELF, root);
    if (err < 0) return err;
    const result = change();
    utimensAt(fd, SELF, root.atime, root.atimeNsec, root.mtime, root.mtimeNsec);
    return result;
  }
}
