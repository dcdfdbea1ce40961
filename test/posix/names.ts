// Names are bytes, up to 255 of them; paths go deeper than one path can say.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { fails, python } from './case.ts';
import type { Cases } from './case.ts';

const NAMES = ['\xff\xfe\x80', 'line\nfeed', '-rf', ' ', '\x01', '\xc3', '\\', 'x'.repeat(255), '\xe9'.repeat(255)];

export const names: Cases = {
  'any bytes': ({ dir, at }) => {
    const path = (name: string) => Buffer.from(`${dir}/empty/${name}`, 'latin1');
    for (const name of NAMES) writeFileSync(path(name), name);
    assert.deepEqual(readdirSync(at('empty'), 'latin1').sort(), [...NAMES].sort());
    for (const name of NAMES) assert.equal(readFileSync(path(name), 'utf8'), name);
    for (const [i, name] of NAMES.entries()) renameSync(path(name), path(`${i}\xfe`));
    for (const i of NAMES.keys()) rmSync(path(`${i}\xfe`));
    assert.deepEqual(readdirSync(at('empty')), []);
  },
  'no longer than 255 bytes': ({ at }) => {
    const long = 'x'.repeat(256);
    fails('ENAMETOOLONG', () => writeFileSync(at(long), ''));
    fails('ENAMETOOLONG', () => mkdirSync(at(long)));
    fails('ENAMETOOLONG', () => renameSync(at('file'), at(long)));
    fails('ENAMETOOLONG', () => readFileSync(at(long)));
  },
  'a path of 4,000 bytes and beyond': (ground) => {
    python(
      ground,
      [
        'os.chdir("empty")',
        'for i in range(45):',
        '  os.mkdir("d" * 100); os.chdir("d" * 100)',
        'open("file", "w").write("deep")',
        'assert open("file").read() == "deep"',
        'os.rename("file", "moved")',
        'assert os.listdir(".") == ["moved"]',
        'os.remove("moved")',
        'for i in range(45):',
        '  os.chdir(".."); os.rmdir("d" * 100)',
      ].join('\n'),
    );
  },
};
