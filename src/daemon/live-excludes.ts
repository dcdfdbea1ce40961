// The exclude rules of a mount and where they were given; those given while it is in use are kept on flash, in `.rootsync/excludes`, from
// before they are obeyed. Knows nothing of how rules are obeyed.

import { asBytes } from '../bytes.ts';
import { ENOENT, ENOSPC, errnoName } from '../errno.ts';
import { Refusal } from '../control/refusal.ts';
import { DEFAULT_EXCLUDES } from '../policy/default-excludes.ts';
import { BadGlob, sourceOf } from '../policy/exclude-rule.ts';
import type { Rule } from '../policy/exclude-rule.ts';
import { liveRulesText, parseLiveRules, withoutRules, withRules } from '../policy/live-rules.ts';
import { fsync, read, write } from '../sys/io.ts';
import { renameat2, unlinkat } from '../sys/link.ts';
import { close, O_CLOEXEC, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, openat } from '../sys/open.ts';
import { newStat, statxFd } from '../sys/stat.ts';
import type { FlashLayout } from './flash-layout.ts';
import { StartError } from './start-error.ts';
import { didYouMean } from './suggest.ts';

const EXCLUDES = asBytes('excludes');

/** Has the live rules obeyed from now on. @throws Refusal */
export type Obey = (rules: readonly Rule[]) => Promise<void>;

export class LiveExcludes {
  readonly #layout: FlashLayout;
  readonly #path: string;
  readonly #configured: readonly Rule[];
  #live: readonly Rule[];

  private constructor(layout: FlashLayout, path: string, configured: readonly Rule[], live: readonly Rule[]) {
    this.#layout = layout;
    this.#path = path;
    this.#configured = configured;
    this.#live = live;
  }

  /** `flash` is named in messages; `configured` are the rules of options and files. */
  static open(layout: FlashLayout, flash: string, configured: readonly Rule[]): LiveExcludes | StartError {
    const path = `${flash}/.rootsync/excludes`;
    const content = readAll(layout.home);
    if (content === ENOENT) return new LiveExcludes(layout, path, configured, []);
    if (typeof content === 'number') return new StartError('path', `${path}: ${errnoName(content)}`);
    const live = parseLiveRules(path, content);
    if (live instanceof BadGlob) return new StartError('usage', `${live.message}; mend or remove that line`);
    return new LiveExcludes(layout, path, configured, live);
  }

  /** Those given while the mount was in use. */
  get live(): readonly Rule[] {
    return this.#live;
  }

  /** All, in their order. */
  get all(): readonly Rule[] {
    return [...DEFAULT_EXCLUDES, ...this.#configured, ...this.#live];
  }

  /** Adds rules at the end, durably. @throws Refusal; then nothing was changed. */
  async add(globs: readonly string[], obey: Obey): Promise<void> {
    const rules = withRules(this.#live, globs);
    if (rules instanceof BadGlob) throw new Refusal('bad-args', `${rules.message}; nothing was changed`);
    await this.#change(rules, obey);
  }

  /** Removes rules that were added, durably. @throws Refusal; then nothing was changed. */
  async remove(globs: readonly string[], obey: Obey): Promise<void> {
    const found = withoutRules(this.#live, globs);
    if ('unknown' in found) {
      const reasons = found.unknown.map((glob) => this.#whyNot(glob));
      throw new Refusal('bad-args', `${reasons.join('\n')}\nnothing was changed`);
    }
    await this.#change(found.rules, obey);
  }

  #whyNot(glob: string): string {
    const rule = [...DEFAULT_EXCLUDES, ...this.#configured].find((known) => known.glob === glob);
    if (rule === undefined) {
      const names = this.#live.map((known) => known.glob);
      return `no live rule '${glob}'${didYouMean(glob, names)}: rootsync exclude list shows them`;
    }
    const opposite = /^!(?!\()/.test(glob) ? glob.slice(1) : `!${glob}`;
    return `'${glob}' is not a live rule (${sourceOf(rule)}): rootsync exclude add '${opposite}' outdoes it`;
  }

  async #change(rules: readonly Rule[], obey: Obey): Promise<void> {
    const before = this.#live;
    const saved = this.#save(rules);
    if (saved < 0) throw new Refusal('failed', `${this.#path}: ${errnoName(saved)}; nothing was changed`);
    this.#live = rules;
    try {
      await obey(rules);
    } catch (error) {
      // Unless somebody else has changed them since, with the same outcome.
      if (this.#live === rules) {
        this.#live = before;
        this.#save(before);
      }
      throw error;
    }
  }

  /** Whole or not at all, also after a power cut. Errors: what open, write, fsync and rename give. */
  #save(rules: readonly Rule[]): number {
    const { home, stage } = this.#layout;
    // In the stage: what a crash leaves there is swept at the next mount.
    const fd = openat(stage.fd, EXCLUDES, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600);
    if (fd < 0) return fd;
    let err = writeAll(fd, Buffer.from(liveRulesText(rules)));
    if (err >= 0) err = fsync(fd);
    close(fd);
    if (err >= 0) err = renameat2(stage.fd, EXCLUDES, home, EXCLUDES, 0);
    if (err >= 0) return fsync(home);
    unlinkat(stage.fd, EXCLUDES);
    return err;
  }
}

function readAll(home: number): Buffer | number {
  const fd = openat(home, EXCLUDES, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fd;
  const stat = newStat();
  let err = statxFd(fd, stat);
  const content = Buffer.alloc(err < 0 ? 0 : stat.size);
  let length = 0;
  while (err >= 0 && length < content.length) {
    err = read(fd, content, length, content.length - length);
    if (err === 0) break;
    length += Math.max(err, 0);
  }
  close(fd);
  return err < 0 ? err : content.subarray(0, length);
}

function writeAll(fd: number, content: Buffer): number {
  for (let done = 0; done < content.length;) {
    const n = write(fd, content, done, content.length - done);
    if (n <= 0) return n < 0 ? n : ENOSPC;
    done += n;
  }
  return 0;
}
