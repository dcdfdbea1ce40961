// Thousands of small files, each with content that follows from its number, and processes that read them all at once and check every byte.

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';

const PER_DIRECTORY = 500;

/** Path of a file in its tree. */
export function smallFile(number: number): string {
  return `files/${Math.floor(number / PER_DIRECTORY)}/${number}`;
}

/** From 0 to about 6 KB; no two alike. */
export function smallContent(number: number): string {
  return number % 100 === 0 ? '' : `${number}\n`.repeat(((number * 7) % 1000) + 1);
}

export function makeSmallFiles(disk: string, count: number): void {
  for (let number = 0; number < count; number++) {
    if (number % PER_DIRECTORY === 0) mkdirSync(`${disk}/files/${number / PER_DIRECTORY}`, { recursive: true });
    writeFileSync(`${disk}/${smallFile(number)}`, smallContent(number));
  }
}

/** What one reader came to. */
export interface Readings {
  readonly read: number;
  /** open or read gave an error. */
  readonly failed: number;
  /** The bytes were not the file's. */
  readonly wrong: number;
}

// Each begins elsewhere and has a stride of its own, so that they meet in different files; says `+` at its first file.
const READER = String.raw`
$| = 1;
my ($start, $stride, $count) = @ARGV;
my ($read, $failed, $wrong) = (0, 0, 0);
for my $i (0 .. $count - 1) {
  my $n = ($start + $i * $stride) % $count;
  my $want = $n % 100 ? "$n\n" x ($n * 7 % 1000 + 1) : "";
  my ($got, $file) = ("");
  my $ok = sysopen($file, "files/" . int($n / 500) . "/$n", 0);
  while ($ok) { my $more = sysread($file, $got, 65536, length $got); if (!defined $more) { $ok = 0 } last if !$more }
  if (!$ok) { $failed++; last if $! == 107 || $! == 103 }
  elsif ($got ne $want) { $wrong++ } else { $read++ }
  print "+\n" if !$i;
}
print "$read $failed $wrong\n";`;

export interface Reader {
  /** It has read its first file. */
  readonly begun: Promise<void>;
  readonly ended: Promise<Readings>;
}

/** Starts process `index` of several that read all `count` files below `root`. */
export function startReader(root: string, index: number, count: number): Reader {
  // Coprime to every count that is a product of 2 and 5.
  const stride = [1, 3, 7, 9, 11, 13, 17, 19][index % 8] ?? 1;
  const start = Math.floor((index * count) / 8);
  const child = spawn('perl', ['-e', READER, String(start), String(stride), String(count)], { cwd: root });
  let said = '';
  let begin: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  child.stdout.setEncoding('latin1').on('data', (text: string) => {
    said += text;
    begin();
  });
  const ended = new Promise<Readings>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => {
      begin();
      const numbers = /(\d+) (\d+) (\d+)\n$/.exec(said)?.slice(1).map(Number);
      if (numbers === undefined) reject(new Error(`a reader said ${JSON.stringify(said)}`));
      else resolve({ read: numbers[0] ?? 0, failed: numbers[1] ?? 0, wrong: numbers[2] ?? 0 });
    });
  });
  ended.catch(() => undefined);
  return { begun, ended };
}
