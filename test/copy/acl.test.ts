import assert from 'node:assert/strict';
import { encodeAcl, inheritedFrom, modeWithoutAcl } from '../../src/copy/acl.ts';
import type { AclEntry } from '../../src/copy/acl.ts';

function acl(group: number, mask?: number): Buffer {
  const entries: AclEntry[] = [
    { tag: 'user', perm: 6 },
    { tag: 'namedUser', perm: 7, id: 1000 },
    { tag: 'group', perm: group },
  ];
  if (mask !== undefined) entries.push({ tag: 'mask', perm: mask });
  return encodeAcl([...entries, { tag: 'other', perm: 0 }]);
}

describe('copy/acl', () => {
  it('is what setfacl would store', () => {
    const hex =
      '02000000' +
      '01000600ffffffff' +
      '02000700e8030000' +
      '04000400ffffffff' +
      '10000700ffffffff' +
      '20000000ffffffff';
    assert.equal(acl(4, 7).toString('hex'), hex);
  });

  it('gives the owning group, without its ACL, no more than it had', () => {
    assert.equal(modeWithoutAcl(0o4670, acl(4, 7)), 0o4640);
    assert.equal(modeWithoutAcl(0o660, acl(7, 6)), 0o660);
    assert.equal(modeWithoutAcl(0o670, acl(0, 7)), 0o600);
    assert.equal(modeWithoutAcl(0o640, acl(4)), 0o640);
    assert.equal(modeWithoutAcl(0o770, Buffer.alloc(0)), 0o700, 'an ACL that could not be read');
  });

  it('is inherited as the kernel does it: ACL and mode grant what both do', () => {
    const given = inheritedFrom(acl(4, 7), 0o2750);
    assert.equal(given.mode, 0o2650);
    const entries: AclEntry[] = [
      { tag: 'user', perm: 6 },
      { tag: 'namedUser', perm: 7, id: 1000 },
      { tag: 'group', perm: 4 },
      { tag: 'mask', perm: 5 },
      { tag: 'other', perm: 0 },
    ];
    assert.deepEqual(given.access, encodeAcl(entries));
    const plain: AclEntry[] = [
      { tag: 'user', perm: 7 },
      { tag: 'group', perm: 6 },
      { tag: 'other', perm: 1 },
    ];
    assert.deepEqual(inheritedFrom(encodeAcl(plain), 0o666), { mode: 0o660, access: null });
  });
});
