// `rootsync exclude`: shows the rules, says which one decides about a path, adds and removes rules of a live mount. Rules are plain text:
// which of them decides is worked out here, by the same code that a mount runs.

import { asBytes, display } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { ClientError } from '../control/client.ts';
import { liveMounts } from '../control/mounts.ts';
import type { MountEntry } from '../control/mounts.ts';
import { collectRules } from '../daemon/exclude-rules.ts';
import type { ExcludeOption } from '../daemon/exclude-rules.ts';
import { StartError } from '../daemon/start-error.ts';
import { DEFAULT_EXCLUDES } from '../policy/default-excludes.ts';
import { BadGlob, sourceOf } from '../policy/exclude-rule.ts';
import type { Rule } from '../policy/exclude-rule.ts';
import { Excludes } from '../policy/excludes.ts';
import type { Decision } from '../policy/excludes.ts';
import { EXIT, EXIT_OF_START } from './exit-codes.ts';
import { asFailure, Failure, findMount, talkTo } from './live-mount.ts';
import { baseWithin, mergedPath } from './merged-path.ts';
import { exactly } from './run/raw-words.ts';
import { say, writeAll } from './say.ts';

export interface ExcludeOptions {
  readonly mount?: string;
  /** Of no mount, whatever is mounted. */
  readonly builtIn?: true;
  readonly json?: true;
}

/** Rules, and whose they are. */
interface Shown {
  /** null: of no mount. */
  readonly mountpoint: string | null;
  readonly title: string;
  readonly rules: readonly Rule[];
  /** What relative paths continue. */
  readonly base: ByteString;
}

/** `given`: options of a mount that there need not be. @throws Failure */
export async function listExcludes(given: readonly ExcludeOption[], options: ExcludeOptions): Promise<number> {
  const { mountpoint, title, rules } = await rulesToShow(given, options);
  writeAll(1, options.json ? `${JSON.stringify({ mountpoint, rules }, null, 2)}\n` : `${title}\n${table(rules)}`);
  return EXIT.ok;
}

/** @throws Failure */
export async function testExcludes(
  words: readonly string[],
  given: readonly ExcludeOption[],
  options: ExcludeOptions,
): Promise<number> {
  const { mountpoint, title, rules, base } = await rulesToShow(given, options);
  const excludes = Excludes.compile(rules);
  if (excludes instanceof BadGlob) throw new Failure(EXIT.failed, excludes.message);
  const decisions = exactly(words).map((word) => {
    const path = mergedPath(word, base);
    return { path: `/${display(path)}`, ...excludes.decide(path) };
  });
  if (options.json) writeAll(1, `${JSON.stringify({ mountpoint, decisions }, null, 2)}\n`);
  else writeAll(1, `${title}\n${decisions.map((decision) => `${decision.path}: ${describe(decision)}\n`).join('')}`);
  return EXIT.ok;
}

/** @throws Failure */
export async function changeExcludes(
  how: 'exclude-add' | 'exclude-rm',
  globs: readonly string[],
  options: ExcludeOptions,
): Promise<number> {
  const mount = findMount(options.mount);
  const client = await talkTo(mount);
  try {
    const { complete } = await client.request(how, { globs });
    if (!complete)
      say('some of what the kernel has cached may not be captured by its next use: something holds its locks');
  } catch (error) {
    if (error instanceof ClientError && error.code === 'bad-args') throw new Failure(EXIT.usage, error.message);
    throw asFailure(error, mount);
  } finally {
    client.close();
  }
  return EXIT.ok;
}

async function rulesToShow(given: readonly ExcludeOption[], { mount, builtIn }: ExcludeOptions): Promise<Shown> {
  const offline = builtIn === true || given.length > 0;
  if (offline && mount !== undefined)
    throw new Failure(EXIT.usage, '--mount is for the rules of a mount, --built-in and --exclude for those of none');
  if (!offline && (mount !== undefined || liveMounts().length > 0)) return rulesOfMount(findMount(mount));
  const rules = collectRules(given);
  if (rules instanceof StartError) throw new Failure(EXIT_OF_START[rules.kind], rules.message);
  const those = rules.length > 0 ? ' and those given here' : '';
  const why = offline ? 'of no mount' : 'nothing is mounted';
  const title = `built-in exclude rules${those} (${why}), in order: the last that matches decides`;
  return { mountpoint: null, title, rules: [...DEFAULT_EXCLUDES, ...rules], base: asBytes('') };
}

async function rulesOfMount(mount: MountEntry): Promise<Shown> {
  const client = await talkTo(mount);
  try {
    const { rules } = await client.request('excludes', {});
    const mountpoint = display(mount.mountpoint);
    return {
      mountpoint,
      title: `exclude rules of the mount at ${mountpoint}, in order: the last that matches decides`,
      rules,
      base: baseWithin(mount.mountpoint),
    };
  } catch (error) {
    throw asFailure(error, mount);
  } finally {
    client.close();
  }
}

const WIDEST = 40;

function table(rules: readonly Rule[]): string {
  const width = Math.min(WIDEST, Math.max(...rules.map(({ glob }) => glob.length)));
  return rules.map((rule) => `  ${rule.glob.padEnd(width)}  ${origin(rule)}\n`).join('');
}

function origin(rule: Rule): string {
  return rule.reason === undefined ? sourceOf(rule) : `${sourceOf(rule)}: ${rule.reason}`;
}

function describe({ excluded, directoryMade, rule }: Decision): string {
  if (rule === null) return 'captured: no rule matches';
  if (!excluded) return `captured: taken back by ${rule.glob} (${origin(rule)})`;
  const made = directoryMade ? '; a directory is made, without its files' : '';
  return `excluded by ${rule.glob} (${origin(rule)})${made}`;
}
