// The exclude rules of a mount, compiled: which rule decides about a path. Ordered, the last that matches wins, `!` re-includes.
// Immutable; pure; to be asked once per node. Rules are plain text, so that each thread compiles its own.
//
// What a rule covers:
//   /var/log        that path, and everything below it
//   /var/log/**     everything below it
//   *.swp           no slash but at the end: a name at any depth, and everything below it; a slash elsewhere anchors at the root
// What becomes of directories: a path that is excluded is never captured, unless it is a directory and the rule does not end in
// `/**`. Such a directory is made on flash (empty: its files are excluded one by one) when the system asks for it, since daemons need
// theirs to exist: with `/var/log`, /var/log and /var/log/nginx are made; with `/mnt/**`, /mnt is made and /mnt/usb is not.
// Changes do not know the difference: the route of an excluded directory is that of an excluded file.

import type { ByteString } from '../bytes.ts';
import { BadGlob } from './exclude-rule.ts';
import type { Rule } from './exclude-rule.ts';
import { GlobIndex } from './glob-index.ts';
import { parseGlob } from './glob.ts';

export interface Decision {
  /** Not captured when read; changes go to disk. */
  readonly excluded: boolean;
  /** If it is a directory, it is made on flash nevertheless; true for what is not excluded. */
  readonly directoryMade: boolean;
  /** The rule that decided; null when none matches. */
  readonly rule: Rule | null;
}

const UNMATCHED: Decision = { excluded: false, directoryMade: true, rule: null };

export class Excludes {
  /** Those of `before` are not among them. */
  readonly rules: readonly Rule[];
  readonly #before: Excludes | null;
  readonly #index: GlobIndex;
  readonly #decisions: readonly Decision[];

  private constructor(
    rules: readonly Rule[],
    before: Excludes | null,
    index: GlobIndex,
    decisions: readonly Decision[],
  ) {
    this.rules = rules;
    this.#before = before;
    this.#index = index;
    this.#decisions = decisions;
  }

  /**
   * Compiles rules in their order, to come after those compiled in `before`: so that the few that change need not drag along the many
   * that do not. The first that cannot be used is returned in their place.
   */
  static compile(rules: readonly Rule[], before: Excludes | null = null): Excludes | BadGlob {
    const index = new GlobIndex();
    const decisions: Decision[] = [];
    for (const rule of rules) {
      const glob = parseGlob(rule.glob);
      if (typeof glob === 'string') return new BadGlob(rule, glob);
      for (const alternative of glob.alternatives) {
        index.add(alternative, decisions.length);
        const directoryMade = glob.negated || !alternative.belowOnly;
        decisions.push({ excluded: !glob.negated, directoryMade, rule });
      }
    }
    return new Excludes(rules, before, index, decisions);
  }

  /** Decides about a path of the merged root, with or without its leading slash. The root itself is never excluded. */
  decide(path: ByteString): Decision {
    if (this.rules.length === 0) return this.#before?.decide(path) ?? UNMATCHED;
    const found = this.#index.find(path.charCodeAt(0) === 0x2f ? path.slice(1) : path);
    return found < 0 ? (this.#before?.decide(path) ?? UNMATCHED) : this.#decisions[found]!;
  }
}
