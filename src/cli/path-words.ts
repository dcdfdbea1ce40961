// Many paths for a live mount: from the command line and from a list, in requests of a size that the control socket takes.

import { readFileSync } from 'node:fs';
import { asBytes, fromText, type ByteString } from '../bytes.ts';
import type { Event } from '../capture/event.ts';
import { MAX_REQUEST_BYTES, type PathText } from '../control/protocol.ts';
import { pathOf } from '../report/records.ts';
import { EXIT } from './exit-codes.ts';
import { Failure } from './live-mount.ts';
import { mergedPath } from './merged-path.ts';

/**
 * The paths in a list (`-`: stdin), one per line, or each ended by a NUL where there is one (`find -print0`); a line may also be one of the
 * event log. Relative ones continue `base`.
 * @throws Failure
 */
export function readPaths(file: string, base: ByteString): ByteString[] {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'latin1');
  } catch (error) {
    throw new Failure(EXIT.path, `--from ${file}: ${(error as Error).message}`);
  }
  return text
    .split(text.includes('\0') ? '\0' : '\n')
    .filter((line) => line !== '')
    .map((line, i) => {
      const path = line.startsWith('{"v":') ? pathOfEvent(line) : mergedPath(asBytes(line), base);
      if (path === undefined)
        throw new Failure(EXIT.usage, `--from ${file}, line ${String(i + 1)}: not a path, nor an event`);
      return path;
    });
}

function pathOfEvent(line: string): ByteString | undefined {
  try {
    const event = JSON.parse(Buffer.from(line, 'latin1').toString('utf8')) as Partial<Event>;
    return typeof event.path === 'string' ? pathOf(event as Event) : undefined;
  } catch {
    return undefined;
  }
}

/** As the protocol says it. */
function pathText(path: ByteString): PathText {
  const text = Buffer.from(`/${path}`, 'latin1').toString('utf8');
  return fromText(text) === `/${path}` ? text : { bytes: Buffer.from(`/${path}`, 'latin1').toString('hex') };
}

/** For all else that a request holds. */
const ENVELOPE = 256;

/** The paths in lists that each fit into a request. */
export function* inRequests(paths: readonly ByteString[]): Generator<PathText[]> {
  let batch: PathText[] = [];
  let size = ENVELOPE;
  for (const path of paths.map(pathText)) {
    const bytes = Buffer.byteLength(JSON.stringify(path)) + 1;
    if (batch.length > 0 && size + bytes > MAX_REQUEST_BYTES) {
      yield batch;
      batch = [];
      size = ENVELOPE;
    }
    batch.push(path);
    size += bytes;
  }
  if (batch.length > 0) yield batch;
}
