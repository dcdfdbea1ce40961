// An exclude rule as people write it, and how a bad one is reported. Knows nothing of how rules are matched.

/** Where a rule was written: `file:NAME:LINE` for a line of an exclude file, `control` for the running control socket. */
export type RuleSource = 'default' | 'option' | 'control' | `file:${string}:${number}`;

/** One rule; its place in the list of rules is its rank (the last that matches decides). */
export interface Rule {
  /** As written, `!` included; text in UTF-8. */
  readonly glob: string;
  readonly source: RuleSource;
  readonly reason?: string;
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
    const { glob, source } = this.rule;
    const where = source.startsWith('file:') ? `${source.slice('file:'.length)}: ` : '';
    const origin = source === 'default' || source === 'control' ? ` (${source})` : '';
    return `${where}bad exclude glob '${glob}'${origin}: ${this.why}`;
  }
}
