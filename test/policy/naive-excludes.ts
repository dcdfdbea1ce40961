// The rules' meaning with nothing done to be fast: each rule from the last to the first, each path from the top down, whole globs only.

import micromatch from 'micromatch';
import { fromText } from '../../src/bytes.ts';
import type { Rule } from '../../src/policy/exclude-rule.ts';

/** Index of the rule that decides, and whether it ended in `/**`; null when none matches. */
export function decideNaively(rules: readonly Rule[], path: string): { rule: Rule; belowOnly: boolean } | null {
  for (const rule of [...rules].reverse()) {
    const glob = fromText(rule.glob.replace(/^!(?!\()/, '').replaceAll('[:alpha:]', 'a-zA-Z'));
    // The last alternative first: it is the one that the index names too.
    for (const alternative of micromatch.braces(glob, { expand: true, keepEscaping: true }).reverse()) {
      const belowOnly = /(^|\/)\*\*\/*$/.test(alternative);
      if (matches(alternative, path)) return { rule, belowOnly };
    }
  }
  return null;
}

function matches(alternative: string, path: string): boolean {
  let glob = alternative.replace(/\/+$/, '').replace(/\/\/+/g, '/');
  if (glob === '') return true;
  glob = glob.includes('/') ? glob.replace(/^\//, '') : `**/${glob}`;
  const above = ancestors(path);
  const base = glob.replace(/(^|\/)\*\*(\/\*\*)*$/, '');
  if (base === '') return true;
  const subjects = base === glob ? [...above, path] : above;
  const regex = new RegExp(
    micromatch.makeRe(base, { dot: true, nonegate: true, posix: true, fastpaths: false }).source,
    's',
  );
  return subjects.some((subject) => regex.test(subject));
}

function ancestors(path: string): string[] {
  const names = path.split('/');
  return names.slice(1).map((_, i) => names.slice(0, i + 1).join('/'));
}
