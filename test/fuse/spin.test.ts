import assert from 'node:assert/strict';
import { Spin } from '../../src/fuse/spin.ts';

describe('fuse/spin', () => {
  it('looks for a while after a request, then no more', () => {
    const spin = new Spin(0.1);
    assert.equal(spin.again(5), false, 'no request yet');
    spin.served(10);
    assert.equal(spin.again(10.05), true);
    assert.equal(spin.again(10.11), false);
  });

  it('never looks on one CPU', () => {
    const spin = new Spin(0);
    spin.served(10);
    spin.hit();
    spin.woken(10.001);
    assert.equal(spin.again(10), false);
  });

  it('gives up after a few misses, since rare requests are not worth a CPU', () => {
    const spin = new Spin(0.1);
    const looked: number[] = [];
    for (let at = 0; at < 100; at += 10) {
      spin.woken(at);
      spin.served(at);
      const micros = [7, 20, 40, 90].filter((us) => spin.again(at + us / 1000));
      looked.push(micros.length);
      spin.missed();
    }
    assert.deepEqual(looked, [4, 3, 2, 1, 0, 0, 0, 0, 0, 0]);
  });

  it('is eager again once a request comes soon after the last', () => {
    const spin = new Spin(0.1);
    for (let i = 0; i < 8; i++) {
      spin.served(i);
      spin.missed();
    }
    assert.equal(spin.again(7.01), false);
    spin.served(20);
    spin.missed();
    spin.woken(20.15);
    spin.served(20.16);
    assert.equal(spin.again(20.25), true);
  });

  it('does not take wakings without a request for misses', () => {
    const spin = new Spin(0.1);
    spin.served(1);
    spin.missed();
    for (let i = 0; i < 20; i++) spin.missed();
    spin.served(2);
    assert.equal(spin.again(2.04), true);
  });
});
