import assert from 'node:assert/strict';
import fc from 'fast-check';
import { listOf, oneOf, optional, text, wrongField } from '../../src/control/fields.ts';
import { parseRequest } from '../../src/control/parse-request.ts';

describe('control/parse-request', () => {
  const refusal = (line: string): [number, string] => {
    const request = parseRequest(line);
    assert.ok('error' in request, line);
    return [request.id, request.error.code];
  };

  it('takes what the protocol says', () => {
    assert.deepEqual(parseRequest('{"v":1,"id":3,"command":"unmount","args":{"lazy":true}}'), {
      v: 1,
      id: 3,
      command: 'unmount',
      args: { lazy: true },
    });
    assert.deepEqual(parseRequest('{"v":1,"id":1,"command":"status"}'), { v: 1, id: 1, command: 'status', args: {} });
  });

  const refused: [string, number, string][] = [
    ['', 0, 'malformed'],
    ['{', 0, 'malformed'],
    ['null', 0, 'malformed'],
    ['[]', 0, 'malformed'],
    ['{"v":1,"command":"status"}', 0, 'malformed'],
    ['{"v":1,"id":0,"command":"status"}', 0, 'malformed'],
    ['{"v":1,"id":1.5,"command":"status"}', 0, 'malformed'],
    ['{"v":1,"id":"1","command":"status"}', 0, 'malformed'],
    ['{"id":1,"command":"status"}', 1, 'version'],
    ['{"v":2,"id":1,"command":"status"}', 1, 'version'],
    ['{"v":1,"id":1,"command":"stat"}', 1, 'unknown-command'],
    ['{"v":1,"id":1,"command":"__proto__"}', 1, 'unknown-command'],
    ['{"v":1,"id":1,"command":"toString"}', 1, 'unknown-command'],
    ['{"v":1,"id":1}', 1, 'unknown-command'],
    ['{"v":1,"id":1,"command":"status","args":[]}', 1, 'bad-args'],
    ['{"v":1,"id":1,"command":"status","args":{"x":1}}', 1, 'bad-args'],
    ['{"v":1,"id":1,"command":"unmount","args":{"lazy":1}}', 1, 'bad-args'],
    ['{"v":1,"id":1,"command":"unmount","args":{"__proto__":{}}}', 1, 'bad-args'],
  ];
  for (const [line, id, code] of refused) {
    it(`refuses ${line || 'an empty line'}`, () => assert.deepEqual(refusal(line), [id, code]));
  }

  it('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
        parseRequest(line);
      }),
    );
  });
});

describe('control/fields', () => {
  const fields = { path: text, mode: optional(oneOf(['hold', 'capture'])), globs: optional(listOf(text)) };

  it('takes what the fields say', () => {
    for (const args of [{ path: '' }, { path: 'a', mode: 'hold', globs: [] }, { path: 'a', globs: ['b', 'c'] }]) {
      assert.equal(wrongField(fields, args), undefined);
    }
  });

  const wrong: [Record<string, unknown>, RegExp][] = [
    [{}, /^path is missing: a string$/],
    [{ path: 1 }, /^path must be a string$/],
    [{ path: 'a', mode: 'held' }, /^mode must be one of hold, capture$/],
    [{ path: 'a', globs: 'b' }, /^globs must be an array, each element a string$/],
    [{ path: 'a', globs: ['b', 2] }, /^globs must be/],
    [{ path: 'a', paths: 'b' }, /^no argument "paths" here$/],
    [{ path: 'a', constructor: 'b' }, /^no argument "constructor" here$/],
  ];
  for (const [args, message] of wrong) {
    it(`refuses ${JSON.stringify(args)}`, () => assert.match(wrongField(fields, args) ?? '', message));
  }
});
