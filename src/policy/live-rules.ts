// The rules given to a mount while it is in use: how the list of them changes, and the text that it is kept in, which is that of an exclude
// file. Pure: nothing is changed where anything is wrong.

import { BadGlob } from './exclude-rule.ts';
import type { Rule } from './exclude-rule.ts';
import { parseExcludeFile } from './exclude-file.ts';
import { parseGlob } from './glob.ts';

const HEADER = `# Exclude rules given to a live mount (rootsync exclude add). They come after all others; the last that matches decides.
# One glob per line; !GLOB takes back. Edit this only while flash is not mounted.
`;

/** The rules with these globs at the end, in their order; one that was there already moves there. */
export function withRules(rules: readonly Rule[], globs: readonly string[]): Rule[] | BadGlob {
  const added: Rule[] = [];
  for (const glob of globs) {
    const rule: Rule = { glob: asLine(glob), source: 'live' };
    const wrong = wrongGlob(glob);
    if (wrong !== undefined) return new BadGlob({ ...rule, glob }, wrong);
    added.push(rule);
  }
  const isAgain = (rule: Rule, i: number): boolean => added.slice(i + 1).some(({ glob }) => glob === rule.glob);
  const last = added.filter((rule, i) => !isAgain(rule, i));
  const given = new Set(last.map(({ glob }) => glob));
  return [...rules.filter(({ glob }) => !given.has(glob)), ...last];
}

/** The rules without these globs, or the globs that are none of them. */
export function withoutRules(
  rules: readonly Rule[],
  globs: readonly string[],
): { readonly rules: Rule[] } | { readonly unknown: string[] } {
  const known = new Set(rules.map(({ glob }) => glob));
  const unknown = globs.filter((glob) => !known.has(asLine(glob)));
  if (unknown.length > 0) return { unknown };
  const gone = new Set(globs.map(asLine));
  return { rules: rules.filter(({ glob }) => !gone.has(glob)) };
}

/** The text that keeps the rules. */
export function liveRulesText(rules: readonly Rule[]): string {
  return HEADER + rules.map(({ glob }) => `${glob}\n`).join('');
}

/** The rules that a text keeps; `name` is how messages call the file. */
export function parseLiveRules(name: string, content: Uint8Array): Rule[] | BadGlob {
  const rules = parseExcludeFile(name, content);
  if (rules instanceof BadGlob) return rules;
  for (const rule of rules) {
    const wrong = wrongGlob(rule.glob);
    if (wrong !== undefined) return new BadGlob(rule, wrong);
  }
  return withRules(
    [],
    rules.map(({ glob }) => glob),
  );
}

function wrongGlob(glob: string): string | undefined {
  if (glob.includes('\n')) return 'it holds a newline (write ? for it)';
  if (glob.includes('\ufffd') || /\p{Surrogate}/u.test(glob))
    return 'it is not UTF-8 (write ? for each byte that is not)';
  const parsed = parseGlob(glob);
  return typeof parsed === 'string' ? parsed : undefined;
}

/** The glob as a line of an exclude file, where blanks at its ends and a `#` at its beginning would be lost. */
function asLine(glob: string): string {
  const begun = glob.replace(/^[\s#]/, '\\$&');
  const end = begun.search(/\s+$/);
  if (end < 0) return begun;
  const isEscaped = (at: number): boolean => at === 0 && begun[end - 1] === '\\';
  const blanks = begun.slice(end).replace(/\s/g, (blank, at: number) => (isEscaped(at) ? blank : `\\${blank}`));
  return begun.slice(0, end) + blanks;
}
