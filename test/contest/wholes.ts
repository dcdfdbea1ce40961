// Names that are replaced by rename and exchanged all the time: none is ever missing, each always holds one whole version. And a directory of which
// most names stay while others come and go: every listing has all that stay, once.

import { asBytes } from '../../src/bytes.ts';
import { DirCursor } from '../../src/sys/dir.ts';
import { fsync, pread, pwrite } from '../../src/sys/io.ts';
import { linkat, RENAME_EXCHANGE, renameat2, unlinkat } from '../../src/sys/link.ts';
import { close, O_CREAT, O_DIRECTORY, O_EXCL, O_RDONLY, O_RDWR, openat } from '../../src/sys/open.ts';
import type { Contender } from './contender.ts';

export const WHOLE = ['v', 'w'] as const;
export const EXCHANGED = ['d1', 'd2'] as const;
export const STEADY = 250;
export const READ_ONLY = 40;
const LARGEST = 70_000;

const room = Buffer.alloc(LARGEST + 1);
// Small, so that a listing is read in many pieces.
const cursor = new DirCursor(1024);

/** A version: its first bytes say how long it is and what all others are. */
export function version(n: number): Buffer {
  const filler = String.fromCharCode(0x61 + (n % 26));
  const size = 100 + ((n * 7919) % (LARGEST - 100));
  return Buffer.from(`${String(size).padStart(6, '0')}${filler}`.padEnd(size, filler));
}

export class Wholes {
  readonly #by: Contender;
  readonly #whole: number;
  readonly #steady: number;
  readonly #readOnly: number;
  #made = 0;

  constructor(by: Contender) {
    this.#by = by;
    this.#whole = by.directory('whole');
    this.#steady = by.directory('steady');
    this.#readOnly = by.directory('read-only');
  }

  change(): void {
    const by = this.#by;
    const dir = this.#whole;
    switch (by.below(5)) {
      case 0:
        by.allow('exchange of files', renameat2(dir, asBytes('v'), dir, asBytes('w'), RENAME_EXCHANGE));
        break;
      case 1:
        by.allow('exchange of directories', renameat2(dir, asBytes('d1'), dir, asBytes('d2'), RENAME_EXCHANGE));
        break;
      case 2:
        this.#churn();
        break;
      default:
        this.#replace(asBytes(by.one(WHOLE)));
    }
  }

  look(): void {
    switch (this.#by.below(5)) {
      case 0:
        this.#list();
        break;
      case 1:
        this.#exchanged();
        break;
      case 2:
        this.#untouched();
        break;
      default:
        this.#isWhole(this.#by.one(WHOLE));
    }
  }

  #replace(name: ReturnType<typeof asBytes>): void {
    const by = this.#by;
    const temporary = asBytes(`new-${by.who}`);
    const link = asBytes(`link-${by.who}`);
    const bytes = version(by.who * 1000 + this.#made++);
    const fd = openat(this.#whole, temporary, O_RDWR | O_CREAT | O_EXCL, 0o644);
    if (by.allow('create of a private name', fd) < 0) return;
    by.allow('write', pwrite(fd, bytes, 0, bytes.length, 0));
    if (by.below(8) === 0) by.allow('fsync', fsync(fd));
    close(fd);
    if (by.below(4) === 0) {
      by.allow('link of a private name', linkat(this.#whole, temporary, this.#whole, link));
      this.#isWhole(link);
    }
    by.allow(`rename over ${name}`, renameat2(this.#whole, temporary, this.#whole, name));
    by.allow('unlink of a private link', unlinkat(this.#whole, link), 'ENOENT');
  }

  #isWhole(name: string): void {
    const by = this.#by;
    const fd = openat(this.#whole, asBytes(name), O_RDONLY);
    if (by.allow(`open ${name}, which is always there`, fd) < 0) return;
    const n = by.allow(`read ${name}`, pread(fd, room, 0, room.length, 0));
    close(fd);
    const filler = room[6];
    const whole = Number(room.toString('latin1', 0, 6)) === n && room.subarray(7, n).every((byte) => byte === filler);
    if (!whole) by.say(`${name} is not whole: ${n} bytes, ${room.toString('latin1', 0, 20)}`);
  }

  #exchanged(): void {
    const by = this.#by;
    const name = by.one(EXCHANGED);
    const fd = openat(this.#whole, asBytes(`${name}/id`), O_RDONLY);
    if (by.allow(`open ${name}/id, which is always there`, fd) < 0) return;
    const n = pread(fd, room, 0, 10, 0);
    if (n !== 1) by.say(`${name}/id has ${n} bytes`);
    close(fd);
  }

  /** Files that nobody changes, on disk or captured. */
  #untouched(): void {
    const by = this.#by;
    const n = by.below(READ_ONLY);
    const fd = openat(this.#readOnly, asBytes(`r${n}`), O_RDONLY);
    if (by.allow(`open r${n}`, fd) < 0) return;
    const length = by.allow(`read r${n}`, pread(fd, room, 0, room.length, 0));
    if (!room.subarray(0, Math.max(0, length)).equals(version(n))) by.say(`r${n} has another content: ${length} bytes`);
    close(fd);
  }

  #churn(): void {
    const by = this.#by;
    const [one, two] = [asBytes(`x${by.who}-${by.below(20)}`), asBytes(`x${by.who}-${by.below(20)}`)];
    const fd = openat(this.#steady, one, O_RDWR | O_CREAT, 0o600);
    if (by.allow('create of a name that comes and goes', fd) >= 0) close(fd);
    by.allow('rename of a name that comes and goes', renameat2(this.#steady, one, this.#steady, two));
    if (by.below(2) === 0) by.allow('unlink of a name that comes and goes', unlinkat(this.#steady, two));
  }

  #list(): void {
    const by = this.#by;
    const fd = openat(this.#steady, asBytes('.'), O_RDONLY | O_DIRECTORY);
    if (by.allow('open of a directory', fd) < 0) return;
    const seen = new Map<string, number>();
    while (by.allow('getdents', cursor.fill(fd)) > 0)
      while (cursor.next()) seen.set(cursor.name, (seen.get(cursor.name) ?? 0) + 1);
    close(fd);
    for (let n = 0; n < STEADY; n++)
      if (seen.get(`s${n}`) !== 1) by.say(`s${n} is listed ${seen.get(`s${n}`) ?? 0} times`);
  }
}
