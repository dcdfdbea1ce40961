// One file of disk opened by many at the same instant, to read and to write. Guards against overlayfs' fault (who had opened disk's file reads
// it for ever), against fuse-overlayfs' (a writer that opens while a reader holds disk's file writes to disk), against EIO from two backing
// files for one inode, and against bytes lost between two copies.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { assertSameTree, run, treeOf } from './programs.ts';

const FILES = 12;
const BLOCK = 4096;
const THREADS = 50;

// Each writer owns a block of the file. What readers may see of it is the old byte or the new one; once all have written, whoever has the file
// open, however he has it open, sees the new ones.
const RACE = String.raw`
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
enum { THREADS = 50, BLOCK = 4096 };
static const char *path;
static size_t length;
static pthread_barrier_t barrier;
static int failed;
static void fail(const char *what, long at) {
  printf("%s: %s at %ld: %s\n", path, what, at, strerror(errno));
  __atomic_store_n(&failed, 1, __ATOMIC_SEQ_CST);
}
static int writes(long who) { return who % 2 == 0; }
static void check(long who, const char *how, const char *seen, int done) {
  for (size_t i = 0; i < length; i++) {
    size_t block = i / BLOCK;
    int written = block < THREADS && writes(block);
    char old = 'a' + block % 26, new = 'A' + block % 26;
    if (seen[i] == (written && done ? new : old) || (written && !done && seen[i] == new)) continue;
    printf("%s: thread %ld, %s: byte %zu is %d\n", path, who, how, i, seen[i]);
    failed = 1;
    return;
  }
}
static void *run(void *arg) {
  long who = (long)arg;
  static _Thread_local char block[BLOCK];
  char *seen = malloc(length), *map;
  memset(block, 'A' + who % 26, BLOCK);
  pthread_barrier_wait(&barrier);
  int fd = open(path, writes(who) ? O_RDWR : O_RDONLY);
  if (fd < 0) fail("open", who);
  map = mmap(0, length, writes(who) && who % 4 == 0 ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
  if (map == MAP_FAILED) fail("mmap", who);
  if (writes(who)) {
    if (who % 4 == 0 && map != MAP_FAILED) memcpy(map + who * BLOCK, block, BLOCK);
    else if (pwrite(fd, block, BLOCK, who * BLOCK) != BLOCK) fail("write", who);
    if (who % 10 == 0 && fsync(fd) < 0) fail("fsync", who);
    if (who % 10 == 2 && fchmod(fd, 0600 + who) < 0) fail("fchmod", who);
  } else {
    if (pread(fd, seen, length, 0) != (ssize_t)length) fail("read", who);
    else check(who, "meanwhile", seen, 0);
  }
  pthread_barrier_wait(&barrier);
  if (map != MAP_FAILED && who % 4 == 0 && msync(map, length, MS_SYNC) < 0) fail("msync", who);
  pthread_barrier_wait(&barrier);
  if (pread(fd, seen, length, 0) != (ssize_t)length) fail("read again", who);
  else check(who, "by read", seen, 1);
  if (map != MAP_FAILED) check(who, "by mmap", map, 1);
  struct stat s;
  if (fstat(fd, &s) < 0 || s.st_size != (off_t)length) fail("fstat", who);
  if (map != MAP_FAILED) munmap(map, length);
  if (fd >= 0 && close(fd) < 0) fail("close", who);
  free(seen);
  return 0;
}
int main(int argc, char **argv) {
  length = atol(argv[1]);
  alarm(60);
  pthread_barrier_init(&barrier, 0, THREADS);
  for (int n = 2; n < argc; n++) {
    pthread_t threads[THREADS];
    path = argv[n];
    for (long i = 0; i < THREADS; i++) pthread_create(&threads[i], 0, run, (void *)i);
    for (long i = 0; i < THREADS; i++) pthread_join(threads[i], 0);
  }
  return failed;
}
`;

