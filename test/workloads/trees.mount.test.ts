// git, tar, rm, python3's compiler and make on a tree that starts on disk, and the same on a plain directory. Guards against changes in
// the thousands (new files, renames, removals of what disk has) that end in another tree, at once or after a remount.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { assertSameTree, run, shell, treeOf } from './programs.ts';
import type { TreeOptions } from './programs.ts';

/** FILES=20000 is a run of many minutes on a busy machine. */
const FILES = Number(process.env['FILES'] ?? 1000);

interface Work {
  /** Makes what is there at the start, in the directory that becomes disk's. */
  readonly before: string;
  /** Run one after the other in the tree; after each the trees are compared. */
  readonly steps: readonly string[];
  readonly compare?: TreeOptions;
}

const GIT = `g() { git -c user.name=n -c user.email=e@x -c gc.auto=0 -c core.trustctime=true "$@"; }
export GIT_AUTHOR_DATE='1600000000 +0000' GIT_COMMITTER_DATE='1600000000 +0000'`;

const MAKE_FILES = String.raw`python3 - "$PWD" <<'END'
import os, sys
for n in range(${FILES}):
    d = '%s/many/d%d/e%d' % (sys.argv[1], n % 40, n % 7)
    os.makedirs(d, exist_ok=True)
    open('%s/f%d' % (d, n), 'w').write('%d\n' % n * (n % 50))
    if n % 50 == 0: os.symlink('f%d' % n, '%s/s%d' % (d, n))
    if n % 70 == 0: os.link('%s/f%d' % (d, n), '%s/h%d' % (d, n))
END`;

const C_PROJECT = String.raw`mkdir -p project/src
for n in $(seq 40); do echo "int f$n(int x) { return x * $n; }" > project/src/f$n.c; done
{ for n in $(seq 40); do echo "int f$n(int);"; done; echo '#include <stdio.h>'; echo 'int main(void) { int s = 0;';
  for n in $(seq 40); do echo "s += f$n(1);"; done; echo 'printf("%d\n", s); return 0; }'; } > project/src/main.c
cat > project/Makefile <<'END'
OBJECTS = $(patsubst src/%.c,build/%.o,$(sort $(wildcard src/*.c)))
sum: build/all.a build/main.o
	gcc -o $@.new build/main.o build/all.a && mv $@.new $@
build/all.a: $(OBJECTS)
	rm -f $@ && ar rcsD $@ $(filter-out build/main.o,$^)
build/%.o: src/%.c
	@mkdir -p build
	gcc -O1 -MD -c -o $@ $<
clean:
	rm -rf build sum
-include $(wildcard build/*.d)
END`;

const WORKS: Readonly<Record<string, Work>> = {
  'git clone, commit, checkout, gc': {
    before: `${GIT}
      g init -q -b main origin; cd origin; mkdir -p a/b c
      for n in $(seq 150); do echo "$n" > a/b/$n; echo "c $n" > c/$n; done
      g add .; g commit -qm one; g checkout -qb other; g mv a moved; g rm -qr c; ln -s moved/b link; g add .; g commit -qm two; g checkout -q main`,
    steps: [
      `${GIT}
      g clone -q origin clone; cd clone; g checkout -q other; test -z "$(g status --porcelain)"; g checkout -q main; test -z "$(g status --porcelain)"`,
      // In disk's own repository: what it has is removed, renamed over, packed.
      `${GIT}
      cd origin; g checkout -q other; test -z "$(g status --porcelain)"; echo more >> moved/b/1; g commit -qam three; g checkout -q main; g merge -q --no-edit other`,
      `${GIT}
      for at in origin clone; do (cd $at; g gc -q --prune=now; g fsck --strict; test -z "$(g status --porcelain)"); done`,
    ],
    // The index and packs hold inode numbers, times and the order that threads came in.
    compare: { without: ['/clone/.git', '/origin/.git'] },
  },
  [`tar x and rm -rf of ${FILES} files`]: {
    before: `${MAKE_FILES}\ntar cf many.tar many`,
    steps: [
      'mkdir new; tar xf many.tar -C new; diff -r many new/many',
      'tar xf many.tar; rm -rf new',
      'mv many moved; tar xf many.tar; rm -rf moved/d1 moved/d2; mkdir moved/d2; test -z "$(ls -A moved/d2)"',
      'rm -rf many moved; test "$(ls -A)" = many.tar',
      'tar xf many.tar; rm -rf many/d3; test ! -e many/d3',
    ],
    compare: { times: true },
  },
  'python3 -m compileall': {
    before: String.raw`
      for n in $(seq 200); do mkdir -p lib/p$((n % 9)); echo "def f(): return $n" > lib/p$((n % 9))/m$n.py; done
      find lib -exec touch -d @1600000000 {} +`,
    steps: [
      'python3 -m compileall -q -j 2 lib',
      `echo 'x = 1' >> lib/p1/m1.py; touch -d @1600000001 lib/p1/m1.py; python3 -m compileall -q lib; cd lib; python3 -c 'import p1.m1; assert p1.m1.x == 1'`,
      'python3 -m compileall -q -f lib; find lib -name __pycache__ -prune -exec rm -r {} +',
    ],
  },
  'make -j4': {
    before: C_PROJECT,
    steps: [
      'cd project; make -s -j4; test "$(./sum)" = 820',
      'cd project; test "$(make -s -q sum; echo $?)" = 0; sed -i "s/40;/41;/" src/f40.c; make -s -j4; test "$(./sum)" = 821',
      'cd project; make -s clean; make -s -j4; test "$(./sum)" = 821',
    ],
  },
};

describe('programs that make, move and remove many files', function () {
  this.timeout(240_000);
  needsMount();

  for (const [name, work] of Object.entries(WORKS))
    it(`${name}: the tree is that of a plain directory`, async () => {
      await using root = new MountedRoot();
      const plain = join(root.dir, 'plain');
      mkdirSync(plain);
      await shell(work.before, root.disk);
      await run(['cp', '-a', `${root.disk}/.`, plain]);
      const before = await treeOf(root.disk, { times: true });
      await root.start();
      for (const step of work.steps) {
        await Promise.all([plain, root.mountpoint].map((tree) => shell(`cd "${tree}"\n${step}`, '/')));
        assertSameTree(await treeOf(root.mountpoint, work.compare), await treeOf(plain, work.compare), step);
      }
      await root.restart('stop');
      const expected = await treeOf(plain, work.compare);
      assertSameTree(await treeOf(root.mountpoint, work.compare), expected, 'after a remount');
      await root.stop();
      assertSameTree(await treeOf(root.disk, { times: true }), before, 'disk');
      assert.deepEqual(root.warnings, []);
    });
});
