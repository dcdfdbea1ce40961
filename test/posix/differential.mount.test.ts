// Guards against every change that a plain directory would have made otherwise: random steps, the same results, the same tree, also after a
// remount and after a kill. A failure prints the seed and the shortest sequence that shows it; SEED=n and RUNS=n run it again or longer.

import assert from 'node:assert/strict';
import fc from 'fast-check';
import { needsMount } from '../mounted-root.ts';
import { differences } from './differential.ts';
import type { Course } from './differential.ts';
import { sequence as rootSequence, upgradeSequence, USER, userSequence, withoutNewPrivileges } from './steps.ts';
import type { Sequence } from './steps.ts';
import { SEED } from '../seed.ts';

const RUNS = Number(process.env['RUNS'] ?? 500);
const BATCH = 250;

/** All below one directory, one object with what is below it, and a name at any depth but one. */
const EXCLUDED = ['b/**', 'c', '*/c/a', '!b/b/b'];

const COURSES: Record<string, Course> = {
  'capture, remounted between steps': { middle: ['stop'], end: ['stop', 'kill'] },
  'capture, killed between steps': { middle: ['kill'], end: ['kill', 'stop'] },
  'capture, without a break': { middle: [], end: ['kill', 'settle', 'stop'] },
  'hold, killed': { middle: ['kill'], end: ['kill', 'stop'], config: { mode: 'hold' } },
  'upgrade, remounted': { middle: ['stop'], end: ['stop', 'kill'], upgrade: true, config: { mode: null } },
  'upgrade, killed, all data served': {
    middle: ['kill'],
    end: ['kill', 'stop'],
    upgrade: true,
    config: { mode: null, passthrough: false },
  },
  'upgrade, then hold, killed': {
    middle: ['kill'],
    end: ['kill', 'stop'],
    modes: ['upgrade', 'hold'],
    config: { mode: null },
  },
  'hold, then upgrade, remounted': {
    middle: ['stop'],
    end: ['stop', 'kill'],
    modes: ['hold', 'upgrade'],
    config: { mode: null },
  },
  'some excluded, remounted': { middle: ['stop'], end: ['stop', 'kill'], excluded: EXCLUDED },
  'some excluded, killed, all data served': {
    middle: ['kill'],
    end: ['kill', 'stop'],
    excluded: EXCLUDED,
    config: { passthrough: false },
  },
  'capture, all data served': { middle: ['stop'], end: ['kill'], config: { passthrough: false } },
  'capture, as a user': { middle: ['stop'], end: ['kill'], user: USER },
  'hold, as a user, all data served': {
    middle: [],
    end: ['stop'],
    user: USER,
    config: { mode: 'hold', passthrough: false },
  },
};

describe(`the merged root and a plain directory, SEED=${SEED}`, function () {
  this.timeout(10 * 60_000);
  needsMount();
  for (const [name, course] of Object.entries(COURSES))
    it(`are the same: ${name}`, async () => {
      for (let done = 0; done < RUNS; done += BATCH) await compare(SEED + done, Math.min(BATCH, RUNS - done), course);
    });
});

async function compare(seed: number, runs: number, course: Course): Promise<void> {
  const sequence = sequenceFor(course);
  const sequences = fc.sample(sequence, { seed, numRuns: runs });
  const found = await differences(sequences, course);
  const first = found[0];
  if (first === undefined) return;
  const many = new Set(found.map(({ at }) => at)).size;
  if (first.at < 0 || process.env['SHRINK'] === '0')
    assert.fail(`SEED=${seed} RUNS=${runs}: ${many} differ, ${first.at}: ${first.what}`);
  const alone = fc.asyncProperty(sequence, async (one) => {
    const [difference] = await differences([one], course);
    if (difference !== undefined) throw new Error(difference.what);
  });
  // The path is which of the values made from the seed failed: from there it is made shorter.
  const details = await fc.check(alone, { seed, path: String(first.at), numRuns: 1, interruptAfterTimeLimit: 120_000 });
  const shown = details.counterexample === null ? sequences[first.at] : details.counterexample[0];
  const error = details.errorInstance instanceof Error ? details.errorInstance.message : 'alone it does not fail';
  assert.fail(
    `SEED=${seed} RUNS=${runs}: ${many} sequences differ; the first, ${first.at}: ${first.what}\n` +
      `${JSON.stringify(shown)}\n${error}`,
  );
}

function sequenceFor({ user, config, upgrade = false }: Course): fc.Arbitrary<Sequence> {
  if (user === undefined) return upgrade ? upgradeSequence : rootSequence;
  return config?.passthrough === false ? userSequence : withoutNewPrivileges(userSequence);
}
