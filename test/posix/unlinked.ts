// Objects without a name: removed while open, and O_TMPFILE before it is given one.

import assert from 'node:assert/strict';
import {
  closeSync,
  fchmodSync,
  fstatSync,
  ftruncateSync,
  futimesSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { asBytes, fromText } from '../../src/bytes.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { linkat } from '../../src/sys/link.ts';
import { close, O_RDWR, O_TMPFILE, openFollow } from '../../src/sys/open.ts';
import { CONTENT, program } from './case.ts';
import type { Cases } from './case.ts';

function text(fd: number): string {
  const room = Buffer.alloc(20_000);
  return room.toString('utf8', 0, readSync(fd, room, 0, room.length, 0));
}

function everything(fd: number): void {
  assert.equal(fstatSync(fd).nlink, 0);
  assert.equal(text(fd), CONTENT);
  writeSync(fd, 'unseen', 0);
  assert.equal(text(fd), `unseen${CONTENT.slice(6)}`);
  ftruncateSync(fd, 6);
  fchmodSync(fd, 0o600);
  futimesSync(fd, 10, 20);
  const { size, mode, mtimeMs } = fstatSync(fd);
  assert.deepEqual([size, mode & 0o777, mtimeMs], [6, 0o600, 20_000]);
}

export const unlinked: Cases = {
  'a removed file that is open to write': ({ at }) => {
    const fd = openSync(at('file'), 'r+');
    unlinkSync(at('file'));
    everything(fd);
    writeFileSync(at('file'), 'another');
    assert.equal(text(fd), 'unseen');
    closeSync(fd);
    assert.equal(readFileSync(at('file'), 'utf8'), 'another');
  },
  'a removed file that is open to read': ({ at }) => {
    const fd = openSync(at('file'), 'r');
    unlinkSync(at('file'));
    assert.equal(text(fd), CONTENT);
    fchmodSync(fd, 0o400);
    assert.equal(fstatSync(fd).mode & 0o777, 0o400);
    assert.equal(fstatSync(fd).nlink, 0);
    const again = openSync(`/proc/self/fd/${fd}`, 'r+');
    writeSync(again, 'X', 0);
    assert.equal(text(fd)[0], 'X');
    closeSync(again);
    closeSync(fd);
  },
  'a replaced file that is open': ({ at }) => {
    const fd = openSync(at('second'), 'r+');
    renameSync(at('file'), at('second'));
    everything(fd);
    assert.equal(readFileSync(at('second'), 'utf8'), CONTENT);
    closeSync(fd);
  },
  'O_TMPFILE, then a name': ({ dir, at }) => {
    const fd = openFollow(AT_FDCWD, fromText(dir), O_TMPFILE | O_RDWR, 0o640);
    assert.ok(fd >= 0, String(fd));
    writeSync(fd, 'named late');
    assert.equal(fstatSync(fd).nlink, 0);
    assert.equal(linkat(fd, asBytes(''), AT_FDCWD, fromText(at('new'))), 0);
    assert.equal(readFileSync(at('new'), 'utf8'), 'named late');
    assert.deepEqual([statSync(at('new')).nlink, statSync(at('new')).mode & 0o777], [1, 0o640]);
    assert.equal(statSync(at('new')).ino, fstatSync(fd).ino);
    close(fd);
  },
  'a removed directory is empty and takes nothing': ({ at }) => {
    program(
      { dir: at('empty'), at },
      'sh',
      '-c',
      'rmdir ../empty && test -z "$(ls -A .)" && ! touch x 2>/dev/null && ! ls ../empty 2>/dev/null',
    );
  },
};
