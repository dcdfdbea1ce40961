// Reads files in bursts, as a system that starts does: reader-process.js DIR SEED ROUNDS. All of a directory at once, then a rest.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { random } from './random.ts';

const [, , dir = '', seed = '', rest = ''] = process.argv;
const dice = random(Number(seed));
const dirs = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
for (const { name } of dirs.sort(() => dice(3) - 1)) {
  for (const entry of readdirSync(join(dir, name), { withFileTypes: true })) {
    const path = join(dir, name, entry.name);
    if (entry.isSymbolicLink()) readlinkSync(path);
    else readFileSync(path);
  }
  await pause(dice(Number(rest)));
}
