// Files that a program needs beside one that it opens, though it only looks at their attributes. A stat alone is no use of a file (or
// `ls -l` would fill flash), so these few pairs are known by name. Pure: a path in, paths out; each rule with its reason.

import type { ByteString } from '../bytes.ts';

interface CompanionRule {
  /** Of the path that is opened, without its leading slash. */
  readonly opened: RegExp;
  /** Of what is needed as well, as String.replace fills it in. */
  readonly needed: string;
  readonly reason: string;
}

const RULES: readonly CompanionRule[] = [
  {
    opened: /^(.*\/)?__pycache__\/([^/]+?)\.[^./]+(?:\.opt-[^./]+)?\.pyc$/s,
    needed: '$1$2.py',
    reason:
      'Python imports a cached module only if its source is there, and has the size and time that the cache names',
  },
  {
    opened: /^((?:.*\/)?lib(?:64)?\/python[0-9.]+\/).*$/s,
    needed: '$1os.py',
    reason: 'Python takes the directory that holds os.py for its library',
  },
];

/** A file needed beside another, and why. */
export interface Companion {
  readonly path: ByteString;
  readonly reason: string;
}

/** What is needed beside the file at `path` (no leading slash). Whether it exists is for the caller to see. */
export function companionsOf(path: ByteString): Companion[] {
  return RULES.flatMap(({ opened, needed, reason }) => {
    if (!opened.test(path)) return [];
    const other = path.replace(opened, needed) as ByteString;
    return other === path ? [] : [{ path: other, reason }];
  });
}
