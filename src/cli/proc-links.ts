// What /proc shows of processes to this user: what cannot be read is empty, since processes come and go. It never touches what the links lead to.

import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { asBytes, type ByteString } from '../bytes.ts';

/** Process ids, in their order. */
export function processes(): number[] {
  return list('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

/** The name of a process. */
export function nameOf(pid: number): string {
  return read(`/proc/${String(pid)}/comm`).trim();
}

/** Where a link leads; '' where it cannot be read. */
export function link(path: string): ByteString {
  try {
    return asBytes(readlinkSync(path, 'latin1'));
  } catch {
    return asBytes('');
  }
}

export function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

export function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
