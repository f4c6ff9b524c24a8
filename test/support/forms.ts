// Owns: reading forms out of the HTML that servers write. A reader for tests, not a parser for hostile pages.

export interface FormField {
  readonly name: string;
  readonly value: string;
  readonly type: string;
}

export interface Form {
  /** As written; empty means the page's own address. */
  readonly action: string;
  readonly method: 'get' | 'post';
  readonly fields: readonly FormField[];
}

/** All forms of a page with the fields that a browser would send when the first button is pressed. */
export function parseForms(html: string): readonly Form[] {
  return [...html.matchAll(/<form\b([^>]*)>([\s\S]*?)<\/form>/gi)].map(([, head = '', body = '']) => {
    const attributes = parseAttributes(head);
    return {
      action: attributes.get('action') ?? '',
      method: (attributes.get('method') ?? 'get').toLowerCase() === 'post' ? 'post' : 'get',
      fields: parseFields(body),
    };
  });
}

function parseFields(html: string): readonly FormField[] {
  let pressed = false;
  return [...html.matchAll(/<(input|button)\b((?:[^>"']|"[^"]*"|'[^']*')*)>/gi)].flatMap(([, tag = '', head = '']) => {
    const attributes = parseAttributes(head);
    const name = attributes.get('name');
    const type = attributes.get('type') ?? (tag.toLowerCase() === 'button' ? 'submit' : 'text');
    const isOtherButton = type === 'submit' && pressed;
    if (type === 'submit') pressed = true;
    if (name === undefined || isOtherButton || (type === 'checkbox' && !attributes.has('checked'))) return [];
    return [{ name, value: attributes.get('value') ?? '', type }];
  });
}

function parseAttributes(text: string): ReadonlyMap<string, string> {
  const pairs = [...text.matchAll(/([^\s=/"']+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g)];
  return new Map(
    pairs.map(([, name = '', double, single, bare]) => [name.toLowerCase(), decode(double ?? single ?? bare ?? '')]),
  );
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decode(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|([a-z]+));/gi, (whole, hex, decimal, name) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return NAMED[name] ?? whole;
  });
}
