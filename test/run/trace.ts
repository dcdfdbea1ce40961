// What a command asked of the kernel by path, as strace saw it: system calls in order, strings as bytes (latin1). Knows nothing of
// rootsync and resolves nothing.

import { readFileSync } from 'node:fs';

/** One system call that has ended. */
export interface Call {
  readonly pid: number;
  readonly name: string;
  /** As strace shows them, strings decoded; `path` of a descriptor where it shows one. */
  readonly args: readonly Arg[];
  /** -1 for an error, `null` for a call that never returned. */
  readonly result: number | null;
  readonly errno: string | null;
}

export interface Arg {
  readonly text: string;
  /** The argument is a string: its bytes. */
  readonly string?: string;
  /** The argument is a descriptor (or AT_FDCWD): where it leads, as the kernel says. */
  readonly path?: string;
}

/** The calls that take a path, and those that say who the caller is and where it stands. */
const TRACED = '%file,fchdir,clone,clone3,fork,vfork,connect,bind,getdents64';

/** Words that run a command under strace, whose account goes to `output`. */
export function strace(output: string, command: readonly string[]): string[] {
  return [
    'strace',
    '-f',
    '-y',
    '-xx',
    '-s',
    '8192',
    '-e',
    'signal=none',
    '-o',
    output,
    '-e',
    `trace=${TRACED}`,
    '--',
    ...command,
  ];
}

/** The calls in a file that strace wrote. */
export function readTrace(file: string): Call[] {
  const unfinished = new Map<number, string>();
  const calls: Call[] = [];
  for (const line of readFileSync(file, 'latin1').split('\n')) {
    const found = /^(\d+) +(.*)$/s.exec(line);
    if (found === null) continue;
    const pid = Number(found[1]);
    let text = found[2] ?? '';
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/s.exec(text);
    if (resumed !== null) {
      text = (unfinished.get(pid) ?? '') + (resumed[1] ?? '');
      unfinished.delete(pid);
    }
    const cut = text.indexOf(' <unfinished ...>');
    if (cut >= 0) {
      unfinished.set(pid, text.slice(0, cut));
      continue;
    }
    const call = parse(pid, text);
    if (call !== undefined) calls.push(call);
  }
  return calls;
}

function parse(pid: number, text: string): Call | undefined {
  const head = /^(\w+)\(/.exec(text);
  const tail = /\) += (-?\d+|\?)(?:<[^>]*>)?(?: (E[A-Z0-9]+))?[^=]*$/.exec(text);
  if (head === null || tail === null) return undefined;
  const [whole, name = ''] = head;
  const args = split(text.slice(whole.length, tail.index)).map(argument);
  return { pid, name, args, result: tail[1] === '?' ? null : Number(tail[1]), errno: tail[2] ?? null };
}

/** At the commas that are in no bracket; within strings there are only hex escapes. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at] ?? '';
    if ('([{'.includes(char)) depth++;
    else if (')]}'.includes(char)) depth--;
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
  }
  const last = text.slice(from).trim();
  if (last !== '') parts.push(last);
  return parts;
}

function argument(text: string): Arg {
  const string = /^"((?:\\x[0-9a-f]{2})*)"/.exec(text);
  if (string !== null) return { text, string: bytes(string[1] ?? '') };
  const descriptor = /^(?:AT_FDCWD|-?\d+)<((?:\\x[0-9a-f]{2})*)>/.exec(text);
  if (descriptor !== null) return { text, path: bytes(descriptor[1] ?? '') };
  const socket = /sun_path="((?:\\x[0-9a-f]{2})*)"/.exec(text);
  return socket === null ? { text } : { text, string: bytes(socket[1] ?? '') };
}

function bytes(hex: string): string {
  return Buffer.from(hex.replaceAll('\\x', ''), 'hex').toString('latin1');
}
