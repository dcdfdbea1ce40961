// A temporary directory per test, with its descriptor; after each test every descriptor that the test opened must be closed again.
// Assertions that say an errno by its name.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { asBytes } from '../../src/bytes.ts';
import type { ByteString } from '../../src/bytes.ts';
import { errnoName } from '../../src/errno.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { O_CREAT, O_DIRECTORY, O_EXCL, O_RDWR, close, openat } from '../../src/sys/open.ts';
import { write } from '../../src/sys/io.ts';
import assert from 'node:assert/strict';

export const asRoot = process.getuid?.() === 0;

/** Names that break code which takes names for text, or for short. */
export const oddNames: readonly ByteString[] = [
  'plain',
  '\xff\xfe\x80',
  'line\nfeed',
  '-rf',
  ' ',
  '\x01',
  '\xc3\xa9t\xc3\xa9',
  '\xc3',
  'x'.repeat(255),
  '\xe9'.repeat(255),
].map(asBytes);

export interface Place {
  /** Path as Node takes it. */
  dir: string;
  /** A descriptor of it. */
  fd: number;
  /** Path of a name within, as Node takes bytes. */
  path(name: ByteString): Buffer;
}

/** Open descriptors of this process and what they refer to. */
function openDescriptors(): Map<string, string> {
  const found = new Map<string, string>();
  for (const fd of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      // Node's own, while it starts a process without input or output.
      if (target !== '/dev/null') found.set(fd, target);
    } catch {
      // The descriptor of this listing itself.
    }
  }
  return found;
}

/** The umask of the calling thread. */
export function currentUmask(): number {
  return parseInt(/^Umask:\s+(\d+)/m.exec(readFileSync('/proc/thread-self/status', 'latin1'))?.[1] ?? '', 8);
}

/** The number of a call that must have succeeded. */
export function ok(returned: number): number {
  assert.ok(returned >= 0, returned < 0 ? errnoName(returned) : '');
  return returned;
}

/** The object of a call that must have succeeded. */
export function got<T>(returned: T): Exclude<T, number> {
  if (typeof returned === 'number') assert.fail(errnoName(returned));
  return returned as Exclude<T, number>;
}

/** Checks that a call failed with this errno. */
export function fails(returned: unknown, errno: number): void {
  assert.equal(typeof returned === 'number' ? errnoName(returned) : returned, errnoName(errno));
}

/** A file with this content. */
export function makeFile(fd: number, name: ByteString, content: string | Uint8Array = ''): void {
  const bytes = Buffer.from(content as string);
  const file = ok(openat(fd, name, O_CREAT | O_EXCL | O_RDWR, 0o644));
  assert.equal(write(file, bytes, 0, bytes.length), bytes.length);
  ok(close(file));
}

/** Gives each test of a suite a new directory. */
export function place(): Place {
  let before = new Map<string, string>();
  const here: Place = {
    dir: '',
    fd: -1,
    path: (name) => Buffer.concat([Buffer.from(`${here.dir}/`), Buffer.from(name, 'latin1')]),
  };
  beforeEach(() => {
    before = openDescriptors();
    here.dir = mkdtempSync(join(tmpdir(), 'rootsync-sys-'));
    here.fd = ok(openat(AT_FDCWD, asBytes(here.dir), O_DIRECTORY));
  });
  afterEach(() => {
    ok(close(here.fd));
    execFileSync('rm', ['-rf', here.dir]);
    assert.deepEqual(openDescriptors(), before, 'a descriptor was left open');
  });
  return here;
}
