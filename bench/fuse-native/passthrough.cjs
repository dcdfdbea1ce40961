// A read-only passthrough of one directory on fuse-native: node passthrough.cjs DIRECTORY MOUNTPOINT

const fs = require('node:fs');
const { join } = require('node:path');
const Fuse = require('fuse-native');

const [root, mountpoint] = process.argv.slice(2);

const answer = (reply) => (error, value) => reply(error ? (Fuse[error.code] ?? Fuse.EIO) : 0, value);

const operations = {
  getattr: (path, reply) => fs.lstat(join(root, path), answer(reply)),
  fgetattr: (path, fd, reply) => fs.fstat(fd, answer(reply)),
  readdir: (path, reply) => fs.readdir(join(root, path), answer(reply)),
  readlink: (path, reply) => fs.readlink(join(root, path), answer(reply)),
  open: (path, flags, reply) => fs.open(join(root, path), flags, answer(reply)),
  read: (path, fd, buffer, length, position, reply) =>
    fs.read(fd, buffer, 0, length, position, (error, n) => reply(error ? (Fuse[error.code] ?? Fuse.EIO) : n)),
  release: (path, fd, reply) => fs.close(fd, () => reply(0)),
};

const fuse = new Fuse(mountpoint, operations, {
  kernelCache: true,
  allowOther: true,
  attrTimeout: 86400,
  entryTimeout: 86400,
});
fuse.mount((error) => {
  if (error) throw error;
});
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => fuse.unmount(() => process.exit(0)));
