// SQLite in rollback and WAL mode on a database that starts on disk, written by four processes at once. Guards against a copy-up that loses
// pages, against locks and shared memory that do not join the processes, and against a commit that a kill of the daemon undoes.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { MountedRoot, needsMount, within } from '../mounted-root.ts';
import { assertSameTree, begin, run, treeOf } from './programs.ts';
import type { Running } from './programs.ts';

const WORKERS = 4;
/** Of each process, in a test without a kill: 10,000 in all where data are passed through, and a tenth of that where each write is a request. */
const COMMITS = Number(process.env['COMMITS'] ?? 2500);

type Journal = 'delete' | 'wal';

// The database is copied while its last change is in the WAL only, or in the file only with a hot journal beside it: so disk starts as a
// machine does that lost its power.
const CREATE = String.raw`
import shutil, sqlite3, sys
journal, path = sys.argv[1:]
work = path + '.work'
db = sqlite3.connect(work, isolation_level=None)
db.execute('pragma journal_mode=' + journal)
db.execute('pragma cache_size=10')
db.execute('create table entry (worker integer, n integer, filler text, primary key (worker, n)) without rowid')
db.execute('create table total (worker integer primary key, n integer)')
db.execute('begin')
for n in range(3000): db.execute('insert into entry values (0, ?, ?)', (n, 'x' * 200))
for w in range(1, 9): db.execute('insert into total values (?, 0)', (w,))
db.execute('commit')
if journal == 'delete':
    db.execute('begin immediate')
    db.execute('update entry set filler = filler || ?', ('lost',))
for part in ('', '-wal', '-journal'):
    try: shutil.copyfile(work + part, path + part)
    except FileNotFoundError: pass
`;

const WORK = String.raw`
import sqlite3, sys
path, synchronous, (worker, first, last) = sys.argv[1], sys.argv[2], map(int, sys.argv[3:])
db = sqlite3.connect(path, isolation_level=None, timeout=60)
db.execute('pragma synchronous=' + synchronous)
for n in range(first, last + 1):
    db.execute('begin immediate')
    db.execute('insert into entry values (?, ?, ?)', (worker, n, 'y' * (n % 300)))
    db.execute('update total set n = n + 1 where worker = ?', (worker,))
    db.execute('commit')
    print(n, flush=True)
`;

const CHECK = String.raw`
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
print(db.execute('pragma integrity_check').fetchone()[0], db.execute('pragma journal_mode').fetchone()[0])
print(db.execute("select count(*) from entry where worker = 0 and filler not like '%lost'").fetchone()[0])
for worker, total, count, last in db.execute('select t.worker, t.n, count(e.n), max(e.n) from total t left join entry e on e.worker = t.worker group by t.worker'):
    if not (total == count == (last or 0)): print('worker', worker, 'total', total, 'rows', count, 'last', last)
    print(count)
`;

const PATHS = { 'passed through': true, served: false } as const;

describe('SQLite on a database that starts on disk', function () {
  this.timeout(180_000);
  needsMount();

  for (const [name, passthrough] of Object.entries(PATHS))
    for (const journal of ['delete', 'wal'] as const) {
      it(`${name}, journal_mode=${journal}: four processes lose no transaction`, async () => {
        await using root = await rootWith(journal, passthrough);
        const before = await treeOf(root.disk, { times: true });
        const commits = passthrough ? COMMITS : COMMITS / 10;
        const workers = startWorkers(root, 'off', commits);
        for (const { status, stderr } of await Promise.all(workers.map(({ ended }) => ended)))
          assert.equal(status, 0, stderr);
        const wanted = Array<number>(WORKERS).fill(commits);
        await assertHolds(root.mountpoint, journal, wanted);
        await root.stop();
        await assertHolds(root.flash, journal, wanted);
        assertSameTree(await treeOf(root.disk, { times: true }), before, 'disk');
        assert.deepEqual(root.warnings, []);
      });

      it(`${name}, journal_mode=${journal}: what was committed is there after kill -9 of the daemon`, async () => {
        await using root = await rootWith(journal, passthrough);
        const before = await treeOf(root.disk, { times: true });
        const committed = Array<number>(WORKERS).fill(0);
        // The second time flash has the database.
        for (const more of [8, 20]) {
          const workers = startWorkers(root, 'full', 1_000_000, committed);
          const enough = (worker: Running, at: number): boolean => lastCommit(worker) >= (committed[at] ?? 0) + more;
          await within(
            'commits',
            until(() => workers.every(enough)),
          );
          await root.kill();
          const ends = await within('the workers to end', Promise.all(workers.map(({ ended }) => ended)));
          assert.ok(
            ends.every(({ status }) => status !== 0),
            'nothing was killed under them',
          );
          await root.start();
          const found = await assertHolds(root.mountpoint, journal);
          ends.forEach((end, at) => {
            const said = lastCommit({ stdout: () => end.stdout });
            assert.ok((found[at] ?? 0) >= said, `worker ${at + 1}: ${said} were committed, ${found[at]} are there`);
            committed[at] = found[at] ?? 0;
          });
        }
        assertSameTree(await treeOf(root.disk, { times: true }), before, 'disk');
        assert.deepEqual(root.warnings, []);
      });
    }
});

async function rootWith(journal: Journal, passthrough: boolean): Promise<MountedRoot> {
  const root = new MountedRoot({ config: { passthrough } });
  mkdirSync(`${root.disk}/srv`);
  await run(['python3', '-c', CREATE, journal, `${root.dir}/bank`]);
  await run(['sh', '-c', `rm -f "$0"/bank.work*; mv "$0"/bank* "$0/disk/srv/"`, root.dir]);
  return root.start();
}

/** Each goes on where it had come to. */
function startWorkers(root: MountedRoot, synchronous: string, last: number, done: readonly number[] = []): Running[] {
  return Array.from({ length: WORKERS }, (_, at) => {
    const [worker, first] = [at + 1, (done[at] ?? 0) + 1];
    const words = [`${root.mountpoint}/srv/bank`, synchronous, String(worker), String(first), String(last)];
    return begin(['python3', '-c', WORK, ...words]);
  });
}

/** The last commit that a worker has told of; 0 if none. A line that was cut off does not count. */
function lastCommit({ stdout }: Pick<Running, 'stdout'>): number {
  return Number(stdout().split('\n').at(-2) ?? 0);
}

async function until(met: () => boolean): Promise<void> {
  while (!met()) await pause(10);
}

/** The database is whole, and each worker's transactions are there without a gap; how many they are. */
async function assertHolds(tree: string, journal: Journal, wanted?: readonly number[]): Promise<number[]> {
  const [integrity, untouched, ...counts] = (await run(['python3', '-c', CHECK, `${tree}/srv/bank`]))
    .trimEnd()
    .split('\n');
  assert.equal(integrity, `ok ${journal}`);
  assert.equal(untouched, '3000', 'rows that disk had');
  const found = counts.map(Number).slice(0, WORKERS);
  if (wanted !== undefined) assert.deepEqual(found, wanted, counts.join('\n'));
  assert.ok(found.every(Number.isInteger), counts.join('\n'));
  return found;
}
