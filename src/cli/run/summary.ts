// What a run has put on flash, for people or as one line of JSON.

import { lstatSync, readdirSync } from 'node:fs';
import { asBytes, display, join, type ByteString } from '../../bytes.ts';
import type { Status } from '../../control/protocol.ts';
import { showSize } from '../../daemon/size.ts';
import type { Seconds } from './outcome.ts';

/** A file on flash, by its path in the merged root. */
export interface BigFile {
  readonly path: ByteString;
  readonly bytes: number;
}

const MOST_SHOWN = 5;
const OUR_DIRECTORY = '.rootsync';

/** The biggest regular files below flash, biggest first. */
export function biggestFiles(flash: string, most = MOST_SHOWN): BigFile[] {
  const biggest: BigFile[] = [];
  const seen = new Set<number>();
  const waiting: ByteString[] = [asBytes('')];
  for (let dir = waiting.pop(); dir !== undefined; dir = waiting.pop()) {
    for (const name of names(flash, dir)) {
      if (dir === '' && name === OUR_DIRECTORY) continue;
      const path = join(dir, name);
      const stat = lstatSync(onFlash(flash, path), { throwIfNoEntry: false });
      if (stat?.isDirectory()) waiting.push(path);
      if (!stat?.isFile() || (stat.nlink > 1 && seen.has(stat.ino))) continue;
      seen.add(stat.ino);
      insert(biggest, { path, bytes: stat.size }, most);
    }
  }
  return biggest;
}

function insert(biggest: BigFile[], file: BigFile, most: number): void {
  const at = biggest.findIndex(({ bytes }) => bytes < file.bytes);
  if (at >= 0) biggest.splice(at, 0, file);
  else if (biggest.length < most) biggest.push(file);
  if (biggest.length > most) biggest.pop();
}

function onFlash(flash: string, path: ByteString): Buffer {
  return Buffer.concat([Buffer.from(`${flash}/`), Buffer.from(path, 'latin1')]);
}

function names(flash: string, path: ByteString): ByteString[] {
  try {
    return readdirSync(onFlash(flash, path), 'latin1').map((name) => asBytes(name));
  } catch {
    return []; // closed to this user
  }
}

/** For people. */
export function describeCapture(status: Status, seconds: Seconds, biggest: readonly BigFile[]): string {
  const { files, symlinks, directories, specials } = status.counts.captured;
  const { captured, disk } = status.bytes;
  const share = disk > 0 ? ` (${((100 * captured) / disk).toPrecision(2)} %)` : '';
  const lines = [
    `captured ${files + symlinks + directories + specials} objects, ${showSize(captured)}, of the ${showSize(disk)} in use ` +
      `on the filesystem of ${status.disk}${share}`,
    `  ${files} files, ${symlinks} symlinks, ${directories} directories, ${specials} special`,
    ...biggest.map(
      ({ path, bytes }, i) => `  ${i === 0 ? 'biggest' : '       '} ${showSize(bytes).padStart(7)}  /${display(path)}`,
    ),
    `  ${seconds.start.toFixed(2)} s to start, ${seconds.command.toFixed(2)} s for the command, ${seconds.finish.toFixed(2)} s to finish`,
  ];
  if (status.counts.copyUps > 0) lines.push(`  ${status.counts.copyUps} objects copied up for changes`);
  if (status.counts.skipped > 0) {
    lines.push(
      `  ${status.counts.skipped} NOT captured${status.space.full ? ': flash is full' : ', see .rootsync/log on flash'}`,
    );
  }
  if (status.events.lost > 0) lines.push(`  ${status.events.lost} events could NOT be logged`);
  return lines.join('\n');
}
