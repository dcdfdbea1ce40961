// Guards against a capture in a mode that captures nothing, an excluded file on flash, a reserve that is not kept, and a change that goes
// to the wrong branch: all combinations, written out.

import assert from 'node:assert/strict';
import { decideCapture } from '../../src/policy/capture-policy.ts';
import type { CaptureFacts, CaptureLimits } from '../../src/policy/capture-policy.ts';
import { MODES, isMode } from '../../src/policy/mode.ts';
import type { Mode } from '../../src/policy/mode.ts';
import { objectKind } from '../../src/policy/object-kind.ts';
import { route } from '../../src/policy/route.ts';

const FILE: CaptureFacts = {
  mode: 'capture',
  kind: 'file',
  exclude: { excluded: false, directoryMade: true, rule: null },
  size: 1000,
  allocated: 4096,
};
const ROOM: CaptureLimits = { maxFileSize: 0, reserve: 0, free: Infinity, full: false };
const OUT = { excluded: true, directoryMade: true, rule: null };
const OUT_WHOLLY = { excluded: true, directoryMade: false, rule: null };

describe('policy: decisions', () => {
  it('captures by mode, rules, size and room, and names the reason that comes first', () => {
    const table: [facts: Partial<CaptureFacts>, limits: Partial<CaptureLimits>, reason: string][] = [
      [{}, {}, 'capture'],
      [{ mode: 'hold' }, {}, 'mode'],
      [{ mode: 'upgrade' }, {}, 'mode'],
      [{ mode: 'rehearse' }, {}, 'mode'],
      [{ mode: 'hold', exclude: OUT }, { full: true }, 'mode'],
      [{ exclude: OUT }, {}, 'excluded'],
      [{ exclude: OUT, size: 10 }, { maxFileSize: 5, full: true }, 'excluded'],
      [{ exclude: OUT, kind: 'symlink' }, {}, 'excluded'],
      [{ exclude: OUT, kind: 'directory' }, {}, 'capture'],
      [{ exclude: OUT_WHOLLY, kind: 'directory' }, {}, 'excluded'],
      [{ size: 1000 }, { maxFileSize: 1000 }, 'capture'],
      [{ size: 1001 }, { maxFileSize: 1000 }, 'too-big'],
      [{ size: 1001 }, { maxFileSize: 1000, full: true }, 'too-big'],
      [{}, { full: true }, 'flash-full'],
      [{ kind: 'symlink', size: 0, allocated: 0 }, { full: true }, 'flash-full'],
      [{}, { free: 8191 }, 'flash-full'],
      [{}, { free: 8192 }, 'capture'],
      [{}, { free: 8192, reserve: 1 }, 'reserve'],
      [{}, { free: 8193, reserve: 1 }, 'capture'],
      [{ size: 2 ** 40, allocated: 0 }, { free: 1e6 }, 'capture'],
    ];
    for (const [facts, limits, reason] of table) {
      const decision = decideCapture({ ...FILE, ...facts }, { ...ROOM, ...limits });
      assert.equal(decision.capture ? 'capture' : decision.reason, reason, JSON.stringify([facts, limits]));
    }
  });

  it('routes changes by mode, rules, and whether disk takes them', () => {
    const table: [mode: Mode, excluded: boolean, diskWritable: boolean, to: string][] = [
      ['capture', false, false, 'flash'],
      ['capture', false, true, 'flash'],
      ['capture', true, false, 'spill'],
      ['capture', true, true, 'disk'],
      ['hold', false, false, 'flash'],
      ['hold', false, true, 'flash'],
      ['hold', true, false, 'spill'],
      ['hold', true, true, 'disk'],
      ['upgrade', false, false, 'disk'],
      ['upgrade', false, true, 'disk'],
      ['upgrade', true, false, 'spill'],
      ['upgrade', true, true, 'disk'],
      ['rehearse', false, false, 'flash'],
      ['rehearse', false, true, 'flash'],
      ['rehearse', true, false, 'spill'],
      ['rehearse', true, true, 'spill'],
    ];
    for (const [mode, excluded, writable, to] of table) {
      assert.equal(route(mode, excluded, writable), to, `${mode} ${excluded} ${writable}`);
    }
  });

  it('knows the modes by name, and nothing else', () => {
    assert(MODES.every(isMode));
    for (const word of ['', 'Capture', 'captur', '__proto__', 'toString']) assert(!isMode(word));
  });

  it('names the kind of every object that Linux has', () => {
    const kinds = [0o100644, 0o040755, 0o120777, 0o020600, 0o060600, 0o010600, 0o140600].map(objectKind);
    assert.deepEqual(kinds, ['file', 'directory', 'symlink', 'device', 'device', 'fifo', 'socket']);
    assert.throws(() => objectKind(0o644), RangeError);
  });
});
