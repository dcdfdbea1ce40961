# What `npm start` runs where python3 is missing: a program with modules, a locale, symlinks and files to read. The same output on each run.
use strict;
use warnings;
use Cwd qw(realpath);
use Digest::SHA qw(sha256_hex);
use List::Util qw(sum);
use POSIX qw(setlocale LC_ALL);

printf "perl %vd with locale %s\n", $^V, setlocale(LC_ALL, 'C.UTF-8') // 'C';
printf "List::Util %d, Digest::SHA %s\n", sum(1 .. 10), substr(sha256_hex('rootsync'), 0, 16);

open my $release, '<', '/etc/os-release' or die "/etc/os-release: $!\n";
my ($name) = map { /^PRETTY_NAME="?([^"\n]*)/ ? $1 : () } <$release>;
printf "/etc/os-release -> %s says %s\n", realpath('/etc/os-release'), $name;
printf "/bin/sh -> %s says %s", realpath('/bin/sh'), scalar `/bin/sh -c 'echo a child of \$0'`;
