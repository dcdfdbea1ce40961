import assert from 'node:assert/strict';
import { MOUNT_OPTIONS, applyOption, applyOptionList, newDraft } from '../../src/daemon/mount-options.ts';

describe('daemon/mount-options', () => {
  it('has for each long option the -o form, with the same effect', () => {
    const values: Record<string, string> = {
      mode: 'hold',
      reserve: '5%',
      'max-file-size': '10M',
      'attr-timeout': '1.5',
      'disk-remote': 'yes',
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
    for (const [set, back] of Object.entries({ sync: 'async', lazytime: 'nolazytime', silent: 'loud', ro: 'rw' })) {
      assert.equal(applyOptionList(draft, set), undefined);
      assert.notEqual(draft.mountFlags, 0, set);
      assert.equal(applyOptionList(draft, back), undefined);
      assert.equal(draft.mountFlags, 0, back);
    }
  });

  it('passes over what it does not know when it is sloppy, wherever that stands, but not over a bad value', () => {
    assert.equal(applyOptionList(newDraft(), 'bogus,other=1,sloppy,flash=/f'), undefined);
    assert.match(applyOptionList(newDraft(), 'sloppy,mode=bogus') ?? '', /unknown mode/);
  });

  it('takes what the kernel shows of a mount in a remount only', () => {
    const shown = 'user_id=0,group_id=0,default_permissions,allow_other,max_read=1048576';
    assert.equal(applyOptionList(newDraft(), `${shown},remount`), undefined);
    assert.match(applyOptionList(newDraft(), shown) ?? '', /unknown option user_id/);
  });

  it('keeps what a remount must find as it was', () => {
    const draft = newDraft();
    assert.equal(applyOptionList(draft, 'ro,flash=/f,hold,mode=capture,exclude="/a,b",no-passthrough'), undefined);
    assert.deepEqual([draft.given, draft.mode], [['flash=/f', 'exclude=/a,b', 'no-passthrough'], 'capture']);
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
