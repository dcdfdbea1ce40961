import assert from 'node:assert/strict';
import fc from 'fast-check';
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
