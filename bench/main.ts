// `npm run bench`: rootsync side by side with its peers. Peers take turns within each round, so that a slow minute of the machine hits all
// of them; what is printed is the median of the rounds and its ratio to overlayfs. An absolute time means nothing elsewhere.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureDirSync, removeSync } from 'fs-extra/esm';
import { spawnSync } from 'node:child_process';
import { PEERS } from './peers.ts';
import type { Peer } from './peers.ts';
import { printTable } from './report.ts';
import type { Results } from './report.ts';
import { loadAverage, ROWS } from './rows.ts';
import { makeLower, makeUpper } from './trees.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '4' },
    scale: { type: 'string', default: '1' },
    rows: { type: 'string' },
    peers: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`npm run bench -- [--rounds N] [--scale 0..1] [--rows A,B] [--peers A,B] [--json FILE]
rows:  ${ROWS.map(({ name }) => name).join(', ')}
peers: ${PEERS.map(({ name }) => name).join(', ')}`);
} else if (process.getuid?.() !== 0) {
  console.error('bench: mounting the peers needs root');
  process.exitCode = 1;
} else {
  await main();
}

async function main(): Promise<void> {
  const rows = chosen(ROWS, values.rows);
  const peers = chosen(PEERS, values.peers).filter(available);
  const work = mkdtempSync(join(tmpdir(), 'rootsync-bench-'));
  try {
    const lower = join(work, 'lower');
    ensureDirSync(lower);
    const sizes = makeLower(lower, Number(values.scale));
    console.error(
      `${String(sizes.objects)} objects, ${String(sizes.smallFiles)} small files, a file of ${String(sizes.bigMiB)} MiB`,
    );
    const results: Results = new Map(peers.map(({ name }) => [name, new Map(rows.map((row) => [row.name, []]))]));
    const loads = [loadAverage()];
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const peer of peers) await measure(peer, rows, lower, work, results);
      loads.push(loadAverage());
      console.error(`round ${String(round + 1)} of ${values.rounds}`);
    }
    printTable(
      rows,
      peers.map(({ name }) => name),
      results,
    );
    console.log(`load average before and after each round: ${loads.join(' ')}`);
    if (values.json !== undefined) {
      const plain = Object.fromEntries([...results].map(([peer, byRow]) => [peer, Object.fromEntries(byRow)]));
      writeFileSync(values.json, `${JSON.stringify({ sizes, loads, seconds: plain }, null, 1)}\n`);
    }
  } finally {
    removeSync(work);
  }
}

async function measure(peer: Peer, rows: typeof ROWS, lower: string, work: string, results: Results): Promise<void> {
  const place = { lower, upper: join(work, 'upper'), work: join(work, 'work'), mountpoint: join(work, 'mnt') };
  for (const dir of [place.upper, place.work, place.mountpoint]) ensureDirSync(dir);
  makeUpper(lower, place.upper);
  // What the branch's own filesystem has in memory is the same for all, and nothing is left to be written.
  spawnSync('sh', [
    '-c',
    `sync; tar cf - ${lower} ${place.upper}/big 2>/dev/null | cat >/dev/null; find ${lower} -printf '%s' >/dev/null`,
  ]);
  const unmount = await peer.mount(place);
  try {
    for (const row of rows) results.get(peer.name)?.get(row.name)?.push(row.run(place.mountpoint));
  } finally {
    await unmount();
  }
  for (const dir of [place.upper, place.work]) removeSync(dir);
}

function chosen<T extends { readonly name: string }>(all: readonly T[], names: string | undefined): readonly T[] {
  if (names === undefined) return all;
  return names.split(',').map((name) => {
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw new Error(`no ${name}; there are ${all.map((one) => one.name).join(', ')}`);
    return found;
  });
}

function available(peer: Peer): boolean {
  const why = peer.missing?.();
  if (why !== undefined) console.error(`left out: ${peer.name}: ${why}`);
  return why === undefined;
}
