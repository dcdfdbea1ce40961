// Files that say what they are: a file's content is a sequence of blocks, each of which can be told from any other of any file. So what a crash
// left says which file it is, how much of it is there, and whether it is torn.

const MOST = 9_000;

/** What a file's content is found to be. */
export interface Found {
  /** null: not even its first block is whole. */
  readonly id: string | null;
  /** Whole blocks. */
  readonly blocks: number;
  /** Nothing follows the last whole block. */
  readonly whole: boolean;
}

/** The bytes of one block of the file `id`. */
function block(id: string, number: number): Buffer {
  let hash = number + 1;
  for (const char of id) hash = (Math.imul(hash, 31) + char.charCodeAt(0)) | 0;
  const head = `${id} ${number}\n`;
  return Buffer.alloc(head.length + ((hash >>> 0) % MOST), head, 'latin1');
}

/** Blocks `from` up to, but without, `to`. */
export function content(id: string, from: number, to: number): Buffer {
  return Buffer.concat(Array.from({ length: to - from }, (_, i) => block(id, from + i)));
}

export function identify(bytes: Buffer): Found {
  const head = /^(\S+) 0\n/.exec(bytes.toString('latin1', 0, 200));
  const id = head?.[1];
  if (id === undefined) return { id: null, blocks: 0, whole: false };
  let at = 0;
  let blocks = 0;
  for (; at < bytes.length; blocks++) {
    const wanted = block(id, blocks);
    if (!wanted.equals(bytes.subarray(at, at + wanted.length))) break;
    at += wanted.length;
  }
  return { id: blocks === 0 ? null : id, blocks, whole: at === bytes.length };
}
