// A filesystem for the tests that mount: it is told what to do by lookups of names that begin with `do-`, which never exist.
// Names and attributes may be cached for ever, so that what the kernel asks again, it was told to.

import * as fuse from '../../src/fuse/index.ts';
import type { Attr, Deferred, EntryOut, Operations, Session } from '../../src/fuse/index.ts';

const FOREVER = 1_000_000;
const { OK, DEFERRED } = fuse;
const { ENOENT, EINTR } = fuse.errno;

/** nodeid, type and mode, size. */
const objects: Readonly<Record<string, readonly [number, number, number]>> = {
  file: [2, 0o100644, 5],
  link: [3, 0o120777, 3],
  dir: [4, 0o040755, 0],
  slow: [5, 0o100644, 4],
  big: [6, 0o100644, 8 * 2 ** 30],
};

class State {
  session: Session<State> | undefined;
  readonly waiting: Deferred[] = [];
  target = 'old';
  patient = true;
}

export const context = new State();
export function start(session: Session<State>): void {
  context.session = session;
}

const commands: Readonly<Record<string, (state: State) => void>> = {
  'do-expire': (state) => state.session?.notify.expireEntry(1, fuse.asBytes('file')),
  'do-expire-in-dir': (state) => state.session?.notify.expireEntry(4, fuse.asBytes('new')),
  'do-epoch': (state) => {
    state.session?.notify.incEpoch();
  },
  'do-relink': (state) => {
    state.target = 'new';
    state.session?.notify.invalInode(3, 0, 0);
  },
  'do-fail': (state) => state.waiting.shift()?.fail(ENOENT),
  'do-retry': (state) => {
    state.patient = false;
    state.waiting.shift()?.retry();
  },
  'do-throw': () => {
    throw new Error('told to');
  },
  'do-exit': () => process.exit(3),
  'do-stop': (state) => state.session?.stop(),
};

function attrOf(nodeid: number): Attr {
  const [, mode = 0o040755, size = 0] = Object.values(objects).find(([id]) => id === nodeid) ?? [];
  const times = { atime: 1, mtime: 2, ctime: 3, atimeNsec: 0, mtimeNsec: 0, ctimeNsec: 0 };
  return {
    inoLo: nodeid,
    inoHi: 0,
    mode,
    nlink: 1,
    size,
    uid: 0,
    gid: 0,
    rdevMajor: 0,
    rdevMinor: 0,
    blksize: 4096,
    blocks: 8,
    ...times,
  };
}

function entryOf(nodeid: number): EntryOut {
  const valid = { entryValid: FOREVER, entryValidNsec: 0, attrValid: FOREVER, attrValidNsec: 0 };
  return { nodeid, generation: 0, ...valid, attr: attrOf(nodeid) };
}

export const operations: Partial<Operations<State>> = {
  lookup(state, { nodeid, out }, { name }) {
    commands[name]?.(state);
    const found = nodeid === 1 ? objects[name] : undefined;
    if (found === undefined) return ENOENT;
    fuse.entryOut(out, entryOf(found[0]));
    return OK;
  },
  getattr(_, { nodeid, out }) {
    fuse.attrOut(out, FOREVER, 0, attrOf(nodeid));
    return OK;
  },
  readlink(state, { out }) {
    out.name(fuse.asBytes(state.target));
    return OK;
  },
  open(state, req) {
    if (req.nodeid === 5 && state.patient) {
      const deferred = req.defer();
      state.waiting.push(deferred);
      deferred.onInterrupt = () => {
        deferred.fail(EINTR);
      };
      return DEFERRED;
    }
    fuse.openOut(req.out, req.nodeid, 0);
    return OK;
  },
  create(state, req) {
    state.waiting.push(req.defer());
    return DEFERRED;
  },
  read(_, { out, nodeid }, { size, offset }) {
    const end = Math.min(size, attrOf(nodeid).size - offset);
    out.buf.fill(0x30 + nodeid, out.pos, out.pos + end);
    out.pos += end;
    return OK;
  },
  write(_, { out }, { data }) {
    if (data.some((byte) => byte !== 0x77)) return fuse.errno.EIO;
    fuse.writeOut(out, data.length);
    return OK;
  },
};
