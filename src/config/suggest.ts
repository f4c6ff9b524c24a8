// Owns: guessing which known key a person meant. Leaves to the reader of a file: refusing the unknown one.

/**
 * The known key nearest to `found`, or null when none is near enough to be a likely slip.
 * Near: case apart, at most one edit per three characters (a swap of neighbours is one edit). Ties go to the earlier key.
 */
export function suggest(found: string, known: Iterable<string>): string | null {
  const wanted = found.toLowerCase();
  let best: string | null = null;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  // A key of hundreds of characters is no slip of a known one, and would cost a large table.
  if (wanted.length > 64) return null;
  for (const key of known) {
    const distance = editDistance(wanted, key.toLowerCase());
    if (distance < least) {
      best = key;
      least = distance;
    }
  }
  return best;
}

/** More keys than these are no help to whoever reads a line. */
const LISTED = 40;

/** The `wanted` half of a problem about an unknown key: the suggestion if there is one, else every known key, if they are few. */
export function wantedInstead(found: string, known: readonly string[]): string {
  const nearest = suggest(found, known);
  if (nearest === null && known.length > LISTED) return `one that there is, for example '${known[0]}'`;
  return nearest === null ? `one of ${known.map((key) => `'${key}'`).join(', ')}` : `perhaps '${nearest}'`;
}

/** Edits (insert, delete, replace, swap neighbours) that turn one text into the other: optimal string alignment. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const line = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = at(above, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1);
      let cost = Math.min(at(above, column) + 1, at(line, column - 1) + 1, replaced);
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, at(before, column - 2) + 1);
      }
      line.push(cost);
    }
    before = above;
    above = line;
  }
  return at(above, b.length);
}

function at(line: readonly number[], index: number): number {
  return line[index] ?? Number.POSITIVE_INFINITY;
}
