// Amounts of bytes as people write them: `4096`, `10M`, `1.5G`, and shares of a filesystem: `5%`.

/** A share of the filesystem that flash is on, to be turned into bytes once that is known. */
export interface Share {
  readonly percent: number;
}

const UNITS = new Map([
  ['', 1],
  ['K', 2 ** 10],
  ['M', 2 ** 20],
  ['G', 2 ** 30],
  ['T', 2 ** 40],
]);

/** Bytes, or undefined when `text` is no size. K, M, G and T are powers of 1024; `10MiB`, `10MB` and `10m` mean `10M`. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?$/i.exec(text.trim());
  if (!match) return undefined;
  const unit = UNITS.get((match[2] ?? '').toUpperCase()) ?? 1;
  const bytes = Math.floor(Number(match[1]) * unit);
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** Bytes or a share (`5%`, 0 to 100), or undefined when `text` is neither. */
export function parseSizeOrShare(text: string): number | Share | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*%$/.exec(text.trim());
  if (!match) return parseSize(text);
  const percent = Number(match[1]);
  return percent <= 100 ? { percent } : undefined;
}

/** `1234567` as `1.2 MB`: for people, in powers of 1000, as ls and df -H say it. */
export function showSize(bytes: number): string {
  if (bytes < 1000) return `${String(bytes)} B`;
  let value = bytes;
  let unit = '';
  for (unit of ['kB', 'MB', 'GB', 'TB', 'PB']) {
    value /= 1000;
    if (value < 999.5) break;
  }
  return `${value < 9.95 ? value.toFixed(1) : value.toFixed(0)} ${unit}`;
}
