// Owns: one line of the result, and the table that is printed.

export interface Row {
  readonly what: string;
  readonly value: string;
  readonly comparedWith: string;
  readonly ratio: string;
  readonly bar: string;
  /** Null: nothing to be missed. */
  readonly held: boolean | null;
  /**
   * Whether something else was running as this was measured, where the measurement has looked itself and left out what
   * was disturbed.
   */
  readonly loaded?: boolean;
}

const HEADINGS = ['measurement', 'value', 'compared with', 'ratio', 'bar', ''] as const;

/** A Markdown table, so that it can go into the documentation as it is. */
export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [row.what, row.value, row.comparedWith, row.ratio, row.bar, verdict(row)]);
  const widths = HEADINGS.map((heading, i) => Math.max(heading.length, ...cells.map((line) => line[i]?.length ?? 0)));
  const format = (line: readonly string[]): string =>
    `| ${line.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  return [format(HEADINGS), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...cells.map(format)].join(
    '\n',
  );
}

/** A loaded machine is no excuse: what is missed is missed, and the reader is told under what circumstances. */
function verdict({ held, loaded }: Row): string {
  const words = [held === null ? '' : held ? 'held' : 'MISSED', loaded === true ? 'loaded' : ''];
  return words.filter((word) => word !== '').join(', ');
}

/** 1234.5 → `1,235`; small numbers keep two digits. */
export function number(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}
