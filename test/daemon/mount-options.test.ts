import assert from 'node:assert/strict';
import { MOUNT_OPTIONS, applyOption, applyOptionList, newDraft } from '../../src/daemon/mount-options.ts';

describe('daemon/mount-options', () => {
  it('has for each long option the -o form, with the same effect', () => {
    const values: Record<string, string> = {
      mode: 'hold',
      reserve: '5%',
      'max-file-size': '10M',
      'attr-timeout': '1.5',
    };
    for (const { name, value } of MOUNT_OPTIONS) {
      const given = value === undefined ? undefined : (values[name] ?? '/x');
      const [long, listed] = [newDraft(), newDraft()];
      assert.equal(applyOption(long, name, given), undefined, name);
      assert.equal(applyOptionList(listed, given === undefined ? name : `${name}=${given}`), undefined, name);
      assert.deepEqual(listed, long);
      assert.notDeepEqual(long, newDraft(), `${name} changes nothing`);
    }
  });

  it('lets the last one win, and lists grow in their order', () => {
    const draft = newDraft();
    assert.equal(applyOptionList(draft, 'mode=hold,exclude=a,exclude-from=f,mode=capture,exclude=!b'), undefined);
    assert.equal(draft.mode, 'capture');
    assert.deepEqual(draft.exclude, [{ glob: 'a' }, { file: 'f' }, { glob: '!b' }]);
  });

  it('takes what mount(8) passes to every filesystem', () => {
    const draft = newDraft();
    assert.equal(
      applyOptionList(draft, 'rw,noauto,nofail,x-systemd.automount,_netdev,nosuid,nodev,noatime'),
      undefined,
    );
    assert.equal(draft.mountFlags, 0x2 | 0x4 | 0x400);
    assert.equal(applyOptionList(draft, 'suid,dev,atime'), undefined);
    assert.equal(draft.mountFlags, 0);
  });

  const refused: [string, RegExp][] = [
    ['flsh=/f', /unknown option flsh \(did you mean flash\?\)/],
    ['constructor', /unknown option constructor/],
    ['mode=captur', /unknown mode captur \(did you mean capture\?\)/],
    ['mode', /mode needs a value/],
    ['flash=', /flash needs a value/],
    ['no-passthrough=1', /takes no value/],
    ['reserve=lots', /no size/],
    ['reserve=101%', /no size/],
    ['reserve=-1', /no size/],
    ['max-file-size=5%', /no size/],
    ['attr-timeout=soon', /no time/],
    ['attr-timeout=-1', /no time/],
  ];
  for (const [list, message] of refused) {
    it(`refuses ${list}`, () => assert.match(applyOptionList(newDraft(), list) ?? '', message));
  }
});
