// Looks at all of a tree, in a process of its own: view-process.js DIR writes the list as JSON to its standard output.

import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

export interface Seen {
  /** Relative, '' for the top. */
  readonly path: string;
  readonly kind: 'dir' | 'symlink' | 'file' | 'other';
  readonly ino: string;
  readonly mode: number;
  readonly mtime: string;
  readonly target: string;
  /** Of a file of up to MOST_KEPT bytes, in base64. */
  readonly content: string;
  readonly hash: string;
}

const MOST_KEPT = 1 << 20;
const all: Seen[] = [];

function look(path: string): void {
  const full = join(top, path);
  const stat = lstatSync(full, { bigint: true });
  const kind = stat.isDirectory() ? 'dir' : stat.isSymbolicLink() ? 'symlink' : stat.isFile() ? 'file' : 'other';
  const bytes = kind === 'file' ? readFileSync(full) : Buffer.alloc(0);
  all.push({
    path,
    kind,
    ino: String(stat.ino),
    mode: Number(stat.mode),
    mtime: String(stat.mtimeNs),
    target: kind === 'symlink' ? readlinkSync(full) : '',
    content: bytes.length <= MOST_KEPT ? bytes.toString('base64') : '',
    hash: kind === 'file' ? createHash('sha256').update(bytes).digest('hex') : '',
  });
  if (kind === 'dir') for (const name of readdirSync(full).sort()) look(path === '' ? name : `${path}/${name}`);
}

const top = process.argv[2] ?? '';
look('');
process.stdout.write(JSON.stringify(all));
