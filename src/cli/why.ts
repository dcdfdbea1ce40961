// `rootsync why`: why an object is on flash or is not, and for whom. Of a live mount its mode and rules are asked; the rest is read from
// flash and disk, as without a mount.

import { readFileSync, readlinkSync } from 'node:fs';
import { Branch } from '../branch/branch.ts';
import { openDisk } from '../branch/open-branch.ts';
import type { ByteString } from '../bytes.ts';
import type { Event } from '../capture/event.ts';
import { showSize } from '../daemon/size.ts';
import { errnoName } from '../errno.ts';
import { DEFAULT_EXCLUDES } from '../policy/default-excludes.ts';
import { BadGlob } from '../policy/exclude-rule.ts';
import type { Rule } from '../policy/exclude-rule.ts';
import { Excludes } from '../policy/excludes.ts';
import { parseLiveRules } from '../policy/live-rules.ts';
import { LogFiles } from '../report/log-files.ts';
import { stateOf } from '../report/object-state.ts';
import { Records } from '../report/records.ts';
import { emptyDisk, treeOf } from '../report/tree-of.ts';
import { Gathering } from '../report/why.ts';
import type { WhyReport } from '../report/why.ts';
import { dup } from '../sys/open.ts';
import { describeProcess, detailsOf, printable } from './event-line.ts';
import { EXIT } from './exit-codes.ts';
import { chooseFlash, openLog, type ChosenFlash, type FlashWords } from './flash-choice.ts';
import { Failure } from './live-mount.ts';
import { mergedPath } from './merged-path.ts';
import { exactly } from './run/raw-words.ts';
import { say, writeAll } from './say.ts';
import { showMoment } from './time-words.ts';

export interface WhyOptions extends FlashWords {
  readonly disk?: string;
  readonly json?: true;
}

/** @throws Failure */
export async function why(words: readonly string[], options: WhyOptions): Promise<number> {
  if (options.disk !== undefined && options.flash === undefined)
    throw new Failure(EXIT.usage, '--disk goes with --flash: a mount has its own');
  const flash = await chooseFlash(options);
  const paths = exactly(words).map((word) => mergedPath(word, flash.base));
  const excludes = Excludes.compile(rulesOf(flash));
  if (excludes instanceof BadGlob) throw new Failure(EXIT.failed, excludes.message);
  const gathering = new Gathering(look(flash, options.disk, paths));
  readLog(flash, gathering);
  const reports = gathering.reports({
    mode: flash.live?.status.mode,
    disk:
      flash.live?.status.detached === true
        ? 'detached'
        : diskOf(flash, options.disk) === undefined
          ? 'not given'
          : 'seen',
    decide: (path) => excludes.decide(path),
  });
  const text = options.json
    ? `${JSON.stringify(reports, null, 2)}\n`
    : reports.map((report, i) => (i === 0 ? '' : '\n') + describe(report, flash)).join('');
  writeAll(1, text);
  return EXIT.ok;
}

/** The rules in force; without a mount, those that flash would have with no options. */
function rulesOf({ live, name }: ChosenFlash): readonly Rule[] {
  if (live !== undefined) return live.rules;
  const path = `${name}/.rootsync/excludes`;
  let content: Uint8Array;
  try {
    content = readFileSync(path);
  } catch {
    return DEFAULT_EXCLUDES;
  }
  const rules = parseLiveRules(path, content);
  if (rules instanceof BadGlob) throw new Failure(EXIT.failed, rules.message);
  return [...DEFAULT_EXCLUDES, ...rules];
}

function look(
  flash: ChosenFlash,
  diskPath: string | undefined,
  paths: readonly ByteString[],
): { asked: ByteString; state: ReturnType<typeof stateOf> }[] {
  const disk = openOther(flash, diskPath);
  const tree = treeOf(new Branch({ rootFd: dup(flash.fd), writable: false }), disk);
  if (typeof tree === 'number') throw new Failure(EXIT.failed, `${flash.name}/.rootsync/marks: ${errnoName(tree)}`);
  return paths.map((asked) => ({ asked, state: stateOf(tree, asked) }));
}

