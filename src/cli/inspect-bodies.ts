// Owns: what `signet inspect` says of each purpose's body: the name of every key, and how its value is shown, or that it
// is not. One row per purpose: a new body codec gets one. A key that is not in its row is shown by its type alone.
// Leaves to inspect-…-bodies.ts: the rows; to sealed/: whether a body is one. docs/sealed-values.md, Bodies.
import { type CborMap, type CborValue, decodeCbor } from '../sealer/cbor.ts';
import { GRANTING_TICKET, PROXY_TICKET, prefixes, SERVICE_TICKET } from './inspect-cas-bodies.ts';
import { kids, type Row, typeOf } from './inspect-notation.ts';
import { ACCESS, CODE, DPOP_NONCE, PUSHED, REFRESH } from './inspect-oidc-bodies.ts';
import { DEVICE, ENROLMENT, FLOW, PENDING, SESSION, TRANSIENT } from './inspect-sign-in-bodies.ts';

/** One key of a body. */
export interface ExplainedField {
  readonly key: number;
  /** Null for a key that this release does not know. */
  readonly name: string | null;
  /** As CBOR: uint, bstr(16), tstr(9), array(2), map(3). */
  readonly type: string;
  /** Null when it is not shown: it is secret, private, or unknown. */
  readonly value: string | readonly string[] | null;
  /** Of a value that is a body itself. */
  readonly fields?: readonly ExplainedField[];
}

export interface ExplainedBody {
  readonly fields: readonly ExplainedField[];
  /** Whether this release reads it. */
  readonly readable: boolean;
  /** Kids that it descends from; of CAS tickets, their first digits. */
  readonly lineage: readonly string[];
}

/** By purpose. A purpose that is not here has no body yet that a release writes. */
const ROWS: ReadonlyMap<string, Row> = new Map([
  ['sso-session', SESSION],
  ['login-flow', FLOW],
  ['enrolment', ENROLMENT],
  ['device', DEVICE],
  ['saml-transient', TRANSIENT],
  ['oidc-code', CODE],
  ['oidc-par', PUSHED],
  ['cas-st', SERVICE_TICKET],
  ['cas-pt', PROXY_TICKET],
  ['cas-pgt', GRANTING_TICKET],
  ['oidc-refresh', REFRESH],
  ['oidc-access', ACCESS],
  ['oidc-dpop-nonce', DPOP_NONCE],
]);

/** The keys that are explained for a purpose, for the test that compares them with the specification. */
export function explainedKeys(purposeName: string): readonly number[] {
  return Object.keys(ROWS.get(purposeName)?.fields ?? {}).map(Number);
}

/** The same of what an adapter keeps in a flow, by the protocol's number. */
export function explainedPendingKeys(protocol: number): readonly number[] {
  return Object.keys(PENDING.get(protocol)?.fields ?? {}).map(Number);
}

/** Null for a purpose without a row, and for bytes that are not even a map. */
export function explainBody(purposeName: string, body: Uint8Array): ExplainedBody | null {
  const row = ROWS.get(purposeName);
  const map = decodeCbor(body);
  if (row === undefined || !(map instanceof Map)) return null;
  const lineage = Object.entries(row.fields).find(([, { name }]) => name === 'lineage')?.[0];
  return {
    fields: fieldsOf(row, map),
    readable: row.isReadable(body),
    lineage: lineage === undefined ? [] : kidsOf(map.get(Number(lineage)) ?? []),
  };
}

function kidsOf(value: CborValue): readonly string[] {
  return value instanceof Uint8Array ? prefixes(value) : kids(value);
}

function fieldsOf(row: Row, map: CborMap): readonly ExplainedField[] {
  return [...map].map(([key, value]) => {
    const field = row.fields[key];
    const explained = { key, name: field?.name ?? null, type: typeOf(value), value: field?.show?.(value, map) ?? null };
    const innerRow = field?.inner?.(map) ?? null;
    const inner = innerRow === null || !(value instanceof Uint8Array) ? null : decodeCbor(value);
    return innerRow === null || !(inner instanceof Map)
      ? explained
      : { ...explained, fields: fieldsOf(innerRow, inner) };
  });
}
