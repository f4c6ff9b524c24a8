// Owns: reading distinguished names (RFC 4514) that a server sent: which group is meant, and whether it is below a base.

/** One relative name: its attribute and value pairs, unescaped. */
type RelativeName = readonly { readonly attribute: string; readonly value: string }[];

/** The relative names, the entry's own first; null for what is no DN. */
export function parseDn(text: string): readonly RelativeName[] | null {
  if (text.trim() === '') return [];
  const names: { attribute: string; value: string }[][] = [[]];
  let rest = text;
  for (;;) {
    const pair =
      /^\s*([A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)*)\s*=\s*((?:\\[0-9A-Fa-f]{2}|\\[^0-9A-Fa-f]|[^\\,+;"<>])*)/su.exec(rest);
    const [whole, attribute, raw] = pair ?? [];
    if (whole === undefined || attribute === undefined || raw === undefined) return null;
    const value = unescapeValue(raw);
    if (value === null) return null;
    names.at(-1)?.push({ attribute: attribute.toLowerCase(), value });
    rest = rest.slice(whole.length);
    if (rest === '') return names;
    if (rest.startsWith(',')) names.push([]);
    else if (!rest.startsWith('+')) return null;
    rest = rest.slice(1);
  }
}

/** Strictly below: the base itself is not below itself. Compared as most servers do: case and runs of spaces do not count. */
export function isBelow(name: readonly RelativeName[], base: readonly RelativeName[]): boolean {
  if (name.length <= base.length) return false;
  const tail = name.slice(name.length - base.length);
  return base.every((relative, index) => keyOf(relative) === keyOf(tail[index] ?? []));
}

function keyOf(relative: RelativeName): string {
  const pairs = relative.map(({ attribute, value }) => {
    const plain = value.normalize('NFKC').toLowerCase().trim().replace(/\s+/g, ' ');
    return JSON.stringify([attribute, plain]);
  });
  return pairs.sort().join('+');
}

/** Null for bytes that are no UTF-8. Spaces at the end count only when they are escaped. */
function unescapeValue(raw: string): string | null {
  const trimmed = raw.replace(/(?<!\\) +$/, '');
  const bytes: Buffer[] = [];
  for (const [part] of trimmed.matchAll(/\\[0-9A-Fa-f]{2}|\\.|[^\\]+/gsu)) {
    if (/^\\[0-9A-Fa-f]{2}$/.test(part)) bytes.push(Buffer.from(part.slice(1), 'hex'));
    else bytes.push(Buffer.from(part.startsWith('\\') ? part.slice(1) : part, 'utf8'));
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.concat(bytes));
  } catch {
    return null;
  }
}
