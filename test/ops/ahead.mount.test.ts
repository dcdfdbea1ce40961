// What is got ready before it is asked for (the next file's content, the next directory's listing) must save requests, and must never be
// seen in place of what is true. A reader goes through a tree in order and pauses where the daemon has something ready; then the
// tree is changed right there.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { Status } from '../../src/control/protocol.ts';
import { shell } from '../capture/inside.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';

const DIRECTORIES = 8;
const FILES = 8;

/** Directories of files, in `dir`. */
function fill(dir: string): void {
  for (let d = 0; d < DIRECTORIES; d++) {
    mkdirSync(`${dir}/d${d}`, { recursive: true });
    for (let f = 0; f < FILES; f++) writeFileSync(`${dir}/d${d}/f${f}`, 'content\n');
  }
}

/** In listed order: `list DIR`, `read FILE` with a pause after each, so that what is next is made ready. */
const WALK = String.raw`
use strict; use Time::HiRes "usleep";
sub names { opendir(my $d, $_[0]) or die "$_[0]: $!"; my @all = grep { !/^\./ } readdir $d; usleep 20_000; return @all }
sub content { open(my $f, "<", $_[0]) or return "$!"; local $/; my $c = <$f>; close $f; usleep 20_000; return $c }
sub write_to { my ($p, $c, $how) = @_; open(my $f, $how // ">", $p) or die "$p: $!"; print $f $c; close $f }
my @dirs = names(".");
`;

/** Runs a script in `dir`, of which nothing has been looked at before. */
function perl(dir: string, script: string): string {
  return shell(dir, `perl - <<'END'\n${WALK}\n${script}\nEND`);
}

const changes: readonly (readonly [what: string, change: string, expected: string])[] = [
  ['written to', 'write_to($f, "new\\n")', 'new\n'],
  ['appended to', 'write_to($f, "more\\n", ">>")', 'content\nmore\n'],
  ['truncated', 'truncate($f, 3) or die $!', 'con'],
  ['removed', 'unlink($f) or die $!', 'No such file or directory'],
  ['removed and made anew', 'unlink($f) or die $!; write_to($f, "another\\n")', 'another\n'],
  ['replaced', 'write_to("$d/x", "other\\n"); rename("$d/x", $f) or die $!', 'other\n'],
  ['replaced by its neighbour', 'write_to($g, "5\\n"); rename($g, $f) or die $!', '5\n'],
  ['given another mode', 'chmod(0600, $f) or die $!', 'content\n'],
];

const listed: readonly (readonly [what: string, change: string, look: string, expected: string])[] = [
  ['a file made in it', 'write_to("$n/new", "")', 'print scalar grep { $_ eq "new" } names($n)', '1'],
  ['a file removed', 'unlink("$n/f3") or die $!', 'print scalar grep { $_ eq "f3" } names($n)', '0'],
  ['a name changed', 'rename("$n/f3", "$n/g3") or die $!', 'print join ",", sort grep { /3/ } names($n)', 'g3'],
  ['a file of it grown', 'write_to("$n/f3", "x" x 100)', 'names($n); print -s "$n/f3"', '100'],
  ['a mode changed', 'chmod(0600, "$n/f3")', 'names($n); printf "%o", (stat "$n/f3")[2] & 07777', '600'],
  [
    'a file of it that became a directory',
    'unlink("$n/f3"); mkdir("$n/f3")',
    'names($n); print -d "$n/f3" ? 1 : 0',
    '1',
  ],
];

describe('ops: what is got ready ahead', function () {
  this.timeout(60_000);
  needsMount();

  let root: MountedRoot;

  before(async () => {
    root = new MountedRoot({ config: { mode: 'hold' } });
    for (const tree of [...changes, ...listed].keys()) fill(`${root.disk}/tree${tree}`);
    for (const tree of ['saved', 'once0', 'once1', 'once2', 'writing', 'forgotten']) fill(`${root.disk}/${tree}`);
    await root.start();
  });

  after(async () => {
    await root.stop();
    assert.deepEqual(root.warnings, []);
    await root[Symbol.asyncDispose]();
  });

  it('small files that only disk has are read without a READ, and without asking for their attributes again', async () => {
    const before = ((await root.status()) as Status).operations;
    shell(`${root.mountpoint}/saved`, 'tar cf - . | cat >/dev/null');
    const { operations } = (await root.status()) as Status;
    const made = (name: string): number => (operations[name]?.count ?? 0) - (before[name]?.count ?? 0);
    assert.equal(made('open'), DIRECTORIES * FILES);
    assert.equal(made('read'), 0);
    assert.ok(made('getattr') <= DIRECTORIES + 2, `${made('getattr')} GETATTR`);
  });

  it('a directory is read from disk once, whether its listing was ready or not', () => {
    const trace = `${root.dir}/trace`;
    const threads = `/proc/${String(root.pid)}/task/*/status`;
    const reads = ['once0', 'once1', 'once2'].map((tree) => {
      shell(
        `${root.mountpoint}/${tree}`,
        `strace -f -qq -e trace=getdents64 -o ${trace} -p ${String(root.pid)} &
         while grep -q '^TracerPid:.0$' ${threads}; do sleep 0.05; done
         perl - <<'END'
${WALK}
names($_) for @dirs;
END
         kill $!; wait`,
      );
      return (readFileSync(trace, 'latin1').match(/ = 0$/gm) ?? []).length;
    });
    // What is ready is given up when anything wakes the session, and then it is read again: seldom, so not each time.
    assert.equal(Math.min(...reads), 1 + DIRECTORIES, reads.join(' '));
  });

  for (const [tree, [what, change, expected]] of changes.entries()) {
    it(`a file that is ready and then ${what} is read as it is then`, () => {
      const dir = `${root.mountpoint}/tree${tree}`;
      assert.equal(
        perl(
          dir,
          `my ($d) = @dirs; my @files = map { "$d/$_" } names($d); my ($f, $g) = @files[4, 5];
           content($_) for @files[0 .. 3]; ${change}; print content($f)`,
        ),
        expected,
      );
    });
  }

  for (const [at, [what, change, look, expected]] of listed.entries()) {
    it(`a directory that is ready shows ${what}`, () => {
      const dir = `${root.mountpoint}/tree${changes.length + at}`;
      assert.equal(perl(dir, `names($dirs[$_]) for 0 .. 4; my $n = $dirs[5]; ${change}; ${look}`), expected);
    });
  }

  it('a directory is listed with the size that a writer has just given to a file of it', () => {
    // The writer's data are passed through: no request tells of them.
    const out = perl(
      `${root.mountpoint}/writing`,
      `open(my $w, ">", "$dirs[5]/f3") or die; names($dirs[$_]) for 0 .. 4;
       syswrite($w, "x" x 5000); names($dirs[5]); print -s "$dirs[5]/f3", " ", length content("$dirs[5]/f3")`,
    );
    assert.equal(out, '5000 5000');
  });

  it('what was ready and is not asked for is forgotten', async () => {
    perl(`${root.mountpoint}/forgotten`, 'names($dirs[$_]) for 0 .. 4');
    shell('/', 'sync; echo 3 >/proc/sys/vm/drop_caches');
    const { counts } = (await root.status()) as Status;
    assert.ok(counts.nodes < DIRECTORIES, `${counts.nodes} nodes`);
  });
});
