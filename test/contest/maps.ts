// A program that has files mapped which nobody else uses, while others move the directory that they are in: what is written by any descriptor shows
// in every mapping and to every reader, whatever is done to the names.

export const PLANTED = Array.from({ length: 12 }, (_, n) => `m${n}`);

const ROUNDS = 800;

/** Python; its argument is a seed, its directory has the files. */
export const MAPS = String.raw`
import mmap, os, random, sys
r = random.Random(int(sys.argv[1]))
SIZE = 12288
class File:
  def __init__(self, name):
    self.name, self.content, self.maps, self.fds = name, bytearray(b'o' * SIZE), [], []
files = [File('m%d' % n) for n in range(${PLANTED.length})]
fresh = 0
def check(f, what):
  for m in f.maps: assert m[:] == f.content, (f.name, what, 'mmap', diff(m[:], f.content))
  for fd in f.fds:
    got = os.pread(fd, SIZE + 1, 0)
    assert got == f.content, (f.name, what, 'read', len(got), diff(got, f.content))
def diff(a, b): return [(i, a[i], b[i]) for i in range(min(len(a), len(b))) if a[i] != b[i]][:3]
def put(f, at, data): f.content[at:at + len(data)] = data
for n in range(${ROUNDS}):
  f = r.choice(files)
  how = r.randrange(9)
  at, data = r.randrange(SIZE - 100), bytes([65 + n % 26]) * r.randrange(1, 100)
  if how < 2:
    fd = os.open(f.name, os.O_RDONLY)
    f.fds.append(fd); f.maps.append(mmap.mmap(fd, SIZE, mmap.MAP_SHARED, mmap.PROT_READ))
  elif how < 4:
    fd = os.open(f.name, os.O_RDWR); os.pwrite(fd, data, at); os.close(fd); put(f, at, data)
  elif how == 4:
    fd = os.open(f.name, os.O_RDWR); m = mmap.mmap(fd, SIZE); m[at:at + len(data)] = data; put(f, at, data)
    if r.random() < .5: m.flush()
    m.close(); os.close(fd)
  elif how == 5:
    fresh += 1; os.rename(f.name, 'n%d' % fresh); f.name = 'n%d' % fresh
  elif how == 6:
    fresh += 1; os.link(f.name, 'n%d' % fresh); os.unlink(f.name); f.name = 'n%d' % fresh
  elif how == 7:
    for fd in f.fds: os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
  else:
    for m in f.maps: m.close()
    for fd in f.fds: os.close(fd)
    f.maps, f.fds = [], []
  check(f, how)
for f in files:
  check(f, 'at the end')
  assert open(f.name, 'rb').read() == f.content, f.name
  s = os.stat(f.name); assert s.st_nlink == 1 and s.st_size == SIZE, (f.name, s)
assert sorted(os.listdir('.')) == sorted(f.name for f in files)
`;
