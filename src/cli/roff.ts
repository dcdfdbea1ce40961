// Text in man(7) macros. Pure.

/** Text that roff shows as it is. */
export function roffText(text: string): string {
  return text
    .replace(/\\/g, '\\e')
    .replace(/-/g, '\\-')
    .replace(/^([.'])/gm, '\\&$1');
}

/** Lines as they are. */
export function roffLines(text: string): string[] {
  return ['.nf', ...text.replace(/\n+$/, '').split('\n').map(roffText), '.fi'];
}

/** A term and what it means. */
export function roffItem(term: string, meaning: string): string[] {
  return ['.TP', `.B ${roffText(term)}`, roffText(meaning)];
}
