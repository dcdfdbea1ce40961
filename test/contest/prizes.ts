// What only one of several can get: each tries for all of them, in an order of his own, and counts those that he got.

import { asBytes } from '../../src/bytes.ts';
import { mkdirat, RENAME_NOREPLACE, renameat2, unlinkat } from '../../src/sys/link.ts';
import { close, O_CREAT, O_EXCL, O_RDWR, openat } from '../../src/sys/open.ts';
import type { Contender } from './contender.ts';

export const PRIZES = 60;
/** To remove, to move away (both planted), to make a file, to make a directory. */
export const KINDS = ['u', 'm', 'f', 'd'] as const;

export class Prizes {
  /** Those that were got, by kind. */
  readonly got: Record<string, number> = {};
  readonly #by: Contender;
  readonly #dir: number;
  readonly #left: string[];

  constructor(by: Contender) {
    this.#by = by;
    this.#dir = by.directory('prizes');
    this.#left = KINDS.flatMap((kind) => Array.from({ length: PRIZES }, (_, n) => `${kind}${n}`));
  }

  get over(): boolean {
    return this.#left.length === 0;
  }

  step(): void {
    const [name] = this.#left.splice(this.#by.below(this.#left.length), 1);
    if (name === undefined) return;
    const kind = name[0] ?? '';
    if (this.#try(kind, name)) this.got[kind] = (this.got[kind] ?? 0) + 1;
  }

  #try(kind: string, name: string): boolean {
    const by = this.#by;
    const [dir, path] = [this.#dir, asBytes(name)];
    switch (kind) {
      case 'u':
        return by.allow(`unlink ${name}`, unlinkat(dir, path), 'ENOENT') >= 0;
      case 'm': {
        const mine = asBytes(`${name}-${by.who}`);
        return by.allow(`rename ${name}`, renameat2(dir, path, dir, mine, RENAME_NOREPLACE), 'ENOENT') >= 0;
      }
      case 'd':
        return by.allow(`mkdir ${name}`, mkdirat(dir, path, 0o755), 'EEXIST') >= 0;
      default: {
        const fd = by.allow(`create ${name}`, openat(dir, path, O_RDWR | O_CREAT | O_EXCL, 0o644), 'EEXIST');
        if (fd >= 0) close(fd);
        return fd >= 0;
      }
    }
  }
}
