// Flashes made by hand, one fault each, and what a check says of them and does about them. Guards against a check that is silent about a fault,
// that takes for one what using rootsync leaves, or whose repair touches what it must not.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { linkSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { openDisk, openFlash } from '../../src/branch/open-branch.ts';
import { asBytes } from '../../src/bytes.ts';
import { fsck } from '../../src/report/fsck.ts';
import type { FsckReport } from '../../src/report/fsck.ts';
import { close, O_DIRECTORY, O_RDONLY, openat } from '../../src/sys/open.ts';
import { newStat, statxAt } from '../../src/sys/stat.ts';
import type { Stat } from '../../src/sys/stat.ts';
import { identityOf } from '../../src/tree/flash-identity.ts';
import { inoKey } from '../../src/tree/ino.ts';
import { MarkLog } from '../../src/tree/mark-log.ts';
import { Marks } from '../../src/tree/marks.ts';
import type { MarkRecord } from '../../src/tree/mark-record.ts';
import { got, ok, place } from '../sys/place.ts';

describe('report/fsck', () => {
  const here = place();
  const flash = (...names: string[]): string => join(here.dir, 'flash', ...names);
  const disk = (...names: string[]): string => join(here.dir, 'disk', ...names);
  const log = (): string => flash('.rootsync', 'marks');

  beforeEach(() => {
    mkdirSync(flash('.rootsync', 'stage'), { recursive: true });
    mkdirSync(disk('etc'), { recursive: true });
    writeFileSync(disk('etc/hosts'), 'disk');
    writeFileSync(disk('hard'), 'one');
    linkSync(disk('hard'), disk('etc/hard'));
  });

  function inHome<T>(use: (home: number) => T): T {
    const home = ok(openat(here.fd, asBytes('flash/.rootsync'), O_RDONLY | O_DIRECTORY));
    try {
      return use(home);
    } finally {
      close(home);
    }
  }

  function mark(...records: readonly MarkRecord[]): void {
    inHome((home) => {
      const { log } = got(MarkLog.open(home, new Marks(inoKey)));
      for (const record of records) ok(log.append(record));
      log.close();
    });
  }

  function check(repair = false): FsckReport {
    const branches = {
      flash: got(openFlash(flash())),
      disk: got(openDisk({ path: disk(), writable: false, hidden: [] })),
    };
    try {
      return inHome((home) => fsck({ ...branches, home, repair }));
    } finally {
      for (const branch of Object.values(branches)) branch.close();
    }
  }

  /** What is found, in short. */
  const found = ({ findings }: FsckReport): string[] => findings.map(({ kind, path }) => `${kind} ${path}`);

  /** The only fault, which a repair mends; neither tree changes. */
  function mends(expected: string): void {
    const trees = fingerprint();
    const before = check();
    assert.deepEqual(found(before), [expected]);
    assert.equal(before.mended, 0);
    assert.deepEqual(found(check()), [expected], 'a check alone changed something');
    const { findings } = check(true);
    assert.deepEqual(
      findings.map(({ mended }) => mended),
      [true],
    );
    assert.deepEqual(found(check()), []);
    assert.equal(fingerprint(), trees);
  }

  /** The only fault, which a repair leaves with all that is there. */
  function leaves(expected: string): void {
    const [trees, marks] = [fingerprint(), existsSync(log()) ? readFileSync(log()) : null];
    for (const repair of [false, true]) {
      const report = check(repair);
      assert.deepEqual(found(report), [expected]);
      assert.deepEqual([report.faults, report.mended], [1, 0]);
    }
    assert.equal(fingerprint(), trees);
    if (marks !== null) assert.deepEqual(readFileSync(log()), marks);
  }

  function fingerprint(): string {
    const format = '%P %y %i %s %m %T@ %C@ %l\\n';
    return ['flash', 'disk']
      .map((tree) =>
        execFileSync(
          'find',
          [join(here.dir, tree), '-name', '.rootsync', '-prune', '-o', '-mindepth', '1', '-printf', format],
          { encoding: 'latin1' },
        ),
      )
      .join('');
  }

  function statOf(path: string): Stat {
    const stat = newStat();
    ok(statxAt(here.fd, asBytes(path), stat));
    return stat;
  }

  const whiteout = (path: string): MarkRecord => ({ kind: 'whiteout', path: asBytes(path) });
  const spent = (path: string, links = 2): MarkRecord => {
    const { inoLo, inoHi } = statOf('disk/hard');
    return { kind: 'spent', path: asBytes(path), inoLo, inoHi, links };
  };
  const origin = (path: string, object: string | null, diskPath: string | null = null): MarkRecord => {
    const { inoLo, inoHi } = object === null ? { inoLo: 4242, inoHi: 0 } : statOf(`flash/${object}`);
    return {
      kind: 'origin',
      path: asBytes(path),
      origin: {
        inoLo: 9,
        inoHi: 0,
        flashLo: inoLo,
        flashHi: inoHi,
        diskPath: diskPath === null ? null : asBytes(diskPath),
      },
    };
  };

  it('finds nothing in a flash that was used: removed, replaced, renamed, linked', () => {
    mkdirSync(flash('etc'));
    mkdirSync(flash('moved'));
    writeFileSync(flash('etc/hosts'), 'flash, and longer');
    mkdirSync(flash('etc/new'));
    mark(
      whiteout('hard'),
      spent('hard'),
      { kind: 'opaque', path: asBytes('etc/hosts') },
      origin('moved', 'moved', 'etc'),
    );
    const report = check();
    assert.deepEqual(found(report), []);
    assert.deepEqual([report.objects, report.marks, report.faults], [4, 4, 0]);
  });

  it('finds nothing where there is no log yet, and makes none', () => {
    assert.deepEqual(found(check(true)), []);
    assert.deepEqual(readdirSync(flash('.rootsync')), ['stage']);
  });

  it('sweeps what was being made, directories and a half-written log included', () => {
    mkdirSync(flash('.rootsync/stage/s1/inner'), { recursive: true });
    mends('stage-leftover /.rootsync/stage/s1');
    writeFileSync(flash('.rootsync/marks.new'), 'half');
    mends('stage-leftover /.rootsync/marks.new');
  });

  it('says which paths flash has still to follow, and takes nothing for a fault that a crash in upgrade mode leaves there', () => {
    mkdirSync(flash('etc'));
    symlinkSync('x', flash('etc/hosts'));
    leaves('other-type /etc/hosts');
    mark({ kind: 'dirty', path: asBytes('etc/hosts') }, { kind: 'moved', from: asBytes('old'), path: asBytes('new') });
    mark({ kind: 'dirty', path: asBytes('hard') }, { kind: 'clean', path: asBytes('hard') });
    for (const repair of [false, true]) {
      const report = check(repair);
      assert.deepEqual(found(report), ['behind /etc/hosts', 'behind /new']);
      assert.deepEqual([report.faults, report.marks, report.mended], [0, 2, 0]);
      assert.match(report.findings[1]?.detail ?? '', /renamed from \/old/);
    }
  });

  it('cuts a list of wanted paths after its last whole one, and removes half a list', () => {
    writeFileSync(flash('.rootsync/wanted'), 'etc\0etc/hosts\0');
    assert.deepEqual(found(check()), []);
    appendFileSync(flash('.rootsync/wanted'), 'etc/ha');
    mends('wanted-torn /.rootsync/wanted');
    assert.equal(readFileSync(flash('.rootsync/wanted'), 'latin1'), 'etc\0etc/hosts\0');
    writeFileSync(flash('.rootsync/wanted.new'), 'etc\0');
    mends('stage-leftover /.rootsync/wanted.new');
  });

  it('cuts a log after its last whole record, and keeps those before', () => {
    mark(whiteout('hard'));
    const whole = statSync(log()).size;
    for (const tail of [[200, 0, 0, 0, 1, 2], new Array<number>(64).fill(0), [20, 0, 0, 0, 1, 1, 1, 1, 5]]) {
      appendFileSync(log(), Buffer.from(tail));
      mends('log-torn /.rootsync/marks');
      assert.equal(statSync(log()).size, whole);
    }
    assert.equal(check().marks, 1);
  });

  it('tells a damaged log from a torn one', () => {
    mark(whiteout('hard'), whiteout('etc/hosts'));
    const bytes = readFileSync(log());
    bytes[17 + 8 + 4] = 0x41;
    writeFileSync(log(), bytes);
    mends('log-damaged /.rootsync/marks');
  });

  it('leaves a file that is no log as it is, and judges nothing without marks', () => {
    writeFileSync(log(), 'something of the user, long enough');
    symlinkSync('x', flash('etc'));
    leaves('log-foreign /.rootsync/marks');
  });

  it('drops a mark of a name that disk does not have, and no other', () => {
    mark(whiteout('hard'), whiteout('etc/gone'), { kind: 'opaque', path: asBytes('etc/hosts') });
    mends('mark-without-disk /etc/gone');
    assert.equal(check().marks, 2);
  });

  it('keeps marks below a directory that is empty on disk, as one is where nothing is mounted', () => {
    mkdirSync(disk('usr'));
    mark(whiteout('usr/bin/perl'));
    leaves('mark-without-disk /usr/bin/perl');
  });

  it('keeps the marks when most of them do not fit disk: it may be the wrong one', () => {
    mark(whiteout('hard'), ...Array.from({ length: 30 }, (_, i) => whiteout(`etc/gone${String(i)}`)));
    const { findings, mended } = check(true);
    assert.deepEqual([findings.length, mended], [30, 0]);
    assert.match(findings[0]?.detail ?? '', /right disk/);
    assert.equal(check().marks, 31);
  });

  it('says where the names counted are not those that disk has, and drops the count only of a file that is gone', () => {
    mark(spent('hard', 3));
    leaves('spent-disagrees /hard');
    rmSync(disk('hard'));
    mends('spent-disagrees /hard');
  });

  it('leaves a count of which disk has only some names: the others still rely on it', () => {
    mark(spent('hard'), spent('etc/hard'));
    rmSync(disk('etc/hard'));
    leaves('spent-disagrees /hard');
  });

  it('drops origins of objects that flash has not, as a remark: removing a file leaves them', () => {
    mkdirSync(flash('etc'));
    writeFileSync(flash('etc/moved'), '');
    mark(origin('etc/moved', 'etc/moved'), origin('gone/below', null), origin('etc/moved', null));
    assert.equal(check().faults, 0);
    const { findings } = check(true);
    assert.deepEqual(findings.map(({ path, mended }) => [path, mended]).sort(), [
      ['/etc/moved', true],
      ['/gone/below', true],
    ]);
    const after = check();
    assert.deepEqual([found(after), after.marks], [[], 1]);
  });

  it('believes origins by path in a flash that was copied elsewhere, where all inode numbers are others', () => {
    writeFileSync(flash('moved'), '');
    mark({ kind: 'home', path: asBytes('1.2.3.4') }, origin('moved', null));
    assert.deepEqual(found(check(true)), []);
    mark({ kind: 'home', path: inHome(identityOf) });
    assert.equal(check(true).marks, 1);
  });

  it('says where a directory was renamed whose content disk does not have, and keeps the mark', () => {
    mkdirSync(flash('moved'));
    mark(origin('moved', 'moved', 'etc/gone'));
    leaves('origin-without-place /moved');
  });

  it('says where flash has another type than disk, also below a renamed directory, unless it is marked', () => {
    mkdirSync(flash('moved/hosts'), { recursive: true });
    mark(origin('moved', 'moved', 'etc'));
    leaves('other-type /moved/hosts');
    mark({ kind: 'opaque', path: asBytes('etc/hosts') });
    assert.deepEqual(found(check()), []);
  });

  it('remarks on a file of another size but the same time as on disk', () => {
    mkdirSync(flash('etc'));
    writeFileSync(flash('etc/hosts'), 'longer than that of disk');
    for (const path of [flash('etc/hosts'), disk('etc/hosts')]) utimesSync(path, 1000, 1000);
    const report = check(true);
    assert.deepEqual([found(report), report.faults, report.mended], [['differs /etc/hosts'], 0, 0]);
    utimesSync(flash('etc/hosts'), 1000, 1001);
    assert.deepEqual(found(check()), []);
  });
});
