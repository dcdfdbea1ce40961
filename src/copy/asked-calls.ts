// The calls that read disk, as questions to somebody else, and their answers as what the calls give.

import type { BranchDir } from '../branch/branch-dir.ts';
import type { ByteString } from '../bytes.ts';
import type { Errno } from '../errno.ts';
import type { DirCursor } from '../sys/dir.ts';
import type { Stat } from '../sys/stat.ts';
import type { StagedDirectory } from './directory-copy.ts';
import type { Answer, Question } from './question.ts';

/** See Calls. */
export abstract class AskedCalls {
  stat(dir: BranchDir | null, fd: number, name: ByteString, out: Stat): number {
    const { n, stat } = this.ask({ kind: 'stat', fd, name }, dir, name);
    if (n >= 0 && stat !== undefined) Object.assign(out, stat);
    return n;
  }

  open(dir: BranchDir | null, fd: number, name: ByteString, flags: number): number {
    return this.ask({ kind: 'open', fd, name, flags }, dir, `${name}:${flags}`).n;
  }

  readlink(dir: BranchDir | null, fd: number, name: ByteString): ByteString | Errno {
    const { n, target } = this.ask({ kind: 'readlink', fd, name }, dir, name);
    return target ?? (n as Errno);
  }

  getxattr(dir: BranchDir | null, fd: number, name: ByteString, attribute: ByteString, value: Buffer): number {
    const room = value.length;
    const { n, bytes } = this.ask({ kind: 'getxattr', fd, name, attribute, room }, dir, `${name}:${attribute}:${room}`);
    if (n > 0 && room > 0 && bytes !== undefined) value.set(bytes.subarray(0, n));
    return n;
  }

  listxattr(dir: BranchDir | null, fd: number, name: ByteString, names: Buffer): number {
    const room = names.length;
    const { n, bytes } = this.ask({ kind: 'listxattr', fd, name, room }, dir, `${name}:${room}`);
    if (n > 0 && room > 0 && bytes !== undefined) names.set(bytes.subarray(0, n));
    return n;
  }

  list(dir: BranchDir, fd: number, cursor: DirCursor, visit: () => void): number {
    const { n, batches = [] } = this.ask({ kind: 'list', fd }, dir, '');
    for (const batch of batches) {
      cursor.load(batch);
      while (cursor.next()) visit();
    }
    return n;
  }

  /** As lseek(2), of an open file. */
  seek(fd: number, offset: number, whence: number): number {
    return this.ask({ kind: 'seek', fd, offset, whence }, null, `${offset}:${whence}`).n;
  }

  /** Copies the directory `dir` (`name` in it) into flash's stage, under `stageName` or the name that it got before. Errors: as `stageDirectory`. */
  directory(dir: BranchDir, fd: number, name: ByteString, stageName: ByteString): StagedDirectory | Errno {
    const { n, staged } = this.ask({ kind: 'directory', fd, name, stageName }, dir, name);
    return staged ?? (n as Errno);
  }

  /** `detail`: what tells the question from others of its kind in `dir`. */
  protected abstract ask(question: Question, dir: BranchDir | null, detail: string): Answer;
}
