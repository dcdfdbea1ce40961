// A filesystem of two files, the module that `serve` runs: `image`, a block device's content, of which each write and each flush is appended
// to a log before it is answered; and `position`, the number of records so far. It knows nothing of what the image holds.
// Invariant: what was answered before `position` was read is in the log before that record.

import { openSync, readSync, statSync, writeSync } from 'node:fs';
import { asBytes, attrOut, constants, dirent, entryOut, errno, openOut, OK, writeOut } from '../../src/fuse/index.ts';
import type { Attr, Operations } from '../../src/fuse/index.ts';
import { FLUSH, HEADER, WRITE, ZERO } from './log-format.ts';

const ROOT = constants.FUSE_ROOT_ID;
const IMAGE = 2;
const POSITION = 3;
const NAMES = new Map([
  [asBytes('image'), IMAGE],
  [asBytes('position'), POSITION],
]);
const FOREVER = 86_400;
const STRIDE = 1 << 20;
const S_IFREG = 0o100000;

const path = process.env['RECORDER_IMAGE'] ?? '';
const image = openSync(path, 'r+');
const log = openSync(process.env['RECORDER_LOG'] ?? '', 'w');
const size = statSync(path).size;
const header = Buffer.alloc(HEADER);
const zeros = Buffer.alloc(STRIDE);
let records = 0;

function append(kind: number, offset: number, length: number, data?: Buffer): void {
  header.writeUInt32LE(kind, 0);
  header.writeUInt32LE(length, 4);
  header.writeDoubleLE(offset, 8);
  writeSync(log, header);
  if (data !== undefined) writeSync(log, data);
  records++;
}

function attrOf(nodeid: number): Attr {
  const isRoot = nodeid === ROOT;
  return {
    ...{ inoLo: nodeid, inoHi: 0, uid: 0, gid: 0, rdevMajor: 0, rdevMinor: 0, blksize: 4096, blocks: size / 512 },
    ...{ atime: 0, mtime: 0, ctime: 0, atimeNsec: 0, mtimeNsec: 0, ctimeNsec: 0 },
    mode: isRoot ? 0o040700 : S_IFREG | 0o600,
    nlink: 1,
    size: nodeid === IMAGE ? size : 16,
  };
}

export const context = {};
export const operations: Partial<Operations<object>> = {
  lookup(_, { nodeid, out }, { name }) {
    const found = NAMES.get(name);
    if (nodeid !== ROOT || found === undefined) return errno.ENOENT;
    const valid = { entryValid: FOREVER, entryValidNsec: 0, attrValid: FOREVER, attrValidNsec: 0 };
    entryOut(out, { nodeid: found, generation: 0, ...valid, attr: attrOf(found) });
    return OK;
  },
  getattr(_, { nodeid, out }) {
    attrOut(out, FOREVER, 0, attrOf(nodeid));
    return OK;
  },
  setattr(_, { nodeid, out }) {
    attrOut(out, FOREVER, 0, attrOf(nodeid));
    return OK;
  },
  // Direct: nothing of it may wait in the page cache.
  open(_, { out }) {
    openOut(out, 0, constants.FOPEN_DIRECT_IO);
    return OK;
  },
  read(_, { nodeid, out }, { offset, size: wanted }) {
    if (nodeid === POSITION) {
      if (offset === 0) out.bytes(Buffer.from(String(records).padEnd(16)));
      return OK;
    }
    const length = Math.max(0, Math.min(wanted, size - offset));
    const data = Buffer.alloc(length);
    if (length > 0) readSync(image, data, 0, length, offset);
    out.bytes(data);
    return OK;
  },
  write(_, { nodeid, out }, { offset, data }) {
    if (nodeid !== IMAGE) return errno.EACCES;
    writeSync(image, data, 0, data.length, offset);
    append(WRITE, offset, data.length, data);
    writeOut(out, data.length);
    return OK;
  },
  fsync(_, { nodeid }) {
    if (nodeid === IMAGE) append(FLUSH, 0, 0);
    return OK;
  },
  // Discards and zeroes. A device may give anything for what was discarded; ours gives zeros.
  fallocate(_, { nodeid }, { offset, length }) {
    if (nodeid !== IMAGE) return errno.EACCES;
    for (let at = offset; at < offset + length; at += STRIDE)
      writeSync(image, zeros, 0, Math.min(STRIDE, offset + length - at), at);
    append(ZERO, offset, length);
    return OK;
  },
  readdir(_, { out }, { offset }) {
    let next = 0;
    for (const [name, nodeid] of NAMES) {
      next++;
      if (next > offset && !dirent(out, nodeid, 0, next, 8, name)) break;
    }
    return OK;
  },
};
