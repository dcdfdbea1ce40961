// An exclude rule as people write it and are shown it, and how a bad one is reported. Knows nothing of how rules are matched.

/** One rule; its place in a list is its rank: the last that matches a path decides. Public: `exclude list --json` prints it. */
export interface Rule {
  /** As written, `!` included; text in UTF-8. */
  readonly glob: string;
  /** Where it was given. `live`: while a mount was in use; kept on its flash. */
  readonly source: 'built-in' | 'file' | 'option' | 'live';
  /** Of a rule from a file: its path, and the line that it stands in. */
  readonly file?: string;
  readonly line?: number;
  /** Why it is built in. */
  readonly reason?: string;
}

/** Where a rule was given, in a few words: `built-in`, `option`, `live`, or `FILE:LINE`. */
export function sourceOf({ source, file, line }: Rule): string {
  return file === undefined ? source : `${file}:${String(line ?? 0)}`;
}

/** A rule that cannot be used; `message` says which, where and why. */
export class BadGlob {
  readonly rule: Rule;
  readonly why: string;

  constructor(rule: Rule, why: string) {
    this.rule = rule;
    this.why = why;
  }

  get message(): string {
    const { glob, file, source } = this.rule;
    const where = file === undefined ? '' : `${sourceOf(this.rule)}: `;
    const origin = source === 'built-in' ? ' (built-in)' : '';
    return `${where}bad exclude glob '${glob}'${origin}: ${this.why}`;
  }
}
