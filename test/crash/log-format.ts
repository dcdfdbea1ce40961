// The recorder's log: a record is u32 kind, u32 length, f64 offset, and for a write its data; all little-endian.

export const HEADER = 16;
export const WRITE = 1;
export const FLUSH = 2;
/** A range that reads as zeros from here on. */
export const ZERO = 3;
