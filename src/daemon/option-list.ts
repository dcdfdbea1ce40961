// The value of `-o`, as mount(8), fstab and people write it: `flash=/f,exclude=/a\,b,no-passthrough`.
// Knows the syntax only. A comma within a value is written `\,` (a backslash `\\`), or the value stands in double quotes.

/** One option of the list; `value` is undefined where there is no `=`. */
export interface ListedOption {
  readonly name: string;
  readonly value: string | undefined;
}

/** The options in their order, or what is wrong with the list. Empty items (`a,,b`) are passed over. */
export function parseOptionList(list: string): ListedOption[] | string {
  const options: ListedOption[] = [];
  let at = 0;
  while (at < list.length) {
    let name = '';
    while (at < list.length && list[at] !== ',' && list[at] !== '=') name += list[at++] ?? '';
    let value: string | undefined;
    if (list[at] === '=') {
      const read = readValue(list, at + 1);
      if (typeof read === 'string') return `${read} in the value of ${name} in -o ${list}`;
      ({ value, at } = read);
    }
    at++;
    name = name.trim();
    if (name !== '') options.push({ name, value });
    else if (value !== undefined) return `an option without a name (=${value}) in -o ${list}`;
  }
  return options;
}

function readValue(list: string, start: number): { value: string; at: number } | string {
  let value = '';
  let quoted = false;
  let at = start;
  for (; at < list.length; at++) {
    const char = list[at] ?? '';
    const next = list[at + 1];
    if (char === '\\' && (next === ',' || next === '\\' || next === '"')) {
      value += next;
      at++;
    } else if (char === '"' && (quoted || at === start)) {
      quoted = !quoted;
    } else if (char === ',' && !quoted) {
      break;
    } else {
      value += char;
    }
  }
  return quoted ? 'a quote that is not closed' : { value, at };
}
