// `rootsync status`: what a live mount is and does, for people or as one JSON object.

import type { Status } from '../control/protocol.ts';
import { showSize } from '../daemon/size.ts';
import { EXIT } from './exit-codes.ts';
import { asFailure, findMount, talkTo } from './live-mount.ts';
import { writeAll } from './say.ts';

export interface StatusOptions {
  readonly mount?: string;
  readonly json?: true;
}

export async function status(options: StatusOptions): Promise<number> {
  const mount = findMount(options.mount);
  const client = await talkTo(mount);
  try {
    const answer = await client.request('status', {});
    writeAll(1, options.json ? `${JSON.stringify(answer, null, 2)}\n` : describe(answer));
  } catch (error) {
    throw asFailure(error, mount);
  } finally {
    client.close();
  }
  return EXIT.ok;
}

const BUSIEST = 8;

function describe(status: Status): string {
  const { counts, bytes, queue, events, space } = status;
  const { files, symlinks, directories, specials } = counts.captured;
  const objects = files + symlinks + directories + specials;
  const rows: [string, string][] = [
    ['mountpoint', status.mountpoint],
    ['mode', `${status.mode}, data ${status.passthrough ? 'passed through' : 'served'}`],
    ['flash', `${status.flash} (${showSize(bytes.flash)} in use on its filesystem, ${showSize(space.free)} free)`],
    [
      'disk',
      status.detached
        ? `${status.disk} (detached)`
        : `${status.disk} (${showSize(bytes.disk)} in use on its filesystem)${silence(status)}`,
    ],
    [
      'captured',
      `${objects} objects, ${showSize(bytes.captured)}: ${files} files, ${symlinks} symlinks, ` +
        `${directories} directories, ${specials} special`,
    ],
    ['changed', `${counts.copyUps} copied up (${showSize(bytes.copiedUp)}), ${counts.whiteouts} hidden names of disk`],
    ['queue', `${queue.pending} waiting, ${queue.copying} being copied${fullness(status)}`],
    ['events', `${events.written} logged, ${events.queued} waiting${events.lost > 0 ? `, ${events.lost} LOST` : ''}`],
    ['nodes', `${counts.nodes} known to the kernel, ${counts.openFiles} open files`],
    [
      'daemon',
      `pid ${status.pid}, version ${status.version}, up ${showTime(status.uptime)}, ${showSize(status.memory.rss)} of memory`,
    ],
  ];
  const text = rows.map(([name, value]) => `${name.padEnd(11)} ${value}\n`).join('');
  return text + describeOperations(status);
}

function silence({ remote }: Status): string {
  if (typeof remote?.silent !== 'number') return '';
  return `; DOES NOT ANSWER for ${showTime(remote.silent)}, ${remote.waiting} requests wait`;
}

function fullness({ counts, space }: Status): string {
  if (space.full) return '; FLASH IS FULL, nothing more is captured until there is room';
  return counts.skipped > 0 ? `; ${counts.skipped} skipped` : '';
}

function describeOperations({ operations }: Status): string {
  const busiest = Object.entries(operations)
    .sort(([, a], [, b]) => b.count - a.count)
    .slice(0, BUSIEST);
  if (busiest.length === 0) return '';
  const row = (...cells: (string | number)[]): string =>
    cells.map((cell, i) => (i === 0 ? String(cell).padEnd(14) : String(cell).padStart(10))).join('') + '\n';
  return (
    `\n${row('operation', 'count', 'errors', 'p50 us', 'p99 us', 'max us')}` +
    busiest
      .map(([name, op]) => row(name, op.count, op.errors, ...[op.p50us, op.p99us, op.maxus].map(Math.round)))
      .join('')
  );
}

/** Seconds as `3 s`, `2 min`, `5 h`, `4 days`. */
function showTime(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}
