// Opening, and what several who have a file open see of each other's changes.

import assert from 'node:assert/strict';
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { spawnSync } from 'node:child_process';
import { CONTENT, fails } from './case.ts';
import type { Cases } from './case.ts';

const { O_APPEND, O_CREAT, O_DIRECTORY, O_EXCL, O_NOFOLLOW, O_RDONLY, O_RDWR, O_TRUNC, O_WRONLY } = constants;

function read(fd: number, length = 20_000): string {
  const room = Buffer.alloc(length);
  return room.toString('utf8', 0, readSync(fd, room, 0, length, 0));
}

export const opens: Cases = {
  'O_CREAT | O_EXCL of what exists': ({ at }) => {
    for (const name of ['file', 'full', 'link', 'dangling'])
      fails('EEXIST', () => openSync(at(name), O_CREAT | O_EXCL | O_RDWR));
  },
  'kinds that flags refuse': ({ at }) => {
    fails('ENOTDIR', () => openSync(at('file'), O_DIRECTORY));
    fails('EISDIR', () => openSync(at('full'), O_WRONLY));
    fails('ELOOP', () => openSync(at('link'), O_NOFOLLOW));
    fails('ENOENT', () => openSync(at('dangling'), O_RDONLY));
    fails('ENOTDIR', () => openSync(at('file/below'), O_RDONLY));
  },
  'O_CREAT through a dangling symlink makes its target': ({ at }) => {
    closeSync(openSync(at('dangling'), O_CREAT | O_WRONLY, 0o600));
    assert.equal(statSync(at('nowhere')).size, 0);
  },
  'a reader sees what a later writer writes': ({ at }) => {
    const reader = openSync(at('file'), O_RDONLY);
    assert.equal(read(reader), CONTENT);
    const writer = openSync(at('file'), O_RDWR);
    writeSync(writer, 'changed', 0);
    assert.equal(read(reader).slice(0, 9), `changed${CONTENT.slice(7, 9)}`);
    const third = openSync(at('file'), O_RDONLY);
    assert.equal(read(third), read(reader));
    ftruncateSync(writer, 3);
    assert.equal(read(reader), 'cha');
    assert.equal(fstatSync(reader).size, 3);
    for (const fd of [reader, writer, third]) closeSync(fd);
    assert.equal(readFileSync(at('file'), 'utf8'), 'cha');
  },
  'a reader sees the file cut by O_TRUNC': ({ at }) => {
    const reader = openSync(at('file'), O_RDONLY);
    read(reader, 10);
    const writer = openSync(at('file'), O_WRONLY | O_TRUNC);
    assert.equal(read(reader), '');
    writeSync(writer, 'new');
    assert.equal(read(reader), 'new');
    closeSync(reader);
    closeSync(writer);
  },
  'two writers see one file': ({ at }) => {
    const a = openSync(at('file'), O_RDWR);
    const b = openSync(at('file'), O_RDWR);
    writeSync(a, 'A', 0);
    writeSync(b, 'B', 1);
    assert.equal(read(a, 2), 'AB');
    assert.equal(read(b, 2), 'AB');
    closeSync(a);
    closeSync(b);
  },
  'O_APPEND writes at the end, wherever that is': ({ at }) => {
    const a = openSync(at('file'), O_WRONLY | O_APPEND);
    const b = openSync(at('file'), O_WRONLY | O_APPEND);
    for (const fd of [a, b, a]) writeSync(fd, '+');
    assert.equal(readFileSync(at('file'), 'utf8'), `${CONTENT}+++`);
    ftruncateSync(a, 0);
    writeSync(b, 'only');
    assert.equal(readFileSync(at('file'), 'utf8'), 'only');
    closeSync(a);
    closeSync(b);
  },
  'a descriptor opened anew through /proc': ({ at }) => {
    const fd = openSync(at('file'), O_RDONLY);
    const again = openSync(`/proc/self/fd/${fd}`, O_RDWR);
    writeSync(again, 'again', 0);
    assert.equal(read(fd, 5), 'again');
    closeSync(fd);
    closeSync(again);
  },
  'what runs cannot be written, what is written cannot run': ({ at }) => {
    copyFileSync('/bin/sleep', at('program'));
    chmodSync(at('program'), 0o755);
    const fd = openSync(at('program'), O_WRONLY);
    assert.equal((spawnSync(at('program'), ['0']).error as NodeJS.ErrnoException | undefined)?.code, 'ETXTBSY');
    closeSync(fd);
    assert.equal(spawnSync(at('program'), ['0']).status, 0);
  },
  'written in pieces and read back, over page bounds': ({ at }) => {
    const bytes = Buffer.alloc(300_000, 'abcdefghi');
    const fd = openSync(at('new'), O_CREAT | O_RDWR, 0o644);
    for (let i = 0; i < bytes.length; i += 7777) writeSync(fd, bytes, i, Math.min(7777, bytes.length - i), i);
    assert.ok(readFileSync(at('new')).equals(bytes));
    closeSync(fd);
    writeFileSync(at('new'), 'short');
    assert.equal(readFileSync(at('new'), 'utf8'), 'short');
  },
};
