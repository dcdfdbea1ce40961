// Reads the syntax of a glob, unit by unit: which bytes are literal, and where classes, groups and braces begin and end.
// Knows no matching. What it hands on to micromatch has every literal escaped, so that both read a glob alike.

/** One unit of a glob: `one` is `?`, `class` is `[...]`, `group` is `(...)` with the sign before it (an extglob). */
export interface Unit {
  readonly kind: 'literal' | 'slash' | 'star' | 'one' | 'class' | 'group';
  readonly end: number;
  /** A literal's character, unescaped. */
  readonly char: string;
}

const POSIX_CLASSES = new Map([
  ['alnum', 'a-zA-Z0-9'],
  ['alpha', 'a-zA-Z'],
  ['blank', '\\x09\\x20'],
  ['cntrl', '\\x00-\\x1f\\x7f'],
  ['digit', '0-9'],
  ['graph', '\\x21-\\x7e'],
  ['lower', 'a-z'],
  ['print', '\\x20-\\x7e'],
  ['punct', '\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e'],
  ['space', '\\x09-\\x0d\\x20'],
  ['upper', 'A-Z'],
  ['xdigit', '0-9a-fA-F'],
]);

const NAMED_CLASS = /\[:(\w*):\]/g;
const EXTGLOB = '?*+@!';

/** The unit that begins at `at`; a string says what is wrong there. Braces are literals here. */
export function unitAt(glob: string, at: number): Unit | string {
  const char = glob.charAt(at);
  const next = glob.charAt(at + 1);
  if (char === '\\') {
    if (next === '') return 'it ends in a backslash';
    return next === '/' ? { kind: 'slash', end: at + 2, char: next } : { kind: 'literal', end: at + 2, char: next };
  }
  if (char === '/') return { kind: 'slash', end: at + 1, char };
  if (char === '[') return classAt(glob, at);
  if (char === '(') return groupAt(glob, at, at + 1);
  if (next === '(' && EXTGLOB.includes(char)) return groupAt(glob, at, at + 2);
  if (char === ')') return "a ')' closes nothing (write \\) for the character)";
  if (char === '?') return { kind: 'one', end: at + 1, char };
  if (char === '*') {
    let end = at + 1;
    while (glob[end] === '*' && glob[end + 1] !== '(') end++;
    return { kind: 'star', end, char };
  }
  return { kind: 'literal', end: at + 1, char };
}

function classAt(glob: string, at: number): Unit | string {
  let end = at + 1;
  if (glob[end] === '!' || glob[end] === '^') end++;
  // A `]` in the first place stands for itself.
  if (glob[end] === ']') end++;
  while (end < glob.length && glob[end] !== ']') {
    const posix = glob.startsWith('[:', end) ? glob.indexOf(':]', end + 2) : -1;
    if (posix >= 0) end = posix + 2;
    else end += glob[end] === '\\' ? 2 : 1;
  }
  if (end >= glob.length) return "a '[' is not closed (write \\[ for the character)";
  const text = glob.slice(at, end + 1);
  if (text.includes('/')) return `a slash cannot be in ${text}`;
  if (/^\[:\w*:\]$/.test(text)) return `a class is named within brackets: [${text}]`;
  for (const [named, name] of text.matchAll(NAMED_CLASS)) {
    if (!POSIX_CLASSES.has(name ?? '')) return `there is no class ${named}`;
  }
  if (/[^\p{ASCII}]/u.test(text))
    return `${text} stands for one byte, so it can hold ASCII only (write {ä,ö} for [äö])`;
  return { kind: 'class', end: repeatEnd(glob, end + 1), char: '' };
}

function groupAt(glob: string, at: number, inside: number): Unit | string {
  let end = inside;
  while (end < glob.length && glob[end] !== ')') {
    const unit = unitAt(glob, end);
    if (typeof unit === 'string') return unit;
    end = unit.end;
  }
  if (end >= glob.length) return `a '${glob.slice(at, inside)}' is not closed (write \\( for the character)`;
  return { kind: 'group', end: repeatEnd(glob, end + 1), char: '' };
}

/** In micromatch a `+` behind a class or a group repeats it, as in a regular expression. */
function repeatEnd(glob: string, end: number): number {
  return glob[end] === '+' && glob[end + 1] !== '(' ? end + 1 : end;
}

/** How many globs the braces of a glob stand for (1 without any); a string says what is wrong with them, or with anything else. */
export function countAlternatives(glob: string): number | string {
  const open: { start: number; sum: number; product: number }[] = [];
  let product = 1;
  for (let at = 0; at < glob.length;) {
    const char = glob.charAt(at);
    const top = open.at(-1);
    if (char === '{') {
      open.push({ start: at, sum: 0, product });
      product = 1;
    } else if (char === ',' && top !== undefined) {
      top.sum += product;
      product = 1;
    } else if (char === '}' && top !== undefined) {
      open.pop();
      const inside = glob.slice(top.start + 1, at);
      product = top.product * (top.sum > 0 ? top.sum + product : product * rangeLength(inside));
    }
    if ('{,}()|'.includes(char)) {
      at++;
      continue;
    }
    const unit = unitAt(glob, at);
    if (typeof unit === 'string') return unit;
    at = unit.kind === 'group' ? at + 1 : unit.end;
  }
  return open.length > 0 ? "a '{' is not closed (write \\{ for the character)" : product;
}

function rangeLength(inside: string): number {
  const range = /^(.+?)\.\.(.+?)(\.\..*)?$/s.exec(inside);
  if (range === null) return 1;
  const length = Math.abs(Number(range[2]) - Number(range[1])) + 1;
  return Number.isNaN(length) ? 256 : length;
}

/** Named classes written out, for a unit that is or holds a class, as micromatch takes it: it loses escapes that come after a named class. */
export function expandClasses(text: string): string {
  return text.replace(NAMED_CLASS, (_, name: string) => POSIX_CLASSES.get(name) ?? '');
}

/** A literal character as micromatch and its braces take it, whatever it is. */
export function escapeLiteral(char: string): string {
  return /[A-Za-z0-9._\x80-\uffff-]/.test(char) ? char : `\\${char}`;
}
