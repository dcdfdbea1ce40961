// Marks as bytes. A record is
//   u32 length of the payload | u32 crc32 of the payload | payload = u8 kind, u16 length + bytes of each path, i32s (origin, spent)
// all little-endian. Pure functions; what does not decode is what a torn or damaged log ends with.

import { asBytes } from '../bytes.ts';
import type { ByteString } from '../bytes.ts';
import { crc32 } from './crc32.ts';
import type { Origin } from './origins.ts';

/** A change of the marks; what the log stores, in order. */
export type MarkRecord =
  /** `path` is on disk; `reveal` takes all of these back. */
  | { readonly kind: 'whiteout' | 'opaque' | 'reveal'; readonly path: ByteString }
  | {
      readonly kind: 'spent';
      readonly path: ByteString;
      readonly inoLo: number;
      readonly inoHi: number;
      readonly links: number;
    }
  /** Flash itself, by what changes when it is copied elsewhere: there, inode numbers are others, and origins are believed by path alone. */
  | { readonly kind: 'home'; readonly path: ByteString }
  /** `path` is in the merged root, here and below. */
  | { readonly kind: 'origin'; readonly path: ByteString; readonly origin: Origin }
  /** `path` has no origin; `prune`: nor has anything below it. */
  | { readonly kind: 'clear' | 'prune'; readonly path: ByteString }
  /** Disk's object of `path` (merged) is being changed, and flash's copy has still to follow; `clean`: it has. */
  | { readonly kind: 'dirty' | 'clean'; readonly path: ByteString }
  /** As `dirty`, and flash's directory `from` is to be found there. */
  | { readonly kind: 'moved'; readonly from: ByteString; readonly path: ByteString }
  /** The origins below `from` also hold below `path` (before a directory's rename; `prune` of `from` follows it). */
  | { readonly kind: 'copy'; readonly from: ByteString; readonly path: ByteString };

export const HEADER = 8;
export const KINDS = [
  '',
  'whiteout',
  'opaque',
  'reveal',
  'origin',
  'clear',
  'prune',
  'copy',
  'spent',
  'home',
  'dirty',
  'clean',
  'moved',
] as const;
export const MAX_PAYLOAD = 1 + 2 * (2 + 65535) + 17;

/** No record of these paths is longer, header included; bytes. */
export function roomFor(record: MarkRecord): number {
  const further = 'from' in record ? record.from : 'origin' in record ? record.origin.diskPath : null;
  return HEADER + 1 + 2 + record.path.length + 2 + (further?.length ?? 0) + 17;
}

/** Writes a record to `out`, which has room for HEADER + MAX_PAYLOAD: its length. */
export function encode(record: MarkRecord, out: Buffer): number {
  let pos = HEADER;
  out[pos++] = KINDS.indexOf(record.kind);
  const putName = (name: ByteString): void => {
    pos = out.writeUInt16LE(name.length, pos);
    pos += out.write(name, pos, 'latin1');
  };
  putName(record.path);
  if (record.kind === 'copy' || record.kind === 'moved') putName(record.from);
  if (record.kind === 'spent') {
    pos = out.writeInt32LE(record.inoLo, pos);
    pos = out.writeInt32LE(record.inoHi, pos);
    pos = out.writeUInt32LE(record.links, pos);
  }
  if (record.kind === 'origin') {
    pos = out.writeInt32LE(record.origin.inoLo, pos);
    pos = out.writeInt32LE(record.origin.inoHi, pos);
    pos = out.writeInt32LE(record.origin.flashLo, pos);
    pos = out.writeInt32LE(record.origin.flashHi, pos);
    out[pos++] = record.origin.diskPath === null ? 0 : 1;
    if (record.origin.diskPath !== null) putName(record.origin.diskPath);
  }
  out.writeUInt32LE(pos - HEADER, 0);
  out.writeInt32LE(crc32(out, HEADER, pos), 4);
  return pos;
}

/** The record whose payload this is; null for what no version wrote. */
export function decode(buf: Buffer, start: number, end: number): MarkRecord | null {
  const kind = KINDS[buf[start] ?? 0];
  if (kind === undefined || kind === '') return null;
  let pos = start + 1;
  const name = (): ByteString => {
    const from = pos + 2;
    pos = from > end ? from : from + u16(buf, pos);
    return asBytes(pos > end ? '' : buf.toString('latin1', from, pos));
  };
  const path = name();
  let record: MarkRecord;
  if (kind === 'copy' || kind === 'moved') record = { kind, path, from: name() };
  else if (kind === 'spent') {
    if (pos + 12 > end) return null;
    const [inoLo, inoHi, links] = [buf.readInt32LE(pos), buf.readInt32LE(pos + 4), buf.readUInt32LE(pos + 8)];
    record = { kind, path, inoLo, inoHi, links };
  } else if (kind === 'origin') {
    if (pos + 17 > end) return null;
    const [inoLo, inoHi] = [buf.readInt32LE(pos), buf.readInt32LE(pos + 4)];
    const [flashLo, flashHi] = [buf.readInt32LE(pos + 8), buf.readInt32LE(pos + 12)];
    pos += 17;
    const diskPath = buf[pos - 1] === 1 ? name() : null;
    record = { kind, path, origin: { inoLo, inoHi, diskPath, flashLo, flashHi } };
  } else record = { kind, path };
  return pos > end ? null : record;
}

/** Faster than Buffer's own, which is called for each record of a long log. */
export function u16(buf: Buffer, pos: number): number {
  return buf[pos]! | (buf[pos + 1]! << 8);
}

/** As `u16`. */
export function i32(buf: Buffer, pos: number): number {
  return buf[pos]! | (buf[pos + 1]! << 8) | (buf[pos + 2]! << 16) | (buf[pos + 3]! << 24);
}
