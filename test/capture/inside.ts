// Uses a tree as a program does whose root it is: one perl process, chrooted into it, asks the kernel exactly what it is told to. Paths and
// answers are bytes as latin1. In a process of its own, with a limit, so that a mount that hangs fails one test only.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';

export type Ask = readonly [op: 'open' | 'read' | 'stat' | 'lstat' | 'readlink' | 'list' | 'nofollow', path: string];

/** `ok`, what was read, or the name of the error. */
export type Answer = string;

const PERL = String.raw`
use strict; use Errno; use Fcntl ":DEFAULT";
sub O_NOFOLLOW_() { no strict "refs"; return Fcntl::O_NOFOLLOW() }
$! = 2; my $warm = exists $!{ENOENT};
chroot(shift @ARGV) or die "chroot: $!"; chdir("/") or die "chdir: $!";
while (@ARGV) {
  my ($op, $path) = splice(@ARGV, 0, 2);
  $path = pack("H*", $path);
  my ($ok, $out) = (0, "ok");
  if ($op eq "open") { $ok = sysopen(my $f, $path, O_RDONLY) }
  elsif ($op eq "nofollow") { $ok = sysopen(my $f, $path, O_RDONLY | O_NOFOLLOW_()) }
  elsif ($op eq "read") {
    if ($ok = sysopen(my $f, $path, O_RDONLY)) {
      $out = "";
      while (my $got = sysread($f, $out, 1 << 16, length $out)) { }
    }
  }
  elsif ($op eq "stat") { $ok = defined((stat $path)[0]) }
  elsif ($op eq "lstat") { $ok = defined((lstat $path)[0]) }
  elsif ($op eq "readlink") { $ok = defined($out = readlink $path) }
  elsif ($op eq "list") { if ($ok = opendir(my $d, $path)) { $out = join "\0", sort grep { !/^\.\.?$/ } readdir $d; } }
  print $ok ? "=" . unpack("H*", $out) : (grep { $!{$_} } qw(ENOENT ELOOP ENOTDIR EACCES EIO EISDIR ENAMETOOLONG ENXIO ESTALE))[0] // $! + 0, "\n";
}`;

/** Asks one after the other in the tree at `root`; the answers in the same order. */
export function inside(root: string, asks: readonly Ask[]): Answer[] {
  const words = asks.flatMap(([op, path]) => [op, Buffer.from(path, 'latin1').toString('hex')]);
  const ended = spawnSync('perl', ['-e', PERL, root, ...words], {
    encoding: 'latin1',
    timeout: 60_000,
    maxBuffer: 1 << 28,
    env: { ...process.env, LC_ALL: 'C' },
  });
  assert.equal(ended.status, 0, ended.error?.message ?? ended.stderr);
  return ended.stdout
    .trimEnd()
    .split('\n')
    .map((line) => (line.startsWith('=') ? Buffer.from(line.slice(1), 'hex').toString('latin1') : line));
}

/** Runs a shell script with the merged root as its working directory; what it printed. */
export function shell(cwd: string, script: string): string {
  const ended = spawnSync('bash', ['--norc', '-euc', script], {
    cwd,
    encoding: 'latin1',
    timeout: 120_000,
    maxBuffer: 1 << 28,
  });
  assert.equal(ended.status, 0, ended.error?.message ?? `${script}\n${ended.stderr}`);
  return ended.stdout;
}
