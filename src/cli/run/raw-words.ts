// Command lines and environments as bytes: Node gives them as text, in which a byte that is not UTF-8 is lost.

import { readFileSync } from 'node:fs';
import { asBytes, fromText, type ByteString } from '../../bytes.ts';

/** The last `count` words of a process's command line (`self`, or a pid). */
export function lastWords(process: number | 'self', count: number): ByteString[] {
  const words = strings(`/proc/${process}/cmdline`);
  return words.slice(words.length - count);
}

/** Operands, as Node has given them, with the bytes that they had on this process's command line. */
export function exactly(operands: readonly string[]): ByteString[] {
  if (!operands.some((operand) => operand.includes('\ufffd'))) return operands.map(fromText);
  const raw = strings('/proc/self/cmdline');
  return operands.map((operand) => {
    const at = raw.findIndex((word) => Buffer.from(word, 'latin1').toString('utf8') === operand);
    // Each once: several may look the same as text.
    return at < 0 ? fromText(operand) : (raw.splice(at, 1)[0] ?? fromText(operand));
  });
}

/** The environment that a process began with. */
export function environment(process: number | 'self'): ByteString[] {
  return strings(`/proc/${process}/environ`);
}

function strings(path: string): ByteString[] {
  const text = readFileSync(path, 'latin1');
  if (text === '') return [];
  return (text.endsWith('\0') ? text.slice(0, -1) : text).split('\0').map(asBytes);
}

/** The value of a variable in an environment. */
export function variable(env: readonly ByteString[], name: string): ByteString | undefined {
  const line = env.find((candidate) => candidate.startsWith(`${name}=`));
  return line === undefined ? undefined : asBytes(line.slice(name.length + 1));
}
