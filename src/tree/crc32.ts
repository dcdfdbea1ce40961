// The checksum of a record of marks: CRC-32 as zlib has it, by tables. Calling out to zlib for each of a million short records costs more, and
// Node has it from version 20.15 on only.

/** For a byte, and for one that is one, two, three before the last: four bytes at a time. */
const CRC = Int32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let bit = 0; bit < 8; bit++) c = (c & 1) !== 0 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
  return c;
});
const CRC_1 = CRC.map((c) => CRC[c & 0xff]! ^ (c >>> 8));
const CRC_2 = CRC_1.map((c) => CRC[c & 0xff]! ^ (c >>> 8));
const CRC_3 = CRC_2.map((c) => CRC[c & 0xff]! ^ (c >>> 8));

/** The sum of the bytes from `start` to before `end`, as a signed 32-bit number. */
export function crc32(buf: Buffer, start: number, end: number): number {
  let c = -1;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    c ^= buf[i]! | (buf[i + 1]! << 8) | (buf[i + 2]! << 16) | (buf[i + 3]! << 24);
    c = CRC_3[c & 0xff]! ^ CRC_2[(c >>> 8) & 0xff]! ^ CRC_1[(c >>> 16) & 0xff]! ^ CRC[c >>> 24]!;
  }
  for (; i < end; i++) c = CRC[(c ^ buf[i]!) & 0xff]! ^ (c >>> 8);
  return ~c;
}
