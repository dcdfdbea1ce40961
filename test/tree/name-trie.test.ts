// Names in great number, made and cut off again: guards the table that finds them, which has no empty slot to spare where entries were taken out.
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { asBytes } from '../../src/bytes.ts';
import type { ByteString } from '../../src/bytes.ts';
import { NameTrie, NONE, ROOT } from '../../src/tree/name-trie.ts';

describe('tree/name-trie', () => {
  it('finds every name that was made and no other, however many there are', () => {
    const trie = new NameTrie();
    const nodes = new Map<ByteString, number>();
    for (let i = 0; i < 20_000; i++) {
      const path = asBytes(`d${String(i % 97)}/${'e/'.repeat(i % 3)}n${String(i)}\xff`);
      nodes.set(path, trie.ensure(path));
    }
    for (const [path, node] of nodes) {
      assert.equal(trie.find(path), node);
      assert.equal(trie.path(node), path);
      assert.equal(trie.find(asBytes(`${path}x`)), NONE);
      assert.equal(trie.find(asBytes(path.slice(0, -1))), NONE);
    }
    assert.equal(new Set(nodes.values()).size, nodes.size);
  });

  it('takes bytes as it takes strings', () => {
    const trie = new NameTrie();
    const buf = Buffer.from('..a/b\xff/ccc..', 'latin1');
    const node = trie.ensureAt(buf, 2, buf.length - 2);
    assert.equal(trie.path(node), 'a/b\xff/ccc');
    assert.equal(trie.ensure(asBytes('a/b\xff/ccc')), node);
    assert.equal(trie.ensureAt(buf, 2, 2), ROOT);
  });

  it('is as one that never had what was cut off', () => {
    const name = fc.integer({ min: 0, max: 30 }).map((n) => asBytes(`n${String(n)}`));
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => asBytes(parts.join('/')));
    const step = fc.record({ path, cut: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const trie = new NameTrie();
        const there = new Set<ByteString>();
        for (const { path, cut } of steps) {
          if (!cut) {
            trie.ensure(path);
            for (let at: string = path; at !== ''; at = at.slice(0, Math.max(0, at.lastIndexOf('/'))))
              there.add(asBytes(at));
          } else if (there.has(path)) {
            const stale = trie.find(path);
            trie.cutBelow(stale);
            for (const other of there) if (other.startsWith(`${path}/`)) there.delete(other);
            assert.equal(trie.firstChild(stale), NONE);
          }
        }
        const found = [...trie.walk(ROOT)].filter((node) => node !== ROOT).map((node) => trie.path(node));
        assert.deepEqual(found.sort(), [...there].sort());
        for (const one of there) assert.notEqual(trie.find(one), NONE);
        for (const { path } of steps) assert.equal(trie.find(path) !== NONE, there.has(path));
      }),
      { numRuns: 300 },
    );
  });
});
