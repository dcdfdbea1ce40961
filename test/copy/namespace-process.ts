// Run within a user namespace by degraded.mount.test.ts: captures all of one directory into another, and prints what was lost.

import { readdirSync } from 'node:fs';
import { asBytes } from '../../src/bytes.ts';
import { errnoName } from '../../src/errno.ts';
import { capture, closeFlash, openDirectory, openFlash } from './copying.ts';

const [, , from = '', to = ''] = process.argv;
const flash = openFlash(to);
const source = openDirectory(from);
const report = readdirSync(from).map((name): [string, unknown] => {
  const copied = capture(flash, source, asBytes(name), flash.fd);
  return [name, typeof copied === 'number' ? errnoName(copied) : copied.degraded];
});
closeFlash(flash);
console.log(JSON.stringify(Object.fromEntries(report)));
