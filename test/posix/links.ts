// Hard links: one object under several names, whichever of them is changed, removed or looked up first.

import assert from 'node:assert/strict';
import {
  closeSync,
  linkSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
  appendFileSync,
  chmodSync,
} from 'node:fs';
import { CONTENT, fails } from './case.ts';
import type { Cases } from './case.ts';

export const links: Cases = {
  'a new link is the same object': ({ at }) => {
    linkSync(at('file'), at('new'));
    assert.equal(statSync(at('new')).ino, statSync(at('file')).ino);
    assert.equal(statSync(at('file')).nlink, 2);
    writeFileSync(at('new'), 'through the new name');
    assert.equal(readFileSync(at('file'), 'utf8'), 'through the new name');
  },
  'two planted names: written by one, read by the other': ({ at }) => {
    appendFileSync(at('second-name'), 'more');
    assert.equal(readFileSync(at('first-name'), 'utf8'), `${CONTENT}more`);
    assert.equal(statSync(at('first-name')).ino, statSync(at('second-name')).ino);
    assert.equal(statSync(at('first-name')).nlink, 2);
  },
  'written by one name, which is then removed': ({ at }) => {
    writeFileSync(at('second-name'), 'kept');
    unlinkSync(at('second-name'));
    assert.equal(readFileSync(at('first-name'), 'utf8'), 'kept');
    assert.equal(statSync(at('first-name')).nlink, 1);
  },
  'written by one name, which is then replaced': ({ at }) => {
    writeFileSync(at('second-name'), 'kept');
    renameSync(at('file'), at('second-name'));
    assert.equal(readFileSync(at('first-name'), 'utf8'), 'kept');
    assert.equal(readFileSync(at('second-name'), 'utf8'), CONTENT);
    assert.equal(statSync(at('first-name')).nlink, 1);
    assert.equal(statSync(at('second-name')).nlink, 1);
  },
  'changed, moved away, found again by the other name': ({ at }) => {
    chmodSync(at('second-name'), 0o600);
    renameSync(at('second-name'), at('other/moved'));
    assert.equal(statSync(at('first-name')).mode & 0o777, 0o600);
    assert.equal(statSync(at('first-name')).ino, statSync(at('other/moved')).ino);
    assert.equal(statSync(at('first-name')).nlink, 2);
  },
  'removed by one name while open by the other': ({ at }) => {
    const fd = openSync(at('first-name'), 'r+');
    unlinkSync(at('first-name'));
    writeFileSync(fd, 'X');
    assert.equal(readFileSync(at('second-name'), 'utf8')[0], 'X');
    closeSync(fd);
  },
  'both names are found again after the kernel has forgotten them': (ground) => {
    const { ino } = statSync(ground.at('first-name'));
    assert.equal(statSync(ground.at('second-name')).ino, ino);
    writeFileSync('/proc/sys/vm/drop_caches', '2');
    assert.equal(statSync(ground.at('second-name')).ino, ino);
    assert.equal(statSync(ground.at('first-name')).ino, ino);
  },
  'renaming a name to another of the same object does nothing': ({ at }) => {
    renameSync(at('first-name'), at('second-name'));
    assert.equal(statSync(at('first-name')).ino, statSync(at('second-name')).ino);
  },
  'links of symlinks, none of directories': ({ at }) => {
    linkSync(at('link'), at('new'));
    assert.equal(readlinkSync(at('new')), 'file');
    assert.equal(lstatSync(at('link')).nlink, 2);
    fails('EPERM', () => linkSync(at('full'), at('never')));
    fails('EEXIST', () => linkSync(at('file'), at('second')));
    fails('ENOENT', () => linkSync(at('missing'), at('never')));
  },
  'the same inode number after removal and a new link': ({ at }) => {
    const { ino } = statSync(at('file'));
    linkSync(at('file'), at('new'));
    unlinkSync(at('file'));
    linkSync(at('new'), at('file'));
    unlinkSync(at('new'));
    assert.equal(statSync(at('file')).ino, ino);
    assert.equal(statSync(at('file')).nlink, 1);
  },
};
