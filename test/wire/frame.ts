// Frames for the tests of src/wire, made without src/wire: from hex with comments, and by Buffer's own writers.

/** Bytes of hex digits, of 'quoted' ASCII, and of nothing for blanks and `//` comments. */
export function hex(text: string): Buffer {
  const parts: Buffer[] = [];
  for (const [token] of text.replace(/\/\/.*$/gm, '').matchAll(/'[^']*'|\S+/g)) {
    if (token.startsWith("'")) parts.push(Buffer.from(token.slice(1, -1), 'ascii'));
    else if (/^([0-9a-f]{2})+$/.test(token)) parts.push(Buffer.from(token, 'hex'));
    else throw new Error(`not hex: ${token}`);
  }
  return Buffer.concat(parts);
}

/** A whole request: header, body, extensions. `len` is the true length unless given. */
export function frame(
  opcode: number,
  body: Uint8Array,
  extensions: Uint8Array = Buffer.alloc(0),
  len?: number,
): Buffer {
  const header = Buffer.alloc(40);
  header.writeUInt32LE(len ?? 40 + body.length + extensions.length, 0);
  header.writeUInt32LE(opcode, 4);
  header.writeBigUInt64LE(0x8182838485868788n, 8);
  header.writeBigUInt64LE(0x111213141516n, 16);
  header.writeUInt32LE(1000, 24);
  header.writeUInt32LE(0xfffffffe, 28);
  header.writeUInt32LE(4321, 32);
  header.writeUInt16LE(extensions.length / 8, 36);
  return Buffer.concat([header, body, extensions]);
}

/** The bytes in the middle of others, as a receive buffer holds them among the rests of older frames. */
export function among(bytes: Uint8Array, before: Uint8Array, after: Uint8Array): Buffer {
  return Buffer.concat([before, bytes, after]);
}
