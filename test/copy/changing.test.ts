// A source that changes while it is copied: never a mixture of two contents, never anything left behind.

import assert from 'node:assert/strict';
import {
  closeSync,
  fstatSync,
  futimesSync,
  openSync,
  readFileSync,
  readdirSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { EBUSY, EEXIST, EISDIR, ENOSPC } from '../../src/errno.ts';
import { copyObject } from '../../src/copy/exact-copy.ts';
import { copyData } from '../../src/copy/data.ts';
import { presumedFeatures } from '../../src/copy/features.ts';
import { O_CREAT, O_RDONLY, O_RDWR, O_WRONLY, close, openat } from '../../src/sys/open.ts';
import { fails, got, makeFile, ok, place } from '../sys/place.ts';

const MIB = 1 << 20;
const [SOURCE, STAGED] = [asBytes('source'), asBytes('staged')];
const features = presumedFeatures(0, 255);

function unexpected(): void {
  assert.fail('not expected to be called');
}

describe('copies of a source that changes', () => {
  let sourceFd = -1;
  // Before place's own, which looks for descriptors left open.
  afterEach(() => ok(close(sourceFd)));
  const here = place();
  const path = (name: string): string => `${here.dir}/${name}`;
  const order = (between: () => void) => ({
    sourceFd,
    stageDirFd: here.fd,
    stageName: STAGED,
    data: true,
    features,
    between,
  });

  beforeEach(() => {
    writeFileSync(path('source'), Buffer.alloc(12 * MIB, 'a'));
    sourceFd = ok(openat(here.fd, SOURCE, O_RDONLY));
  });

  it('gives up with EBUSY when it never stays the same, even if its mtime is put back', () => {
    const fd = openSync(path('source'), 'r+');
    let calls = 0;
    const scribble = (): void => {
      const { atime, mtime } = fstatSync(fd);
      writeSync(fd, String(calls++), 0);
      futimesSync(fd, atime, mtime);
    };
    fails(copyObject(order(scribble), false), EBUSY);
    assert.ok(calls >= 4, 'it tried again');
    closeSync(fd);
    assert.deepEqual(readdirSync(here.dir), ['source']);
  });

  it('copies the new content when it changes once', () => {
    let calls = 0;
    const copied = copyObject(
      order(() => {
        if (calls++ === 0) writeFileSync(path('source'), Buffer.alloc(9 * MIB, 'b'));
      }),
      true,
    );
    assert.equal(got(copied).bytes, 9 * MIB);
    assert.ok(readFileSync(path('staged')).equals(Buffer.alloc(9 * MIB, 'b')));
  });

  it('survives a source that shrinks under it', () => {
    let calls = 0;
    const copied = copyObject(
      order(() => {
        if (calls++ === 0) truncateSync(path('source'), 5);
      }),
      false,
    );
    assert.equal(got(copied).bytes, 5);
    assert.equal(readFileSync(path('staged'), 'utf8'), 'aaaaa');
  });

  it('copies attributes without data when the data are not wanted', () => {
    const copied = got(copyObject({ ...order(unexpected), data: false }, false));
    assert.deepEqual(copied, { bytes: 0, degraded: [] });
    assert.equal(readFileSync(path('staged')).length, 0);
  });

  it('touches nothing that has the stage name already, and cleans up after an unreadable source', () => {
    makeFile(here.fd, STAGED, 'other');
    fails(copyObject(order(unexpected), false), EEXIST);
    assert.equal(readFileSync(path('staged'), 'utf8'), 'other');
    const unreadable = ok(openat(here.fd, SOURCE, O_WRONLY));
    assert.equal(
      typeof copyObject({ ...order(unexpected), sourceFd: unreadable, stageName: asBytes('new') }, false),
      'number',
    );
    ok(close(unreadable));
    assert.deepEqual(readdirSync(here.dir), ['source', 'staged']);
  });

  it('reports what reading and writing fail with', () => {
    const full = openSync('/dev/full', 'w');
    fails(copyData(sourceFd, full, MIB, { reflink: false }), ENOSPC);
    closeSync(full);
    const directory = ok(openat(here.fd, asBytes('.'), O_RDONLY));
    const target = ok(openat(here.fd, STAGED, O_RDWR | O_CREAT, 0o600));
    fails(copyData(directory, target, MIB, { reflink: false }), EISDIR);
    for (const fd of [directory, target]) ok(close(fd));
  });
});
