// What a worker did, from its journal, and the judgement of what a power cut left of it. A name must be what it was when its directory was last
// made durable, or something that it became since; a rename has happened to all names that it changes, or to none; no file is without a name that
// had one all along; a file has what was synced, and is no mix; inode numbers belong to one file.

import { readFileSync } from 'node:fs';
import { identify } from './content.ts';
import { apply, parentOf } from './steps.ts';
import type { Names, Step, Value } from './steps.ts';

/** A line of a journal: before a step, or after it. Numbers are of records that had reached the device. */
export type Entry =
  | { readonly before: number; readonly step: Step }
  | { readonly after: number; /** What `step.path` shows; '' where nothing is. */ readonly ino: string };

/** What was found under a name. */
export type Observed =
  | { readonly kind: 'dir'; readonly ino: string }
  | { readonly kind: 'symlink'; readonly ino: string; readonly target: string }
  | { readonly kind: 'file'; readonly ino: string; readonly content: Buffer }
  | { readonly kind: 'other'; readonly ino: string };

interface Done {
  readonly step: Step;
  readonly before: number;
  /** Infinity: not known to have ended. */
  after: number;
}

/** A name became `value` with the step `index`; -1 is before all. */
interface Change {
  readonly index: number;
  readonly value: Value | undefined;
}

/** A file got its last block with the step `index`. */
interface Version {
  readonly index: number;
  readonly blocks: number;
  readonly synced: boolean;
}

/** What was begun before a cut, and the last that was durable. */
interface Span {
  readonly durable: number;
  readonly last: number;
}

/** What is judged. */
interface View {
  readonly cut: number;
  /** The last step that had begun. */
  readonly last: number;
  readonly observed: ReadonlyMap<string, Observed>;
}

export class History {
  readonly #steps: Done[] = [];
  readonly #names = new Map<string, Change[]>();
  readonly #files = new Map<string, Version[]>();
  readonly #inos = new Map<string, string>();
  /** For each step that moves something, the names that it changes. */
  readonly #moves = new Map<number, readonly string[]>();
  /** Files, and the step that took their last name. */
  readonly #nameless = new Map<string, number>();
  readonly #wrong: string[] = [];

  constructor(journal: string, start: Names) {
    for (const [path, value] of start) this.#become(path, -1, value);
    for (const value of start.values())
      if (value.kind === 'file') this.#files.set(value.id, [{ index: -1, blocks: 1, synced: true }]);
    const names: Names = new Map(start);
    for (const line of readFileSync(journal, 'utf8').split('\n').filter(Boolean)) {
      const entry = JSON.parse(line) as Entry;
      if ('step' in entry) this.#begin(entry.step, entry.before, names);
      else this.#end(entry.after, entry.ino, names);
    }
  }

  get length(): number {
    return this.#steps.length;
  }

