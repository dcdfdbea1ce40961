// Marks by path on disk, held against disk: what is marked as removed, replaced or counted must be there. A mark of a name that disk lacks means
// nothing and may be dropped, unless it looks as if a part of disk is not mounted. Reads disk, changes nothing.

import type { Branch } from '../branch/branch.ts';
import type { BranchDir } from '../branch/branch-dir.ts';
import { join } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { ENOENT, ENOTDIR, errnoName } from '../errno.ts';
import { newStat } from '../sys/stat.ts';
import { inoKey, InodeNumbers } from '../tree/ino.ts';
import { OPAQUE, SPENT, WHITEOUT } from '../tree/marks.ts';
import type { DiskLinks, Marks } from '../tree/marks.ts';
import { NONE, ROOT } from '../tree/name-trie.ts';
import { S_IFDIR, S_IFMT } from '../tree/node.ts';
import type { Findings } from './finding.ts';
import { isEmptyDirectory } from './listing.ts';

interface Place {
  readonly path: ByteString;
  /** Node of `marks.disk`. */
  readonly mark: number;
  /** null: disk has no such directory. */
  readonly dir: BranchDir | null;
  /** Of what is above, and disk has: whether it is empty, as a place is where nothing is mounted. */
  readonly bare: boolean;
}

interface Counted {
  readonly nodes: number[];
  readonly paths: ByteString[];
  missing: number;
  wrong: string;
  bare: boolean;
}

interface Check {
  readonly marks: Marks;
  readonly disk: Branch;
  readonly findings: Findings;
  readonly inos: InodeNumbers;
  readonly counted: Map<DiskLinks, Counted>;
  marked: number;
}

const stat = newStat();

/** The number of names that are marked. */
export function checkMarks(marks: Marks, disk: Branch, findings: Findings): number {
  const check: Check = {
    marks,
    disk,
    findings,
    inos: new InodeNumbers(disk.rootStat.devMajor, disk.rootStat.devMinor),
    counted: new Map(),
    marked: 0,
  };
  const open: Place[] = [{ path: '' as ByteString, mark: ROOT, dir: disk.root, bare: false }];
  for (let place = open.pop(); place !== undefined; place = open.pop()) checkNames(check, place, open);
  for (const [links, all] of check.counted) sumUp(marks, links, all, findings);
  return check.marked;
}

function checkNames(check: Check, { dir, mark, path, bare: bareAbove }: Place, open: Place[]): void {
  const { disk, findings, marks } = check;
  let bare = bareAbove;
  let looked = dir === null;
  for (const child of marks.disk.children(mark)) {
    const name = marks.disk.name(child);
    const below = join(path, name);
    const flags = marks.disk.flags(child);
    if ((flags & (WHITEOUT | OPAQUE)) !== 0) check.marked++;
    const err = dir === null ? ENOENT : disk.stat(dir, name, stat);
    const gone = err === ENOENT || err === ENOTDIR;
    if (err < 0 && !gone) {
      findings.add('unreadable', below, errnoName(err));
      continue;
    }
    if (gone && dir !== null && !looked) {
      bare = dir.husk || isEmptyDirectory(disk, dir);
      looked = true;
    }
    if (gone) checkGone(marks, below, child, bare, findings);
    if ((flags & SPENT) !== 0) count(check, below, child, marks.spentAt(child), gone, bare);
    if (marks.disk.firstChild(child) === NONE) continue;
    const isDirectory = !gone && (stat.mode & S_IFMT) === S_IFDIR;
    const inside = isDirectory && dir !== null ? disk.child(dir, name, stat) : null;
    open.push({ path: below, mark: child, dir: inside, bare });
  }
}

function checkGone(marks: Marks, path: ByteString, node: number, bare: boolean, findings: Findings): void {
  if ((marks.disk.flags(node) & (WHITEOUT | OPAQUE)) === 0) return;
  findings.add(
    'mark-without-disk',
    path,
    bare ? 'the directory above it is empty on disk: is something not mounted there? The mark is kept' : '',
    bare
      ? null
      : () => {
          marks.unmark(node, WHITEOUT | OPAQUE);
        },
  );
}

function count(
  { counted, inos }: Check,
  path: ByteString,
  node: number,
  links: DiskLinks,
  gone: boolean,
  bare: boolean,
): void {
  let all = counted.get(links);
  if (all === undefined) counted.set(links, (all = { nodes: [], paths: [], missing: 0, wrong: '', bare: false }));
  all.nodes.push(node);
  all.paths.push(path);
  if (gone) {
    all.missing++;
    all.bare ||= bare;
    return;
  }
  inos.ofDisk(stat.devMajor, stat.devMinor, stat.inoLo, stat.inoHi);
  if (inoKey(inos.lo, inos.hi) !== inoKey(links.inoLo, links.inoHi))
    all.wrong = 'another file has one of its names now';
  else if (stat.nlink !== links.links)
    all.wrong = `${String(links.links)} names were counted, now there are ${String(stat.nlink)}`;
}

function sumUp(marks: Marks, links: DiskLinks, all: Counted, findings: Findings): void {
  const [path] = all.paths;
  if (path === undefined) return;
  // None of the names is there: the count is of a file that nobody can find. Where only some are missing, what is left still counts them.
  const forget = (): void => {
    for (const node of all.nodes) marks.unmark(node, SPENT);
  };
  if (all.missing === all.nodes.length)
    findings.add('spent-disagrees', path, 'disk has none of them any more', all.bare ? null : forget);
  else if (all.missing > 0) findings.add('spent-disagrees', path, `${String(all.missing)} of them are gone from disk`);
  else if (all.wrong !== '') findings.add('spent-disagrees', path, all.wrong);
  else if (links.spent !== all.nodes.length || links.spent > links.links)
    findings.add('spent-disagrees', path, `${String(links.spent)} of ${String(links.links)} are said to be used up`);
}
