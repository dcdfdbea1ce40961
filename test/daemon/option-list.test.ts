import assert from 'node:assert/strict';
import { parseOptionList } from '../../src/daemon/option-list.ts';

describe('daemon/option-list', () => {
  const pairs = (list: string) => {
    const options = parseOptionList(list);
    if (typeof options === 'string') assert.fail(options);
    return options.map(({ name, value }) => (value === undefined ? [name] : [name, value]));
  };

  it('reads names and values in their order', () => {
    assert.deepEqual(pairs('flash=/f,disk=/d,no-passthrough,mode=hold'), [
      ['flash', '/f'],
      ['disk', '/d'],
      ['no-passthrough'],
      ['mode', 'hold'],
    ]);
  });

  it('keeps a comma that is escaped or quoted in the value', () => {
    assert.deepEqual(pairs('exclude=/a\\,b,exclude="/c,d",x'), [['exclude', '/a,b'], ['exclude', '/c,d'], ['x']]);
  });

  it('keeps backslashes that escape nothing, and takes a pair for one', () => {
    assert.deepEqual(pairs('exclude=/a\\*b\\\\,flash=\\'), [
      ['exclude', '/a\\*b\\'],
      ['flash', '\\'],
    ]);
  });

  it('keeps an equals sign, and a quote that is not at the beginning', () => {
    assert.deepEqual(pairs('flash=/a=b"c'), [['flash', '/a=b"c']]);
  });

  it('passes over empty items', () => {
    assert.deepEqual(pairs(',a,,b,'), [['a'], ['b']]);
    assert.deepEqual(pairs(''), []);
  });

  it('says what is wrong', () => {
    const wrong = (list: string): string => {
      const options = parseOptionList(list);
      return typeof options === 'string' ? options : assert.fail(`${list} was taken`);
    };
    assert.match(wrong('flash="/a'), /quote that is not closed in the value of flash/);
    assert.match(wrong('a,=b'), /without a name/);
  });
});