/** Where disk is, as seen from here; undefined: nobody said, or it is detached. */
function diskOf({ live }: ChosenFlash, diskPath: string | undefined): string | undefined {
  if (live === undefined) return diskPath;
  return live.status.detached ? undefined : seenFromHere(live.status.pid, live.status.disk);
}

function openOther(flash: ChosenFlash, diskPath: string | undefined): Branch {
  const { live, name } = flash;
  const path = diskOf(flash, diskPath);
  if (path === undefined) {
    const none = emptyDisk();
    if (typeof none === 'number') throw new Failure(EXIT.failed, errnoName(none));
    return none;
  }
  const hidden = live === undefined ? [name] : [live.status.flash, live.status.mountpoint];
  const disk = openDisk({ path, writable: false, hidden });
  if (typeof disk === 'number') throw new Failure(EXIT.path, `disk ${path}: ${errnoName(disk)}`);
  return disk;
}

/** A path of the daemon's, whose mounts may be others. */
function seenFromHere(pid: number, path: string): string {
  const mounts = (process: string): string | undefined => {
    try {
      return readlinkSync(`/proc/${process}/ns/mnt`);
    } catch {
      return undefined;
    }
  };
  const theirs = mounts(String(pid));
  return theirs === undefined || theirs === mounts('self') ? path : `/proc/${String(pid)}/root${path}`;
}

function readLog(flash: ChosenFlash, gathering: Gathering): void {
  const files = new LogFiles(openLog(flash));
  const news = new Records(files).read();
  for (let next = news.next(); ; next = news.next()) {
    if (next.done === true) {
      files.close();
      if (next.value < 0) throw new Failure(EXIT.failed, `the log cannot be read: ${errnoName(next.value)}`);
      return;
    }
    if ('damage' in next.value) say(`the log is damaged, the answer may lack something: ${next.value.damage}`);
    else gathering.add(next.value.record);
  }
}

/** Events shown for people, beside the first. */
const MOST_LATER = 6;

function describe(report: WhyReport, { live }: ChosenFlash): string {
  const lines = report.hops.map(({ path, target }) => `${printable(path)} leads to ${printable(target)}`);
  lines.push(`${printable(report.path)}: ${whatItIs(report)}${printable(report.explanation)}`);
  const mountpoint = live?.status.mountpoint ?? '/';
  if (report.verdict === 'absent' && mountpoint !== '/' && report.path.startsWith(`${mountpoint}/`))
    lines.push(`  (as in the merged root, that would be ${printable(report.path.slice(mountpoint.length))})`);
  if (report.diskPath !== undefined) lines.push(`  on disk it is ${printable(report.diskPath)}`);
  if (report.becauseOf.length > 0) lines.push(`  because of ${report.becauseOf.map(printable).join(', ')}`);
  const [first, ...later] = report.events;
  if (first !== undefined) lines.push(...describeEvent(first), ...parents(first));
  const left = later.length - MOST_LATER;
  if (left > 0) lines.push(`  ... ${String(left)} more, which rootsync log ${printable(report.path)} tells`);
  for (const event of left > 0 ? later.slice(left) : later) lines.push(...describeEvent(event));
  return `${lines.join('\n')}\n`;
}

function whatItIs({ objectKind, size, target }: WhyReport): string {
  if (objectKind === null) return '';
  const more = size !== undefined ? `, ${showSize(size)}` : target === undefined ? '' : ` to ${printable(target)}`;
  return `${objectKind}${more}, `;
}

function describeEvent(event: Event): string[] {
  const who = event.requester === null ? '' : ` by ${describeProcess(event.requester)}`;
  const details = [...detailsOf(event), `mode ${event.mode}`].join(', ');
  return [`  ${showMoment(event.time)}  ${event.kind}${who} (${printable(details)})`];
}

function parents({ requester }: Event): string[] {
  if (requester === null || requester.parents.length === 0) return [];
  return [`    started by ${requester.parents.map(describeProcess).join(', by ')}`];
}
