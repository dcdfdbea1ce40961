// File names and paths as the kernel has them: bytes, not text.
// A ByteString is a JS string in which each char code (0..255) is one byte ("latin1"). It is cheap to hash, compare and
// concatenate; it must never be shown to a person or put into JSON without `display`, nor made from text without `fromText`.

declare const byteString: unique symbol;
/** Raw bytes of a name, path, symlink target or xattr name, one char per byte, no NUL inside. */
export type ByteString = string & { readonly [byteString]: true };

/** Takes a string whose chars are already bytes (Buffer.latin1Slice, literals in ASCII). */
export function asBytes(latin1: string): ByteString {
  return latin1 as ByteString;
}

/** The UTF-8 bytes of text, as typed by a person or read from a configuration. */
export function fromText(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1') as ByteString;
}

/** Text for people and logs: UTF-8 where it is valid; else every byte that is not ASCII, and every backslash, as `\xNN`. */
export function display(bytes: ByteString): string {
  // eslint-disable-next-line no-control-regex -- the test is for bytes, control characters included
  if (/^[\x00-\x7f]*$/.test(bytes)) return bytes;
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  if (!text.includes('\ufffd')) return text;
  return bytes.replace(/[\\\x80-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** `dir/name`, without a leading slash when `dir` is the root (the empty string). */
export function join(dir: ByteString, name: ByteString): ByteString {
  return (dir === '' ? name : `${dir}/${name}`) as ByteString;
}
