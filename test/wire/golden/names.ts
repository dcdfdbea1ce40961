// Golden requests about names in a directory.

import { asBytes } from '../../../src/bytes.ts';
import type { Goldens } from './golden.ts';

export const nameGoldens: Goldens<
  'lookup' | 'symlink' | 'mknod' | 'mkdir' | 'unlink' | 'rmdir' | 'rename' | 'rename2' | 'link'
> = {
  lookup: [
    { title: 'ASCII', body: `'passwd' 00 // name`, value: { name: asBytes('passwd') } },
    { title: 'one byte', body: `78 00 // name`, value: { name: asBytes('x') } },
    {
      title: 'bytes that are not UTF-8, a newline, a leading dash',
      body: `2d ff fe 0a c3 00 // name`,
      value: { name: asBytes('-\xff\xfe\n\xc3') },
    },
    {
      title: '255 bytes',
      body: `${'c3'.repeat(255)} 00 // name`,
      value: { name: asBytes('\xc3'.repeat(255)) },
    },
  ],
  unlink: [{ title: 'a name', body: `'gone' 00 // name`, value: { name: asBytes('gone') } }],
  rmdir: [{ title: 'a name', body: `'empty' 00 // name`, value: { name: asBytes('empty') } }],
  symlink: [
    {
      title: 'name before target',
      body: `
        'sh' 00 // name
        '../bin/da' ff 'sh' 00 // target
      `,
      value: { name: asBytes('sh'), target: asBytes('../bin/da\xffsh') },
    },
  ],
  mknod: [
    {
      title: 'character device, 12 bits of major and 20 of minor',
      body: `
        90 21 00 00 // mode
        45 23 c1 ab // rdev
        12 00 00 00 // umask
        ee ee ee ee // padding
        'tty' 00 // name
      `,
      value: { mode: 0o20620, rdevMajor: 0x123, rdevMinor: 0xabc45, umask: 0o22, name: asBytes('tty') },
    },
  ],
  mkdir: [
    {
      title: 'sticky',
      body: `
        ff 03 00 00 // mode
        17 00 00 00 // umask
        'tmp' 00 // name
      `,
      value: { mode: 0o1777, umask: 0o27, name: asBytes('tmp') },
    },
  ],
  rename: [
    {
      title: 'has no flags',
      body: `
        16 15 14 13 12 11 00 00 // newdir
        'foo.dpkg-new' 00 // oldname
        'foo' 00 // newname
      `,
      value: { newdir: 0x111213141516, oldname: asBytes('foo.dpkg-new'), newname: asBytes('foo'), flags: 0 },
    },
  ],
  rename2: [
    {
      title: 'with flags',
      body: `
        16 15 14 13 12 11 00 00 // newdir
        05 00 00 00 // flags
        ee ee ee ee // padding
        'a' 00 // oldname
        'b' 00 // newname
      `,
      value: { newdir: 0x111213141516, oldname: asBytes('a'), newname: asBytes('b'), flags: 5 },
    },
  ],
  link: [
    {
      title: 'a name',
      body: `
        16 15 14 13 12 11 00 00 // oldnodeid
        'second' 00 // newname
      `,
      value: { oldnodeid: 0x111213141516, name: asBytes('second') },
    },
  ],
};
