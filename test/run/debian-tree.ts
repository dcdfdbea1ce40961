// A small Debian system in a directory, made once per test run where the runner gives a cache.

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MINUTES = 60_000;

/** Path of a Debian tree of that release; nobody may change it. */
export function debianTree(suite = 'bookworm'): string {
  const base = process.env['ROOTSYNC_TEST_CACHE'] ?? mkdtempSync(join(tmpdir(), 'debian-'));
  const tree = join(base, `debian-${suite}`);
  if (existsSync(tree)) return tree;
  const half = `${tree}.half`;
  mkdirSync(half, { recursive: true });
  const words = ['--variant=minbase', '--quiet', suite, half];
  execFileSync('mmdebstrap', words, { stdio: ['ignore', 'ignore', 'inherit'], timeout: 8 * MINUTES });
  renameSync(half, tree);
  return tree;
}
