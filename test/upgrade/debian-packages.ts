// Packages for the tests of upgrades: two versions of one that has what an upgrade can trip over, a new one, and real ones of a Debian tree, packed again from what
// is installed there, with other times.

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run, shell } from '../workloads/programs.ts';

/** `gamma` runs a program of its own that has two names, with a library by its symlink, on a file below a symlink to a directory, and on a conffile. */
const BUILD = String.raw`
make() { # NAME VERSION [FIELD...]
  local name=$1 version=$2; shift 2
  mkdir -p "$name/DEBIAN"
  printf '%s\n' "Package: $name" "Version: $version" 'Architecture: all' 'Maintainer: Nobody <nobody@localhost>' 'Description: test' "$@" > "$name/DEBIAN/control"
  pack "$name" "$name-$version.deb"
}
pack() { # DIRECTORY FILE
  chmod -R u+rwX,go+rX,go-w "$1"
  find "$1" -print0 | xargs -0 touch -h -d @1600000000
  dpkg-deb --root-owner-group -Zgzip -z1 -b "$1" "$2" > built
  rm -r "$1"
}
gamma() { # VERSION
  mkdir -p gamma/usr/bin gamma/usr/lib/gamma "gamma/usr/share/gamma/v$1" gamma/etc/gamma gamma/DEBIAN
  cp "$TREE/usr/bin/cat" gamma/usr/lib/gamma/show; echo "show $1" >> gamma/usr/lib/gamma/show
  cp "$(realpath "$TREE"/usr/lib/*/libacl.so.1)" "gamma/usr/lib/libgamma.so.1.$1"; echo "library $1" >> "gamma/usr/lib/libgamma.so.1.$1"
  ln -s "libgamma.so.1.$1" gamma/usr/lib/libgamma.so.1
  printf '#!/bin/sh\n# %s\nLD_PRELOAD=/usr/lib/libgamma.so.1 exec /usr/lib/gamma/show /usr/share/gamma/current/version /etc/gamma/conf\n' "$1" > gamma/usr/bin/gamma
  chmod 4755 gamma/usr/bin/gamma; chmod 755 gamma/usr/lib/gamma/show
  ln gamma/usr/lib/gamma/show gamma/usr/lib/gamma/show-too
  echo "version $1" > "gamma/usr/share/gamma/v$1/version"; echo unused > "gamma/usr/share/gamma/v$1/unused"
  ln -s "v$1" gamma/usr/share/gamma/current
  echo "only in $1" > "gamma/usr/share/gamma/only-$1"
  echo "conf of $1" > gamma/etc/gamma/conf; echo /etc/gamma/conf > gamma/DEBIAN/conffiles
  printf '#!/bin/sh\nset -e\nldconfig\nupdate-alternatives --install /usr/bin/greek greek /usr/bin/gamma 10\n' > gamma/DEBIAN/postinst
  printf '#!/bin/sh\nset -e\n[ "$1" != remove ] || update-alternatives --remove greek /usr/bin/gamma\n' > gamma/DEBIAN/prerm
  chmod 755 gamma/DEBIAN/p*
  make gamma "$1"
}
repack() { # PACKAGE: as it is installed in TREE
  local info=$TREE/var/lib/dpkg/info script dir=repacked file
  mkdir -p "$dir/DEBIAN"
  dpkg-query --admindir="$TREE/var/lib/dpkg" -s "$1" | awk '/^[^ ]/ { drop = /^(Status|Conffiles):/ } !drop' > "$dir/DEBIAN/control"
  for file in "$info/$1".* "$info/$1:"*.*; do
    case $file in *.list | *.md5sums | *'*'*) ;; *) cp "$file" "$dir/DEBIAN/$(basename "$file" | sed 's/^.*\.//')" ;; esac
  done
  dpkg-query --admindir="$TREE/var/lib/dpkg" -L "$1" | while read -r file; do
    if [ "$file" = /. ]; then :
    elif [ -d "$TREE$file" ] && { [ ! -L "$TREE$file" ] || [ -z "$(dirname "$file" | tr -d /)" ]; }; then mkdir -p "$dir$file"
    elif [ -e "$TREE$file" ] || [ -L "$TREE$file" ]; then mkdir -p "$(dirname "$dir$file")"; cp -a "$TREE$file" "$dir$file"
    fi
  done
  pack "$dir" "$1-again.deb"
}
gamma 1.2
gamma 1.3
mkdir -p delta/usr/bin delta/usr/share/delta
echo delta > delta/usr/bin/delta; for n in $(seq 40); do echo "$n" > "delta/usr/share/delta/$n"; done
make delta 1.0
dpkg-scanpackages -m . /dev/null > Packages 2> scanned
for package in libc6 bash coreutils; do repack "$package"; done
echo 'deb [trusted=yes] file:/repo ./' > list
`;

/** Makes the packages in `repo`, which is to be /repo in the system: NAME-VERSION.deb, and PACKAGE-again.deb of `tree`. */
export async function buildPackages(tree: string, repo: string): Promise<void> {
  mkdirSync(repo, { recursive: true });
  await shell(`TREE=${tree}\n${BUILD}`, repo);
}

/** What a system on a device does without: makes copies of it faster. */
const IDLE = ['usr/share/doc', 'usr/share/man', 'usr/share/locale', 'usr/share/zoneinfo', 'usr/share/i18n'];

/** A copy of the Debian `tree` at `disk`, with /repo, and gamma 1.2 installed. */
export async function installedDebian(tree: string, disk: string, repo: string): Promise<void> {
  await run([
    'bash',
    '-c',
    `tar -C "$0" -c ${IDLE.map((path) => `--exclude=./${path}/*`).join(' ')} . | tar -C "$1" -xp`,
    tree,
    disk,
  ]);
  await run(['cp', '-r', repo, join(disk, 'repo')]);
  writeFileSync(join(disk, 'etc/machine-id'), '');
  await inDebian(disk, 'dpkg -i /repo/gamma-1.2.deb');
}

export const APT = 'apt-get -qq -y -o Dir::Etc::SourceList=/repo/list -o APT::Sandbox::User=root';

/** A shell of the system at `root`; no mount is made there, and /dev/null is its own. What it printed. */
export function inDebian(root: string, script: string): Promise<string> {
  const set = 'export PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8';
  return run(['chroot', root, '/bin/bash', '-euc', `${set}\n${script}`]);
}
