// Ordinary programs that write: the merged root ends up as a plain directory would under the same commands, disk is not touched, and so it is
// after a remount. Guards against changes that one program's way of writing (rename over, unlink and create, in place) brings out.

import assert from 'node:assert/strict';
import { chmodSync, linkSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { shell } from '../capture/inside.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';

const SCRIPTS: Readonly<Record<string, string>> = {
  cp: 'cp a/one copy; cp -a a tree; cp -r a/deep other; cp a/two a/one',
  mv: 'mv a/one moved; mv a b; mv moved b/deep/; mv b/deep deep',
  'sed -i': 'sed -i s/line/LINE/ a/one a/two; sed -i.orig s/1/2/ a/one',
  'tar x': 'tar cf ../t.tar a; rm -rf a; tar xpf ../t.tar; tar xpf ../t.tar; rm ../t.tar; rm a/one',
  'rm -rf':
    'rm -rf a/deep; rm a/link; mkdir a/deep; echo new >a/deep/file; rm -rf a; mkdir -p a/deep/deeper; echo again >a/one',
  'mkdir -p': 'mkdir -p a/deep/x/y/z; mkdir -pm 700 p/q; rmdir a/empty; mkdir a/empty',
  'chmod, chown, touch':
    'chmod 600 a/one; chmod -R g+w a/deep; chown 7:8 a/two; chown -h 9:9 a/link; touch -d @1000000000 a/one a/empty; chmod 1777 a',
  ln: 'ln a/one hard; ln -s a/one soft; ln -sf ../a/two a/link; echo more >>hard; ln -f a/two hard2; rm a/two',
  'hard links of disk': 'echo changed >>a/hard1; rm a/hard2; ln a/hard1 a/hard3',
  'append and truncate':
    'echo more >>a/one; : >a/two; truncate -s 100 a/deep/file; dd if=/dev/zero of=a/one bs=1 seek=3 count=2 conv=notrunc status=none',
  'an editor that keeps a backup': 'ln a/one a/one~; echo edited >a/one.tmp; mv a/one.tmp a/one',
  sqlite3:
    "if command -v sqlite3 >/dev/null; then sqlite3 db 'create table t(x); insert into t values(1),(2);'; sqlite3 db 'delete from t where x = 1; vacuum;'; sqlite3 db .dump >dump; rm db; fi",
  git: 'git init -q g; cd g; cp -r ../a .; git add -A; git -c user.name=N -c user.email=n@example.org commit -qm m; git rm -rq a/deep; git status --short >../status; cd ..; rm -rf g',
};

function makeTree(dir: string): void {
  for (const path of ['a', 'a/deep', 'a/deep/deeper', 'a/empty']) mkdirSync(`${dir}/${path}`);
  writeFileSync(`${dir}/a/one`, 'line 1\nline 2\n');
  writeFileSync(`${dir}/a/two`, 'line of two\n');
  writeFileSync(`${dir}/a/deep/file`, 'x'.repeat(10_000));
  writeFileSync(`${dir}/a/deep/deeper/script`, '#!/bin/sh\n');
  chmodSync(`${dir}/a/deep/deeper/script`, 0o4755);
  writeFileSync(`${dir}/a/hard1`, 'linked\n');
  linkSync(`${dir}/a/hard1`, `${dir}/a/hard2`);
  symlinkSync('one', `${dir}/a/link`);
  for (const path of ['a/one', 'a/two', 'a/deep/file', 'a/hard1']) utimesSync(`${dir}/${path}`, 1e9, 1e9);
}

/** Everything that the commands could have changed, but for times that they did not set. */
const ACCOUNT = `
find . -mindepth 1 -name .rootsync -prune -o -mindepth 1 -printf '%P|%y|%m|%U:%G|%l\\n' | sort
find . -name .rootsync -prune -o -type f -printf '%P|%s|%n\\n' | sort
find . -name .rootsync -prune -o -type f -print0 | sort -z | xargs -0 md5sum
find . -name .rootsync -prune -o -type f ! -newermt @1600000000 -printf '%P %T@\\n' | sort
find . -name .rootsync -prune -o -type f -links +1 -printf '%i %P\\n' | sort -k2 | awk '{ if (!($1 in n)) n[$1] = ++k; print n[$1], $2 }'
`;

describe('programs that write', function () {
  this.timeout(60_000);
  needsMount();

  for (const [name, script] of Object.entries(SCRIPTS)) {
    it(`${name}: as in a plain directory`, async () => {
      await using plain = new MountedRoot();
      await using root = new MountedRoot();
      makeTree(plain.disk);
      makeTree(root.disk);
      const untouched = shell(root.disk, ACCOUNT);
      shell(plain.disk, script);
      const expected = shell(plain.disk, ACCOUNT);
      assert.notEqual(expected, untouched);
      await root.start();
      shell(root.mountpoint, script);
      assert.equal(shell(root.mountpoint, ACCOUNT), expected);
      await root.restart('stop');
      assert.equal(shell(root.mountpoint, ACCOUNT), expected, 'after a remount');
      await root.stop();
      assert.equal(shell(root.disk, ACCOUNT), untouched, 'disk');
      assert.deepEqual(root.warnings, []);
    });
  }
});
