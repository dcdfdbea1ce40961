// The table that a run prints: medians in seconds, and as a ratio to overlayfs in the same run.

import type { Row } from './rows.ts';

/** Seconds of each round, by peer and row. */
export type Results = Map<string, Map<string, number[]>>;

const YARDSTICK = 'overlayfs';

export function printTable(rows: readonly Row[], peers: readonly string[], results: Results): void {
  console.log(`| | ${peers.join(' | ')} |`);
  console.log(`|---|${peers.map(() => '---|').join('')}`);
  for (const row of rows) {
    const yardstick = median(results.get(YARDSTICK)?.get(row.name));
    const cells = peers.map((peer) => {
      const seconds = median(results.get(peer)?.get(row.name));
      if (seconds === undefined) return '-';
      const ratio = yardstick === undefined ? '' : ` (${(seconds / yardstick).toFixed(2)})`;
      return seconds.toPrecision(3) + ratio;
    });
    console.log(`| ${row.title} | ${cells.join(' | ')} |`);
  }
}

/** undefined: of nothing. */
export function median(values: readonly number[] | undefined): number | undefined {
  const sorted = [...(values ?? [])].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}
