// One of several processes that work on the same names at the same time. It knows what no order of their steps can explain, and says it; what the
// others do, it does not know.

import { fromText } from '../../src/bytes.ts';
import { errnoName } from '../../src/errno.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { pread } from '../../src/sys/io.ts';
import { close, O_DIRECTORY, O_PATH, openFollow } from '../../src/sys/open.ts';
import { newStat, statxFd } from '../../src/sys/stat.ts';

/** Bytes at the start of a contested file that say which object it is; nobody writes there again. */
export const ID_LENGTH = 16;
const MOST_HELD = 12;
const MOST_WRONG = 20;

/** An object that is held open. */
interface Held {
  readonly fd: number;
  readonly number: string;
  id: string;
}

const stat = newStat();
const idRoom = Buffer.alloc(ID_LENGTH);

export class Contender {
  readonly who: number;
  readonly wrong: string[] = [];
  /** The inode number shown for each object seen, by what the object says it is. */
  readonly numbers = new Map<string, string>();
  readonly #root: string;
  #state: number;
  #held: Held[] = [];

  constructor(root: string, who: number, seed: number) {
    this.#root = root;
    this.who = who;
    this.#state = (seed * 31 + who * 7919) | 0;
  }

  /** A whole number below `n`. */
  below(n: number): number {
    // mulberry32
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  }

  one<T>(of: readonly T[]): T {
    const chosen = of[this.below(of.length)];
    if (chosen === undefined) throw new Error('nothing to choose from');
    return chosen;
  }

  /** Descriptor of a directory below the root, which nobody moves. */
  directory(name: string): number {
    const fd = openFollow(AT_FDCWD, fromText(`${this.#root}/${name}`), O_PATH | O_DIRECTORY);
    if (fd < 0) throw new Error(`${name}: ${errnoName(fd)}`);
    return fd;
  }

  say(what: string): void {
    if (this.wrong.length < MOST_WRONG) this.wrong.push(`${this.who}: ${what}`);
  }

  /** `result` may be what a call gives that succeeds, or one of these errors, by which a race can be lost. */
  allow(what: string, result: number, ...errors: readonly string[]): number {
    if (result < 0 && !errors.includes(errnoName(result))) this.say(`${what}: ${errnoName(result)}`);
    return result;
  }

  /** Looks at which object an open file is, and holds it for a while: two that are held are one object just if they have one number. */
  hold(fd: number): void {
    const number = this.#numberOf(fd);
    this.#held.push({ fd, number, id: this.#idOf(fd) });
    while (this.#held.length > MOST_HELD) this.#let(this.#held.splice(this.below(this.#held.length), 1));
    this.#compare();
  }

  letGo(): void {
    this.#compare();
    this.#let(this.#held.splice(0));
  }

  #let(held: readonly Held[]): void {
    for (const one of held) {
      const number = this.#numberOf(one.fd);
      if (number !== one.number) this.say(`the number of ${one.id} was ${one.number} and is ${number}`);
      const id = this.#idOf(one.fd);
      if (one.id !== '' && id !== one.id) this.say(`${one.id} has become ${id}`);
      this.allow('close', close(one.fd));
    }
  }

  #compare(): void {
    for (const one of this.#held) {
      // Whoever made it may not yet have written who it is.
      if (one.id === '') one.id = this.#idOf(one.fd);
      if (one.id === '') continue;
      const known = this.numbers.get(one.id);
      if (known === undefined) this.numbers.set(one.id, one.number);
      else if (known !== one.number) this.say(`${one.id} has two numbers, ${known} and ${one.number}`);
      for (const other of this.#held)
        if (other.number === one.number && other.id !== '' && other.id !== one.id)
          this.say(`${one.id} and ${other.id} have one number, ${one.number}`);
    }
  }

  #numberOf(fd: number): string {
    this.allow('fstat', statxFd(fd, stat));
    return `${stat.devMajor}:${stat.devMinor} ${stat.inoHi}:${stat.inoLo}`;
  }

  #idOf(fd: number): string {
    const n = this.allow('read', pread(fd, idRoom, 0, ID_LENGTH, 0));
    return n === ID_LENGTH && idRoom[0] !== 0 ? idRoom.toString('latin1') : '';
  }
}

/** What a contested file begins with. */
export function idOf(maker: number | string, n: number): string {
  return `${maker}/${n}`.padEnd(ID_LENGTH, '.');
}
