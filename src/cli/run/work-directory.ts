// The run's own directory in /tmp: the mountpoint of the merged root, the launcher's gate and its report. Gone when the run ends.

import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  rmdirSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromText } from '../../bytes.ts';
import { errnoName } from '../../errno.ts';
import { AT_FDCWD } from '../../sys/at.ts';
import { mknodat } from '../../sys/link.ts';
import { MNT_DETACH, umount2 } from '../../sys/mount.ts';
import { GATE, REPORT, ROOT, type FailedLaunch } from './spec.ts';

const S_IFIFO = 0o010000;

export class WorkDirectory {
  readonly path: string;
  /** The mountpoint. */
  readonly root: string;

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), 'rootsync-run-'));
    this.root = join(this.path, ROOT);
    mkdirSync(this.root);
  }

  /** A gate for one launch, closed. @throws when the filesystem has no fifos. */
  makeGate(): Gate {
    const path = join(this.path, GATE);
    const result = mknodat(AT_FDCWD, fromText(path), S_IFIFO | 0o600);
    if (result < 0) throw new Error(`${path}: ${errnoName(result)}`);
    return new Gate(path);
  }

  /** A launcher has begun: it opens its report first. */
  get isReported(): boolean {
    return existsSync(join(this.path, REPORT));
  }

  /** Why the launch did not come to COMMAND, if it did not; forgets it. */
  takeReport(): FailedLaunch | undefined {
    const path = join(this.path, REPORT);
    try {
      const text = readFileSync(path, 'utf8');
      rmSync(path);
      return text === '' ? undefined : (JSON.parse(text) as FailedLaunch);
    } catch {
      return undefined;
    }
  }

  /** Takes away what is mounted at the root, and on it. */
  detachRoot(): void {
    umount2(fromText(this.root), MNT_DETACH);
  }

  [Symbol.dispose](): void {
    this.detachRoot();
    for (const name of [GATE, REPORT]) rmSync(join(this.path, name), { force: true });
    // Never recursively: should something still be mounted, it must not be emptied.
    rmdirSync(this.root);
    rmdirSync(this.path);
  }
}

/** Held open for reading too, so that opening it never waits. */
class Gate {
  readonly #path: string;
  readonly #fd: number;

  constructor(path: string) {
    this.#path = path;
    this.#fd = openSync(path, 'r+');
  }

  open(): void {
    writeSync(this.#fd, '.');
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
    rmSync(this.#path, { force: true });
  }
}
