// Owns: one line of the result, and the table that is printed.

export interface Row {
  readonly what: string;
  readonly value: string;
  readonly comparedWith: string;
  readonly ratio: string;
  readonly bar: string;
  /** Null: nothing to be missed. */
  readonly held: boolean | null;
}

const HEADINGS = ['measurement', 'value', 'compared with', 'ratio', 'bar', ''] as const;

/** A Markdown table, so that it can go into the documentation as it is. */
export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map(({ what, value, comparedWith, ratio, bar, held }) => [
    what,
    value,
    comparedWith,
    ratio,
    bar,
    held === null ? '' : held ? 'held' : 'MISSED',
  ]);
  const widths = HEADINGS.map((heading, i) => Math.max(heading.length, ...cells.map((line) => line[i]?.length ?? 0)));
  const format = (line: readonly string[]): string =>
    `| ${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [format(HEADINGS), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...cells.map(format)].join(
    '\n',
  );
}

/** 1234.5 → `1,235`; small numbers keep two digits. */
export function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
