import assert from 'node:assert/strict';
import { asBytes } from '../../src/bytes.ts';
import { companionsOf } from '../../src/policy/companions.ts';

const needed = (path: string): string[] => companionsOf(asBytes(path)).map((companion) => companion.path);

describe('policy/companions', () => {
  it("asks for a module's source and for os.py beside its cached form, without which Python does not start", () => {
    assert.deepEqual(needed('usr/lib/python3.11/json/__pycache__/decoder.cpython-311.pyc'), [
      'usr/lib/python3.11/json/decoder.py',
      'usr/lib/python3.11/os.py',
    ]);
    assert.deepEqual(needed('srv/app/__pycache__/main.cpython-311.opt-2.pyc'), ['srv/app/main.py']);
    assert.deepEqual(needed('__pycache__/top.cpython-311.pyc'), ['top.py']);
  });

  it('asks for nothing beside other files, nor for a file beside itself', () => {
    for (const path of [
      'usr/bin/python3.11',
      'usr/lib/libpython3.11.so.1.0',
      'usr/lib/python3.11/os.py',
      'etc/x.pyc',
      'lib/pythonish/a',
    ]) {
      assert.deepEqual(needed(path), [], path);
    }
  });

  it('takes names that are no text, or hold newlines', () => {
    assert.deepEqual(needed('a\n\xff/__pycache__/m\xfe.cpython-311.pyc'), ['a\n\xff/m\xfe.py']);
  });
});