  /**
   * What is wrong with what a cut left of it; `observed` by path. `ordered`: the filesystem brings changes of names to the device in the order
   * in which they were made; else those that nobody made durable may be there in any mixture.
   */
  judge(cut: number, observed: ReadonlyMap<string, Observed>, ordered: boolean): string[] {
    const last = this.#steps.findLastIndex(({ before }) => before < cut);
    const view: View = { cut, last, observed };
    return [
      ...this.#wrong,
      ...(ordered ? this.#judgeInOrder(view) : this.#judgeLoosely(view)),
      ...this.#judgeLosses(view),
      ...this.#judgeNumbers(view),
    ];
  }

  #judgeInOrder({ cut, last, observed }: View): string[] {
    const wrong: string[] = [];
    const fits = new Map<string, number[]>();
    for (const path of new Set([...this.#names.keys(), ...observed.keys()])) {
      const span = { durable: this.#durable(path, cut, last), last };
      const changes = this.#window(path, span);
      const found = observed.get(path);
      const fitting = changes.filter(({ value }) => this.#fits(found, value, cut, last));
      if (fitting.length === 0) wrong.push(this.#describe(path, found, changes, span, cut));
      // As ranges of steps after which the name was this.
      const ranges = fitting.flatMap((change) => this.#range(path, change, span));
      fits.set(path, ranges);
    }
    for (const [index, paths] of this.#moves) {
      if (index > last) continue;
      const known = paths.filter((path) => (fits.get(path)?.length ?? 0) > 0);
      const before = known.filter((path) => !fits.get(path)?.some((at) => at >= index));
      const after = known.filter((path) => !fits.get(path)?.some((at) => at < index));
      if (before.length === 0 || after.length === 0) continue;
      const step = JSON.stringify(this.#steps[index]?.step);
      wrong.push(`half of step ${index}, ${step}: not at ${before.join(' ')}, but at ${after.join(' ')}`);
    }
    return wrong;
  }

  #judgeLoosely({ cut, last, observed }: View): string[] {
    const wrong: string[] = [];
    for (const path of new Set([...this.#names.keys(), ...observed.keys()])) {
      const span = { durable: this.#durable(path, cut, last), last };
      const changes = this.#window(path, span);
      const found = observed.get(path);
      const [only] = changes;
      if (this.#settled(path, cut, last) && !this.#fits(found, only?.value, cut, last))
        wrong.push(this.#describe(path, found, changes, span, cut));
      if (found?.kind !== 'file') continue;
      const { id } = identify(found.content);
      const { least } = this.#blocks(id ?? '', cut, last);
      if (id !== null && !this.#fits(found, { kind: 'file', id }, cut, last))
        wrong.push(`${path} is ${describeFound(found)}, which must have ${least}`);
    }
    return wrong;
  }

  /** Neither the name nor one above it has changed since it was durable. */
  #settled(path: string, cut: number, last: number): boolean {
    if (path === '') return true;
    return (
      this.#settled(parentOf(path), cut, last) &&
      this.#window(path, { durable: this.#durable(path, cut, last), last }).length === 1
    );
  }

  /** A file that had a durable name, and one at each moment since, is somewhere. */
  #judgeLosses({ cut, last, observed }: View): string[] {
    const there = new Set<string | null>();
    for (const found of observed.values()) if (found.kind === 'file') there.add(identify(found.content).id);
    const wrong: string[] = [];
    for (const [path, changes] of this.#names) {
      const durable = this.#durable(path, cut, last);
      const value = changes.findLast(({ index }) => index <= durable)?.value;
      if (value?.kind !== 'file' || there.has(value.id) || this.#blocks(value.id, cut, last).least === 0) continue;
      const gone = this.#nameless.get(value.id);
      if (gone === undefined || gone > last)
        wrong.push(`${value.id} is lost: it was durable at ${path} after step ${durable}`);
    }
    return wrong;
  }

  #begin(step: Step, before: number, names: Names): void {
    const index = this.#steps.length;
    this.#steps.push({ step, before, after: Infinity });
    const had = idsOf(names);
    const changed = apply(names, step);
    const left = idsOf(names);
    for (const id of had) if (!left.has(id)) this.#nameless.set(id, index);
    for (const path of changed) this.#become(path, index, names.get(path));
    if (step.kind === 'rename' || step.kind === 'exchange') this.#moves.set(index, changed);
    if (step.kind === 'create') this.#files.set(step.id, [{ index, blocks: 1, synced: step.synced }]);
    if (step.kind === 'append') {
      const value = names.get(step.path);
      const versions = value?.kind === 'file' ? this.#files.get(value.id) : undefined;
      versions?.push({ index, blocks: (versions.at(-1)?.blocks ?? 0) + 1, synced: step.synced });
    }
  }

  #end(after: number, ino: string, names: Names): void {
    const done = this.#steps.at(-1);
    if (done === undefined) return;
    done.after = after;
    const value = names.get(done.step.path);
    if (value?.kind !== 'file' || ino === '') return;
    const before = this.#inos.get(value.id);
    if (before !== undefined && before !== ino)
      this.#wrong.push(`${value.id} was ${before} and is ${ino} after step ${this.#steps.length - 1}`);
    this.#inos.set(value.id, ino);
  }

  #become(path: string, index: number, value: Value | undefined): void {
    const changes = this.#names.get(path);
    if (changes !== undefined) changes.push({ index, value });
    else
      this.#names.set(
        path,
        index < 0
          ? [{ index, value }]
          : [
              { index: -1, value: undefined },
              { index, value },
            ],
      );
  }

  /** The last step after which all directories above the name were synced, by the cut. */
  #durable(path: string, cut: number, last: number): number {
    const dir = parentOf(path);
    for (let i = last; i >= 0; i--) {
      const { step, after } = this.#steps[i]!;
      if (step.kind === 'sync' && after <= cut && step.dirs.includes(dir)) return i;
    }
    return -1;
  }

  /** What the name may be: the last change that was durable, and all later ones that had begun. */
  #window(path: string, { durable, last }: Span): Change[] {
    const changes = this.#names.get(path) ?? [{ index: -1, value: undefined }];
    const first = changes.findLastIndex(({ index }) => index <= durable);
    return changes.slice(first).filter(({ index }) => index <= last);
  }

  /** The first and the last step of the span after which the name was what `change` made it. */
  #range(path: string, change: Change, { durable, last }: Span): [number, number] {
    const changes = this.#names.get(path) ?? [];
    const next = changes[changes.indexOf(change) + 1]?.index ?? Infinity;
    return [Math.max(durable, change.index), Math.min(last, next - 1)];
  }

  #fits(found: Observed | undefined, value: Value | undefined, cut: number, last: number): boolean {
    if (found === undefined || value === undefined) return found === value;
    if (value.kind !== found.kind) return false;
    if (value.kind === 'symlink') return found.kind === 'symlink' && found.target === value.target;
    if (value.kind === 'dir' || found.kind !== 'file') return true;
    const { least, most } = this.#blocks(value.id, cut, last);
    const { id, blocks, whole } = identify(found.content);
    // Of what was never synced anything may be there, but nothing of another file.
    if (id === null) return least === 0;
    return id === value.id && blocks >= least && (whole ? blocks <= most : blocks < most);
  }

  #blocks(id: string, cut: number, last: number): { least: number; most: number } {
    const begun = (this.#files.get(id) ?? []).filter(({ index }) => index <= last);
    const synced = begun.filter((one) => one.synced && (one.index < 0 || this.#steps[one.index]!.after <= cut));
    return { least: synced.at(-1)?.blocks ?? 0, most: begun.at(-1)?.blocks ?? 0 };
  }

  /** Two files never show one number; what was durable shows the number that it had. */
  #judgeNumbers({ observed, cut, last }: View): string[] {
    const wrong: string[] = [];
    const owners = new Map<string, string>();
    for (const [path, found] of observed) {
      const who = found.kind === 'file' ? identify(found.content).id : path;
      // Never synced, so it may have several names and not say which file it is.
      if (who === null) continue;
      const other = owners.get(found.ino);
      if (other !== undefined && other !== who) wrong.push(`${who} at ${path} and ${other} both show ${found.ino}`);
      owners.set(found.ino, who);
      const span = { durable: this.#durable(path, cut, last), last };
      const [only, ...more] = this.#window(path, span);
      if (found.kind !== 'file' || more.length > 0 || only?.value?.kind !== 'file') continue;
      const ino = this.#inos.get(only.value.id);
      if (ino !== undefined && ino !== found.ino) wrong.push(`${who} at ${path} was ${ino} and shows ${found.ino}`);
    }
    return wrong;
  }

  #describe(path: string, found: Observed | undefined, changes: readonly Change[], span: Span, cut: number): string {
    const may = changes.map(({ index, value }) => {
      const blocks = value?.kind === 'file' ? this.#blocks(value.id, cut, span.last) : undefined;
      return `${index}: ${show(value)}${blocks === undefined ? '' : ` ${blocks.least}-${blocks.most}`}`;
    });
    return `${path} is ${describeFound(found)}; may be, after steps ${span.durable} to ${span.last}: ${may.join(', ')}`;
  }
}

function idsOf(names: Names): Set<string> {
  const ids = new Set<string>();
  for (const value of names.values()) if (value.kind === 'file') ids.add(value.id);
  return ids;
}

function show(value: Value | undefined): string {
  if (value === undefined) return 'nothing';
  return value.kind === 'file' ? value.id : value.kind === 'dir' ? 'a directory' : `-> ${value.target}`;
}

function describeFound(found: Observed | undefined): string {
  if (found === undefined) return 'nothing';
  if (found.kind === 'symlink') return `-> ${found.target}`;
  if (found.kind !== 'file') return found.kind;
  const { id, blocks, whole } = identify(found.content);
  return `${id ?? `${found.content.length} bytes of nobody`} ${blocks}${whole ? '' : ' and more'} (ino ${found.ino})`;
}