// The reader opens first, and says so; what happens then to the file is the other's, in the order that the test asks for.
const READER_FIRST = String.raw`
import mmap, os, sys, time
path, how, size, copy = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
reader = os.open(path, os.O_RDONLY)
seen = mmap.mmap(reader, size, mmap.MAP_SHARED, mmap.PROT_READ)
assert seen[:] == os.pread(reader, size, 0) == b'o' * size, 'before'
while how == 'captured first' and not os.path.exists(copy): time.sleep(0.01)
late = os.open(path, os.O_RDONLY) if how == 'captured first' else None
if how == 'truncate': os.truncate(path, size - 10)
writer = os.open(path, os.O_RDWR | (os.O_APPEND if how == 'append' else 0))
if how == 'append':
    assert os.write(writer, b'N' * 10) == 10
    want = b'o' * size + b'N' * 10
elif how == 'truncate':
    assert os.pwrite(writer, b'N' * 5, size - 10) == 5
    want = b'o' * (size - 10) + b'N' * 5
elif how == 'mmap':
    there = mmap.mmap(writer, size, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
    there[100:110] = b'N' * 10
    there.flush()
    want = b'o' * 100 + b'N' * 10 + b'o' * (size - 110)
else:
    assert os.pwrite(writer, b'N' * 10, 100) == 10
    want = b'o' * 100 + b'N' * 10 + b'o' * (size - 110)
if how == 'forgotten':
    seen.close()
    os.posix_fadvise(reader, 0, 0, os.POSIX_FADV_DONTNEED)
for name, fd in (('reader', reader), ('writer', writer), ('late', late)):
    if fd is None: continue
    got = os.pread(fd, size * 2, 0)
    assert got == want, (name, len(got), len(want), [i for i in range(min(len(got), len(want))) if got[i] != want[i]][:5])
    assert os.fstat(fd).st_size == len(want), (name, 'size', os.fstat(fd).st_size)
some = min(size, len(want))
assert how == 'forgotten' or seen[:some] == want[:some], 'mmap'
os.close(writer)
got = os.pread(reader, size * 2, 0)
assert got == want and (how == 'forgotten' or seen[:some] == want[:some]), 'after the close'
`;

const PATHS = { 'passed through': true, served: false } as const;
/** Forgotten: by the kernel's page cache, so that it is the server that is asked. */
const WAYS = ['write', 'forgotten', 'append', 'truncate', 'mmap', 'captured first'] as const;
/** Copied within the request, and by a copy thread while it waits. */
const SIZES = { small: 64 * 1024 + 17, big: 9 * 1024 * 1024 + 17 } as const;

describe('a file of disk that many have open', function () {
  this.timeout(180_000);
  needsMount();

  for (const [name, passthrough] of Object.entries(PATHS)) {
    for (const mode of ['capture', 'hold'] as const)
      it(`${name}, ${mode}: ${THREADS} threads open it at once; nobody has an error, no byte is lost`, async () => {
        await using root = new MountedRoot({ config: { passthrough, mode } });
        const size = 60 * BLOCK + 123;
        const [content, wanted] = [Buffer.alloc(size), Buffer.alloc(size)];
        for (let at = 0; at < size; at++) {
          const block = Math.floor(at / BLOCK);
          content[at] = 0x61 + (block % 26);
          wanted[at] = block < THREADS && block % 2 === 0 ? 0x41 + (block % 26) : 0x61 + (block % 26);
        }
        const names = Array.from({ length: FILES }, (_, at) => `srv/file${at}`);
        mkdirSync(join(root.disk, 'srv'));
        for (const file of names) writeFileSync(join(root.disk, file), content);
        const before = await treeOf(root.disk, { times: true });
        writeFileSync(join(root.dir, 'race.c'), RACE);
        await run(['gcc', '-O1', '-pthread', '-o', join(root.dir, 'race'), join(root.dir, 'race.c')]);
        await root.start();
        await run([join(root.dir, 'race'), String(size), ...names.map((file) => join(root.mountpoint, file))]);
        await root.stop();
        for (const file of names) assert.ok(readFileSync(join(root.flash, file)).equals(wanted), `${file} on flash`);
        assertSameTree(await treeOf(root.disk, { times: true }), before, 'disk');
        assert.deepEqual(root.warnings, []);
      });

    it(`${name}: who opened it before a writer sees what is written, by read and by mmap`, async () => {
      await using root = new MountedRoot({ config: { passthrough } });
      for (const [at, size] of Object.entries(SIZES))
        for (const way of WAYS) writeFileSync(join(root.disk, `${at} ${way}`), Buffer.alloc(size, 'o'));
      const before = await treeOf(root.disk, { times: true });
      await root.start();
      for (const [at, size] of Object.entries(SIZES))
        for (const way of WAYS) {
          const [path, copy] = [join(root.mountpoint, `${at} ${way}`), join(root.flash, `${at} ${way}`)];
          await run(['python3', '-c', READER_FIRST, path, way, String(size), copy]);
        }
      await root.stop();
      assertSameTree(await treeOf(root.disk, { times: true }), before, 'disk');
      assert.deepEqual(root.warnings, []);
    });
  }
});
