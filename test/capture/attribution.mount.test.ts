// What the log says of objects that nobody asked for by themselves: because of what they came, and for whom. Guards against a directory that
// is told of in the name of whoever asked for something else before, and against further names of a file that come without a word.

import assert from 'node:assert/strict';
import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Event } from '../../src/capture/event.ts';
import type { MountConfig } from '../../src/daemon/config.ts';
import type { Rule } from '../../src/policy/exclude-rule.ts';
import { MountedRoot, needsMount } from '../mounted-root.ts';
import { readEvents } from './events.ts';
import { shell } from './inside.ts';

const FILES = [
  'a/b/c/file',
  'x/y/other',
  'lib/python3.11/os.py',
  'lib/python3.11/json/__init__.py',
  'lib/python3.11/json/__pycache__/__init__.cpython-311.pyc',
];

describe('capture: attribution', function () {
  this.timeout(60_000);
  needsMount();
  let root: MountedRoot;

  async function start(config: Partial<MountConfig> = {}): Promise<void> {
    root = new MountedRoot({ config });
    for (const path of FILES) {
      mkdirSync(dirname(`${root.disk}/${path}`), { recursive: true });
      writeFileSync(`${root.disk}/${path}`, path);
    }
    mkdirSync(`${root.disk}/links`);
    writeFileSync(`${root.disk}/links/one`, 'content');
    linkSync(`${root.disk}/links/one`, `${root.disk}/links/two`);
    await root.start();
  }
  afterEach(async () => {
    await root[Symbol.asyncDispose]();
  });

  async function events(): Promise<Map<string, Event>> {
    await root.settle();
    const found = new Map<string, Event>();
    for (const event of readEvents(root.flash)) if (!found.has(event.path)) found.set(event.path, event);
    return found;
  }

  it('says of directories what they came along with', async () => {
    const rule = (glob: string): Rule => ({ glob, source: 'option' });
    // Not made when they are looked up, but needed for the file.
    await start({ exclude: [rule('/a/**'), rule('!/a/b/c/file')] });
    shell(root.mountpoint, 'cat a/b/c/file');
    const found = await events();
    const file = found.get('/a/b/c/file');
    assert.deepEqual([file?.operation, file?.alongWith, file?.requester?.comm], ['open', undefined, 'cat']);
    const skipped = readEvents(root.flash).filter(({ kind }) => kind === 'skip');
    assert.deepEqual(skipped.map(({ path }) => path).sort(), ['/a/b', '/a/b/c']);
    for (const path of ['/a/b', '/a/b/c']) {
      const event = readEvents(root.flash).find((one) => one.path === path && one.kind === 'capture');
      assert.deepEqual([event?.objectKind, event?.alongWith], ['directory', '/a/b/c/file'], path);
      assert.deepEqual(event?.requester, file?.requester, path);
    }
    assert.equal(found.get('/a')?.alongWith, undefined);
  });

  it('says of directories made for a change who made it', async () => {
    // Nothing is captured, so that only the change needs them.
    await start({ mode: 'hold' });
    shell(root.mountpoint, 'cat a/b/c/file > /dev/null; chmod 700 a/b/c/file; mkdir x/y/new');
    const found = await events();
    for (const [path, comm, alongWith] of [
      ['/a', 'chmod', '/a/b/c/file'],
      ['/a/b/c', 'chmod', '/a/b/c/file'],
      ['/x', 'mkdir', '/x/y'],
      ['/x/y', 'mkdir', undefined],
    ] as const) {
      const event = found.get(path);
      assert.deepEqual([event?.kind, event?.operation, event?.objectKind], ['copy-up', 'change', 'directory'], path);
      assert.deepEqual([event?.requester?.comm, event?.alongWith], [comm, alongWith], path);
    }
  });

  it('says of what is needed beside an object which that is', async () => {
    await start();
    shell(root.mountpoint, 'cat lib/python3.11/json/__pycache__/__init__.cpython-311.pyc');
    const found = await events();
    const opened = '/lib/python3.11/json/__pycache__/__init__.cpython-311.pyc';
    for (const path of ['/lib/python3.11/json/__init__.py', '/lib/python3.11/os.py']) {
      const event = found.get(path);
      assert.deepEqual([event?.operation, event?.alongWith, event?.requester?.comm], ['companion', opened, 'cat']);
      assert.match(event?.reason ?? '', /^Python /);
    }
  });

  it('tells of each name of a file with several', async () => {
    await start();
    shell(root.mountpoint, 'cat links/one');
    await root.settle();
    shell(root.mountpoint, 'cat links/two');
    const found = await events();
    const [one, two] = [found.get('/links/one'), found.get('/links/two')];
    assert.deepEqual([one?.kind, one?.alongWith, one?.bytes], ['capture', undefined, 7]);
    assert.deepEqual([two?.kind, two?.alongWith, two?.reason, two?.bytes], ['capture', '/links/one', 'hard link', 0]);
    assert.notEqual(two?.requester?.pid, one?.requester?.pid);
  });
});
