// Text of one exclude glob -> what the index matches on: alternatives (braces expanded), each a list of path components, each component
// with the literal bytes that it begins and ends with. micromatch's syntax, compiled by micromatch one component at a time.
// Patterns become bytes here: `?` stands for one byte, so that names that are not UTF-8 can be matched at all.

import micromatch from 'micromatch';
import { fromText } from '../bytes.ts';
import { countAlternatives, escapeLiteral, expandClasses, unitAt } from './glob-scan.ts';

/** `**` as a whole component: any number of components, none included. */
export const GLOBSTAR = '**';

/** A component that is not `**`. */
export interface Component {
  /** Bytes that a matching name begins and ends with; they do not overlap. */
  readonly before: string;
  readonly after: string;
  /** The longest run of literal bytes elsewhere in it. */
  readonly inner: string;
  /** The whole name is `before`. */
  readonly exact: boolean;
  /** To be matched too; null when the ends decide. */
  readonly regex: RegExp | null;
  /** The source: equal text matches equal names. */
  readonly text: string;
}

export interface Alternative {
  /** Only what is below the matching paths, not they themselves (the glob ended in a `**` component). */
  readonly belowOnly: boolean;
  /** Empty for the root. */
  readonly components: readonly (Component | typeof GLOBSTAR)[];
  /** In place of components, where an extglob spans a slash: for whole paths, which begin with the literal `prefix`. */
  readonly whole: { readonly prefix: string; readonly regex: RegExp } | null;
}

export interface Glob {
  /** Began with `!`. */
  readonly negated: boolean;
  readonly alternatives: readonly Alternative[];
}

const MAX_LENGTH = 8192;
const MAX_ALTERNATIVES = 4096;

// fastpaths: micromatch's shortcuts leave a `.` unescaped in places. strictBrackets, debug: what is wrong is thrown, not taken literally.
// posix: without it `[!a]` is not the opposite of `[a]`.
const OPTIONS = { dot: true, nonegate: true, strictBrackets: true, posix: true, fastpaths: false, debug: true };

/** Parses a glob; a string says what is wrong with it. */
export function parseGlob(glob: string): Glob | string {
  // As in micromatch, `!(` begins an extglob.
  const negated = glob.startsWith('!') && !glob.startsWith('!(');
  const text = negated ? glob.slice(1) : glob;
  if (text.trim() === '') return 'it is empty';
  if (text.length > MAX_LENGTH) return `it is longer than ${MAX_LENGTH} characters`;
  if (text.includes('\0')) return 'it holds a NUL, which no path does';
  const count = countAlternatives(text);
  if (typeof count === 'string') return count;
  if (count > MAX_ALTERNATIVES) return `its braces stand for more than ${MAX_ALTERNATIVES} globs`;
  const alternatives: Alternative[] = [];
  for (const pattern of expand(fromText(text))) {
    const alternative = parseAlternative(pattern);
    if (typeof alternative === 'string') return alternative;
    alternatives.push(alternative);
  }
  return { negated, alternatives };
}

function expand(pattern: string): readonly string[] {
  // micromatch would drop quotes, as a shell does.
  const unquoted = pattern.replace(/\\.|["'`]/gs, (part) => (part.length === 1 ? `\\${part}` : part));
  if (!pattern.includes('{')) return [unquoted];
  return micromatch.braces(unquoted, { expand: true, keepEscaping: true, rangeLimit: MAX_ALTERNATIVES });
}

function parseAlternative(pattern: string): Alternative | string {
  const texts = split(pattern);
  if (typeof texts === 'string') return texts;
  const names = texts.filter((text) => text !== '');
  if (names.some((name) => name === '.' || name === '..')) return "a path of the merged root has no '.' or '..' in it";
  if (texts.length === 1 && names.length === 0) return 'one of its alternatives is empty';
  const parts = names.map((name) => (name === GLOBSTAR ? GLOBSTAR : parseComponent(name)));
  const wrong = parts.find((part) => part instanceof Error);
  if (wrong !== undefined) return wrong.message;
  const components: (Component | typeof GLOBSTAR)[] = [];
  const anchored = texts[0] === '' || names.length > 1;
  if (!anchored && !spansSlash(names)) components.push(GLOBSTAR);
  for (const part of parts as (Component | typeof GLOBSTAR)[]) {
    if (part !== GLOBSTAR || components.at(-1) !== GLOBSTAR) components.push(part);
  }
  const belowOnly = components.at(-1) === GLOBSTAR;
  if (belowOnly) components.pop();
  if (!spansSlash(names)) return { belowOnly, components, whole: null };
  const regex = compile(components.map((part) => (part === GLOBSTAR ? part : part.text)).join('/'));
  if (regex instanceof Error) return regex.message;
  return { belowOnly, components: [], whole: { prefix: literalPrefix(components), regex } };
}

function literalPrefix(components: Alternative['components']): string {
  let prefix = '';
  for (const part of components) {
    if (part === GLOBSTAR) break;
    prefix += part.before;
    if (!part.exact) break;
    prefix += '/';
  }
  return prefix;
}

function spansSlash(names: readonly string[]): boolean {
  return names.some((name) => name.includes('/'));
}

/** Cuts at the slashes that are in no group. */
function split(pattern: string): string[] | string {
  const texts: string[] = [];
  let start = 0;
  for (let at = 0; at < pattern.length;) {
    const unit = unitAt(pattern, at);
    if (typeof unit === 'string') return unit;
    if (unit.kind === 'slash') {
      texts.push(pattern.slice(start, at));
      start = unit.end;
    }
    at = unit.end;
  }
  texts.push(pattern.slice(start));
  return texts;
}

function parseComponent(name: string): Component | Error {
  let before = '';
  let inner = '';
  let run = '';
  let text = '';
  let stars = 0;
  let others = 0;
  for (let at = 0; at < name.length;) {
    const unit = unitAt(name, at);
    if (typeof unit === 'string') return new Error(unit);
    if (unit.kind === 'literal') {
      run += unit.char;
      text += escapeLiteral(unit.char);
    } else {
      if (stars + others === 0) before = run;
      else if (run.length > inner.length) inner = run;
      run = '';
      if (unit.kind === 'star') stars++;
      else others++;
      text += unit.kind === 'star' ? '*' : expandClasses(name.slice(at, unit.end));
    }
    at = unit.end;
  }
  if (stars + others === 0) return { before: run, inner, after: '', exact: true, regex: null, text };
  if (stars === 1 && others === 0) return { before, inner, after: run, exact: false, regex: null, text };
  // A group that spans a slash is compiled with the whole path, here only to be checked.
  const regex = compile(text);
  return regex instanceof Error ? regex : { before, inner, after: run, exact: false, regex, text };
}

function compile(text: string): RegExp | Error {
  try {
    // `s`: a name may hold newlines.
    return new RegExp(micromatch.makeRe(text, OPTIONS).source, 's');
  } catch (error) {
    return new Error((error as Error).message.replace(/^Invalid regular expression: .*: /s, ''));
  }
}
