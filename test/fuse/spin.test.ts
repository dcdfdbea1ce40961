import assert from 'node:assert/strict';
import { Spin } from '../../src/fuse/spin.ts';

/** A CPU has nothing else to do. */
const idle = (): boolean => false;

/** Serves requests that come `gap` ms after the last answer if it has slept or not, `asleep` ms if it must be sleeping: its looks. */
function looks(spin: Spin, requests: number, gap: number, needsSleep = false): number {
  let looked = 0;
  for (let i = 0, now = 0; i < requests; i++) {
    spin.served(now);
    let at = 0;
    while (spin.again(now + at) && (needsSleep || at < gap)) {
      at += 0.01;
      looked++;
    }
    if (at >= gap && !needsSleep) {
      now += at;
      spin.hit(now);
    } else {
      spin.missed();
      now += Math.max(at, gap) + 0.03;
      spin.woken(now);
    }
  }
  return looked;
}

describe('fuse/spin', () => {
  it('looks for a while after a request, then no more', () => {
    const spin = new Spin(0.1, idle);
    assert.equal(spin.again(5), false, 'no request yet');
    spin.served(10);
    assert.equal(spin.again(10.05), true);
    assert.equal(spin.again(10.11), false);
  });

  it('never looks on one CPU, nor asks whether it is idle', () => {
    assert.equal(looks(new Spin(0, () => assert.fail()), 100, 0.01), 0);
  });

  it('goes on looking while requests come soon', () => {
    assert.equal(looks(new Spin(0.1, idle), 1000, 0.05), 5000);
  });

  it('gives up after a few rare requests', () => {
    const spin = new Spin(0.1, idle);
    assert.ok(looks(spin, 20, 10) > 0);
    assert.equal(looks(spin, 1000, 10), 0);
  });

  it('hardly looks when the caller runs only while it sleeps', () => {
    const spin = new Spin(0.1, idle);
    const looked = looks(spin, 10_000, 0.02, true);
    assert.ok(looked < 2000, `${String(looked)} looks`);
  });

  it('looks again soon once that is of use', () => {
    const spin = new Spin(0.1, idle);
    looks(spin, 10_000, 0.02, true);
    looks(spin, 130, 0.02);
    assert.equal(looks(spin, 100, 0.05), 500);
  });

  it('bears a miss among hits', () => {
    const spin = new Spin(0.1, idle);
    for (let i = 0; i < 100; i++) {
      assert.equal(looks(spin, 3, 0.05), 15);
      looks(spin, 2, 0.5);
    }
  });

  it('looks no longer than requests take to come', () => {
    const spin = new Spin(0.1, idle);
    let looked = 0;
    // As a program that is started: two requests together, then it runs for a while.
    for (let i = 0; i < 200; i++) {
      const met = looks(spin, 1, 0.02);
      const vain = looks(spin, 1, 0.5);
      if (i < 100) continue;
      assert.equal(met, 2);
      looked += vain;
    }
    assert.ok(looked <= 300, `${String(looked)} looks in vain`);
  });

  /** Starts small programs: three gaps each. How long it looked for the requests of the last ones, at most. */
  function starts(spin: Spin, programs: number): number {
    let longest = 0;
    let now = 0;
    for (let i = 0; i < programs * 3; i++) {
      const gap = [0.04, 0.4, 0.08][i % 3] ?? 0;
      spin.served(now);
      let at = 0;
      while (at < gap && spin.again(now + at)) at += 0.01;
      if (i > programs * 2) longest = Math.max(longest, at);
      if (at < gap) spin.missed();
      now += at < gap ? gap + 0.03 : at;
      if (at < gap) spin.woken(now);
      else spin.hit(now);
    }
    return longest;
  }

  it('looks for as long as a small program runs while a CPU is idle, and no longer than 0.1 ms while none is', () => {
    let crowded = false;
    const spin = new Spin(0.5, () => crowded);
    assert.ok(starts(spin, 200) >= 0.4);
    crowded = true;
    assert.ok(starts(spin, 200) <= 0.11);
    crowded = false;
    assert.ok(starts(spin, 200) >= 0.4);
    assert.ok(starts(new Spin(0.5), 200) <= 0.11, 'not known');
  });

  it('lets others have its CPU between two looks, but not while one computes without end', () => {
    let crowded = false;
    const spin = new Spin(0.5, () => crowded);
    assert.ok(!spin.isPolite, 'not known');
    starts(spin, 20);
    assert.ok(spin.isPolite);
    crowded = true;
    starts(spin, 4);
    assert.ok(spin.isPolite, 'it was crowded once');
    starts(spin, 100);
    assert.ok(!spin.isPolite);
  });

  it('does not take wakings without a request for misses', () => {
    const spin = new Spin(0.1, idle);
    for (let i = 0; i < 20; i++) spin.missed();
    assert.equal(looks(spin, 10, 0.05), 50);
  });
});
