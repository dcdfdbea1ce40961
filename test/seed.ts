// The seed of everything random in the tests. The same one unless SEED says otherwise, so that a run that fails says something of the change that it tests;
// SEED=any takes a new one, to look for faults that nobody has seen yet.

const given = process.env['SEED'] ?? '20260601';

/** A whole number below 1,000,000,000; tests print it where they fail. */
export const SEED = given === 'any' ? Date.now() % 1_000_000_000 : Number(given);
if (!Number.isSafeInteger(SEED)) throw new Error(`SEED=${given}: a whole number, or "any", is expected`);
