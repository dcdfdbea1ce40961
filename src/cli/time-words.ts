// Times as people write and read them: moments and durations of the command line, and local time for lines that are read.

const UNITS = new Map([
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
  ['w', 604_800],
]);
const DURATION = /^(\d+(?:\.\d+)?)([smhdw])$/;
const MOMENT = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

/** What `parseSince` takes, for people. */
export const SINCE_FORMS =
  'use a time such as 2026-01-31 or 2026-01-31T12:30, or a duration such as 90s, 10m, 2h or 7d';

/** The moment that `text` means, in ms since 1970; a duration is one back from `now`. Local time, unless the text says which. Undefined: neither. */
export function parseSince(text: string, now: number): number | undefined {
  const duration = DURATION.exec(text);
  if (duration !== null) return now - Number(duration[1]) * (UNITS.get(duration[2] ?? '') ?? 0) * 1000;
  if (!MOMENT.test(text)) return undefined;
  // Of a date alone, Date.parse would make one in UTC.
  const moment = Date.parse(text.length === '2026-01-31'.length ? `${text}T00:00` : text);
  return Number.isNaN(moment) ? undefined : moment;
}

/** `2026-01-31 12:30:05.678`, in local time; the text itself where it is no time. */
export function showMoment(iso: string): string {
  const at = new Date(iso);
  if (Number.isNaN(at.getTime())) return iso;
  const two = (n: number): string => String(n).padStart(2, '0');
  const date = `${String(at.getFullYear()).padStart(4, '0')}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const ms = String(at.getMilliseconds()).padStart(3, '0');
  return `${date} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${ms}`;
}
