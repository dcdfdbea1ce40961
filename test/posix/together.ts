// Several processes at once, and memory that is a file.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { program, python } from './case.ts';
import type { Cases } from './case.ts';

export const together: Cases = {
  'flock and fcntl locks hold between processes': (ground) => {
    python(
      ground,
      `
def child(body):
  pid = os.fork()
  if pid == 0:
    try: body(); os._exit(0)
    except BaseException as e: print(e, file=sys.stderr); os._exit(1)
  assert os.waitpid(pid, 0)[1] == 0
f = open("file", "r+")
def refused(call):
  g = open("file", "r+")
  try: call(g)
  except (BlockingIOError, PermissionError): return
  raise Exception("not refused")
fcntl.flock(f, fcntl.LOCK_EX)
child(lambda: refused(lambda g: fcntl.flock(g, fcntl.LOCK_EX | fcntl.LOCK_NB)))
fcntl.flock(f, fcntl.LOCK_UN)
fcntl.lockf(f, fcntl.LOCK_EX, 10, 0)
child(lambda: refused(lambda g: fcntl.lockf(g, fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 5)))
child(lambda: fcntl.lockf(open("file", "r+"), fcntl.LOCK_EX | fcntl.LOCK_NB, 5, 10))
r, w = os.pipe()
pid = os.fork()
if pid == 0:
  g = open("file", "r+"); os.write(w, b"x"); fcntl.lockf(g, fcntl.LOCK_EX, 10, 0); os._exit(0)
os.read(r, 1)
fcntl.lockf(f, fcntl.LOCK_UN, 10, 0)
assert os.waitpid(pid, 0)[1] == 0
`,
    );
  },
  'locks of open file descriptions hold between them, in one process too': (ground) => {
    python(
      ground,
      `
def lock(f, kind): fcntl.fcntl(f, 37, struct.pack("hhqqi4x", kind, 0, 0, 10, 0))
a, b = open("file", "r+"), open("file", "r+")
lock(a, fcntl.F_WRLCK)
try: lock(b, fcntl.F_WRLCK); raise Exception("not refused")
except BlockingIOError: pass
lock(a, fcntl.F_UNLCK)
lock(b, fcntl.F_WRLCK)
b.close()
lock(a, fcntl.F_RDLCK)
`,
    );
  },
  'a shared mapping and reads see one content': (ground) => {
    python(
      ground,
      `
f = open("file", "r+b")
early = mmap.mmap(os.open("file", os.O_RDONLY), 0, prot=mmap.PROT_READ)
assert early[:4] == b"disk"
m = mmap.mmap(f.fileno(), 0)
m[0:4] = b"MMAP"
assert os.pread(f.fileno(), 4, 0) == b"MMAP"
assert open("file", "rb").read(4) == b"MMAP"
os.pwrite(f.fileno(), b"pwr", 100)
assert m[100:103] == b"pwr"
assert early[:4] == b"MMAP" and early[100:103] == b"pwr", early[:4]
m.flush(); m.close()
private = mmap.mmap(f.fileno(), 0, flags=mmap.MAP_PRIVATE)
private[0:4] = b"mine"
assert open("file", "rb").read(4) == b"MMAP"
`,
    );
    assert.equal(readFileSync(ground.at('file'), 'latin1').slice(0, 4), 'MMAP');
  },
  'a mapping made before another process writes': (ground) => {
    python(
      ground,
      `
m = mmap.mmap(os.open("second", os.O_RDONLY), 0, prot=mmap.PROT_READ)
assert m[:4] == b"disk"
if os.fork() == 0:
  fd = os.open("second", os.O_RDWR); os.pwrite(fd, b"gone", 0); os._exit(0)
assert os.wait()[1] == 0
assert m[:4] == b"gone", m[:4]
`,
    );
  },
  'a grown file is mapped in full': (ground) => {
    python(
      ground,
      `
fd = os.open("new", os.O_RDWR | os.O_CREAT)
os.ftruncate(fd, 1 << 20)
m = mmap.mmap(fd, 0)
m[(1 << 20) - 1] = 7
assert os.pread(fd, 1, (1 << 20) - 1) == b"\\x07"
`,
    );
  },
  'appends of many processes are all there, whole': (ground) => {
    python(
      ground,
      `
for who in range(4):
  if os.fork() == 0:
    fd = os.open("file", os.O_WRONLY | os.O_APPEND)
    for i in range(200): os.write(fd, b"%d:%03d:%s\\n" % (who, i, b"x" * 90))
    os._exit(0)
for _ in range(4): assert os.wait()[1] == 0
lines = open("file").read().split("\\n")[400:-1]
assert len(lines) == 800 and len(set(lines)) == 800, len(lines)
assert all(len(line) == 96 for line in lines)
`,
    );
  },
  'fifty open one file at the same moment, to read and to write': (ground) => {
    python(
      ground,
      `
import threading
barrier = threading.Barrier(50); bad = []
def one(i):
  barrier.wait()
  try:
    if i % 2:
      fd = os.open("file", os.O_RDWR); os.pwrite(fd, b"%02d" % i, 2 * i)
      assert os.pread(fd, 2, 2 * i) == b"%02d" % i
    else:
      fd = os.open("file", os.O_RDONLY)
      assert len(os.read(fd, 10000)) == 6000
    os.close(fd)
  except BaseException as e: bad.append(repr(e))
threads = [threading.Thread(target=one, args=(i,)) for i in range(50)]
[t.start() for t in threads]; [t.join() for t in threads]
assert not bad, bad
data = open("file", "rb").read()
for i in range(1, 50, 2): assert data[2 * i:2 * i + 2] == b"%02d" % i, i
`,
    );
  },
  'a directory is made once, whoever tries': (ground) => {
    const said = program(
      ground,
      'sh',
      '-c',
      'for i in 1 2 3 4 5 6 7 8; do (mkdir new 2>/dev/null && echo made) & done; wait',
    );
    assert.equal(said, 'made\n');
  },
};
