// Appends events to the log in the directory that it is given, until it is killed; prints a byte for every 200 events.

import { writeSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { openEventLog } from '../../src/capture/event-log.ts';
import { AT_FDCWD } from '../../src/sys/at.ts';
import { O_DIRECTORY, O_RDONLY, openFollow } from '../../src/sys/open.ts';
import { drafts } from './log-reading.ts';

const log = openEventLog(openFollow(AT_FDCWD, asBytes(process.argv[2] ?? ''), O_RDONLY | O_DIRECTORY), {
  maxBytes: 200_000,
  keep: 50,
});
if (typeof log === 'number') throw new Error(`cannot open the log: ${log}`);
for (;;) {
  for (let i = 0; i < 20; i++) log.append(drafts(10));
  writeSync(1, '.');
}
