// A merged directory listing: names of flash and disk, whiteouts and reserved names left out, each name once. Columns, not objects:
// a directory may have 100,000 names.

import type { ByteString } from '../bytes.ts';

/** Which branches have the name, as far as the merge shows it. */
export const IN_FLASH = 1;
export const IN_DISK = 2;

export class Listing {
  readonly names: ByteString[] = [];
  /** DT_* type of the object shown. */
  readonly types: number[] = [];
  readonly where: number[] = [];
  /** Inode number shown, int32 halves. */
  readonly inoLo: number[] = [];
  readonly inoHi: number[] = [];

  add(name: ByteString, type: number, where: number, inoLo: number, inoHi: number): void {
    this.names.push(name);
    this.types.push(type);
    this.where.push(where);
    this.inoLo.push(inoLo);
    this.inoHi.push(inoHi);
  }

  get length(): number {
    return this.names.length;
  }
}
