// dpkg and apt-get in a chroot on the merged root over a small Debian, and the same steps on a plain copy of it. Guards against a package
// manager's ways (rename over, links as backups, rename away and back, fsync, diversions, alternatives) ending in another tree, or on disk.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianTree } from '../run/debian-tree.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { assertSameTree, run, shell, treeOf } from './programs.ts';

// Packages as small as they may be that use what dpkg can do: conffiles, scripts, links, hard links, a diversion of another
// package's file, an alternative, a set-user-ID file.
const BUILD = String.raw`
make() { # NAME VERSION [FIELD...]
  local name=$1 version=$2; shift 2
  mkdir -p "$name/DEBIAN"
  printf '%s\n' "Package: $name" "Version: $version" 'Architecture: all' 'Maintainer: Nobody <nobody@localhost>' 'Description: test' "$@" > "$name/DEBIAN/control"
  chmod -R u+rwX,go+rX,go-w "$name"
  find "$name" -print0 | xargs -0 touch -h -d @1600000000
  dpkg-deb --root-owner-group -Zgzip -b "$name" "$name-$version.deb" > built
  rm -r "$name"
}
for version in 1.0 2.0; do
  mkdir -p alpha/usr/bin alpha/usr/share/alpha/deep/er alpha/etc/alpha alpha/DEBIAN
  echo "alpha $version" > alpha/usr/bin/alpha; chmod 4755 alpha/usr/bin/alpha
  ln alpha/usr/bin/alpha alpha/usr/bin/alpha-too
  ln -s ../../bin/alpha alpha/usr/share/alpha/link
  for n in $(seq 60); do echo "$n $version" > "alpha/usr/share/alpha/deep/er/$n"; done
  echo "only $version" > "alpha/usr/share/alpha/only-$version"
  echo setting > alpha/etc/alpha/conf; echo /etc/alpha/conf > alpha/DEBIAN/conffiles
  printf '#!/bin/sh\nset -e\nupdate-alternatives --install /usr/bin/letter letter /usr/bin/alpha 10\nuseradd -r -M alpha 2> /dev/null || true\n' > alpha/DEBIAN/postinst
  printf '#!/bin/sh\nset -e\n[ "$1" != remove ] || update-alternatives --remove letter /usr/bin/alpha\n' > alpha/DEBIAN/prerm
  chmod 755 alpha/DEBIAN/p*
  make alpha "$version"
done
mkdir -p beta/bin beta/usr/share/doc/base-files beta/DEBIAN
echo 'replaced true' > beta/usr/share/doc/base-files/copyright
printf '#!/bin/sh\nset -e\ndpkg-divert --quiet --package beta --rename --divert /usr/share/doc/base-files/copyright.base --add /usr/share/doc/base-files/copyright\n' > beta/DEBIAN/preinst
printf '#!/bin/sh\nset -e\n[ "$1" != remove ] || dpkg-divert --quiet --package beta --rename --remove /usr/share/doc/base-files/copyright\n' > beta/DEBIAN/postrm
chmod 755 beta/DEBIAN/p*
make beta 1.0 'Depends: alpha (>= 1.0)'
dpkg-scanpackages -m . /dev/null > Packages 2> scanned
`;

// What a run leaves that names the time or the order of the machine's own events.
const WITHOUT = [
  '/repo',
  '/var/log',
  '/var/cache',
  '/var/lib/apt/lists',
  '/tmp',
  '/dev',
  '/proc',
  '/sys',
  '/run',
  '/.rootsync',
];

/** Excluded by the built-in rules: what is changed there is changed on disk. */
const CHANGED_ON_DISK = ['/var/log', '/var/cache', '/var/lib/apt/lists', '/tmp', '/run'];

const APT = 'apt-get -qq -y -o Dir::Etc::SourceList=/repo/list -o APT::Sandbox::User=root';
const STEPS: Readonly<Record<string, string>> = {
  'dpkg -i': 'dpkg -i /repo/alpha-1.0.deb',
  'a conffile changed, dpkg -i of the next version': 'echo changed >> /etc/alpha/conf; dpkg -i /repo/alpha-2.0.deb',
  'dpkg -r': 'dpkg -r alpha; test -e /etc/alpha/conf; test ! -e /usr/bin/alpha',
  'apt-get install with a dependency': `${APT} update; ${APT} install beta; test "$(cat /usr/bin/alpha)" = 'alpha 2.0'`,
  'apt-get remove': `${APT} --allow-remove-essential remove beta; ${APT} purge alpha; test ! -e /etc/alpha`,
  'removal of files of disk':
    'rm -rf /usr/share/doc /usr/share/zoneinfo; mkdir /usr/share/doc; dpkg -i /repo/alpha-1.0.deb',
  'dpkg of what disk holds':
    'dpkg --verify base-files || true; dpkg --remove --force-all mawk; test ! -e /usr/bin/mawk',
};

/** Most is installed, and the end: a comparison reads the whole system twice. */
const COMPARED: ReadonlySet<string> = new Set(['apt-get install with a dependency', 'dpkg of what disk holds']);

describe('dpkg and apt-get on the merged root', function () {
  this.timeout(280_000);
  needsMount();
  let debian = '';

  before(function () {
    this.timeout(600_000);
    debian = debianTree();
  });

  it('leave the tree that they leave on a plain copy, disk untouched, also after a remount', async () => {
    await using root = new MountedRoot();
    const plain = join(root.dir, 'plain');
    for (const tree of [plain, root.disk]) await run(['cp', '-a', '--reflink=auto', `${debian}/.`, tree]);
    const repo = join(root.dir, 'repo');
    mkdirSync(repo);
    await shell(BUILD, repo);
    writeFileSync(join(repo, 'list'), 'deb [trusted=yes] file:/repo ./\n');
    for (const tree of [plain, root.disk]) await run(['cp', '-r', repo, `${tree}/repo`]);
    const before = await treeOf(root.disk, { times: true, without: CHANGED_ON_DISK });
    await root.start();
    let expected: string[] = [];
    for (const [name, script] of Object.entries(STEPS)) {
      await Promise.all([plain, root.mountpoint].map((tree) => inChroot(tree, script)));
      if (!COMPARED.has(name)) continue;
      expected = await debianIn(plain);
      assertSameTree(await debianIn(root.mountpoint), expected, name);
    }
    await root.restart('stop');
    assertSameTree(await debianIn(root.mountpoint), expected, 'after a remount');
    await root.stop();
    assertSameTree(await treeOf(root.disk, { times: true, without: CHANGED_ON_DISK }), before, 'disk');
    assert.deepEqual(root.warnings, []);
  });
});

function debianIn(tree: string): Promise<string[]> {
  return treeOf(tree, { without: WITHOUT });
}

/** A shell of the system in `tree`; no mount is made there, and /dev/null is its own. */
function inChroot(tree: string, script: string): Promise<string> {
  const set = 'export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive';
  return run(['chroot', tree, '/bin/bash', '-euc', `${set}\n${script}`]);
}
