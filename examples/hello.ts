// A filesystem that shows one file, on `rootsync/fuse` alone: node dist/examples/hello.js MOUNTPOINT
// Ends when it is unmounted, and on Ctrl-C; a second one does not wait for those who have the file open.

import { isMainThread } from 'node:worker_threads';
import { asBytes, attrOut, constants, dirent, entryOut, errno, openOut, serve, OK } from '../src/fuse/index.ts';
import type { Attr, Operations } from '../src/fuse/index.ts';

const ROOT = constants.FUSE_ROOT_ID;
const FILE = 2;
const NAME = asBytes('hello');
const FOREVER = 86_400; // seconds that the kernel may believe what it is told

const text = Buffer.from('Hello, world!\n');
const now = Math.floor(Date.now() / 1000);

function attrOf(nodeid: number): Attr {
  const directory = nodeid === ROOT;
  return {
    ...{ inoLo: nodeid, inoHi: 0, uid: 0, gid: 0, rdevMajor: 0, rdevMinor: 0, blksize: 4096, blocks: 1 },
    ...{ atime: now, mtime: now, ctime: now, atimeNsec: 0, mtimeNsec: 0, ctimeNsec: 0 },
    ...(directory ? { mode: 0o040755, nlink: 2, size: 0 } : { mode: 0o100644, nlink: 1, size: text.length }),
  };
}

// `serve` imports this module again, in the thread that runs these.
export const context = {};
export const operations: Partial<Operations<object>> = {
  lookup(_, { nodeid, out }, { name }) {
    if (nodeid !== ROOT || name !== NAME) return errno.ENOENT;
    const valid = { entryValid: FOREVER, entryValidNsec: 0, attrValid: FOREVER, attrValidNsec: 0 };
    entryOut(out, { nodeid: FILE, generation: 0, ...valid, attr: attrOf(FILE) });
    return OK;
  },
  getattr(_, { nodeid, out }) {
    attrOut(out, FOREVER, 0, attrOf(nodeid));
    return OK;
  },
  open(_, { out }, { flags }) {
    if ((flags & 3) !== 0) return errno.EACCES;
    openOut(out, 0, constants.FOPEN_KEEP_CACHE);
    return OK;
  },
  read(_, { out }, { offset, size }) {
    out.bytes(text.subarray(offset, offset + size));
    return OK;
  },
  readdir(_, { out }, { offset }) {
    if (offset < 1) dirent(out, FILE, 0, 1, 8, NAME);
    return OK;
  },
};

if (isMainThread) {
  const mountpoint = process.argv[2] ?? '/mnt';
  const serving = await serve(mountpoint, import.meta.url, { source: 'hello', subtype: 'hello' });
  if ('reason' in serving) {
    console.error(`hello: ${serving.reason}`);
    process.exit(1);
  }
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => serving.unmount(true));
  console.log(`hello is mounted on ${mountpoint}`);
  await serving.ended;
}
