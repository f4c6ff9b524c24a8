// Owns: what `signet inspect` says of each purpose's body: the name of every key, and how its value is shown, or that it
// is not. One row per purpose: a new body codec gets one. A key that is not in its row is shown by its type alone.
// Leaves to sealed/: whether a body is one. docs/sealed-values.md, Bodies.
import { PROTOCOL_NUMBERS } from '../core/authentication-request.ts';
import { LANGUAGE_NUMBERS, LANGUAGES } from '../core/language.ts';
import { decodePending as decodePendingCas } from '../protocols/cas/pending-answer.ts';
import { decodePending } from '../protocols/saml/pending-answer.ts';
import { decodeDevice } from '../sealed/device-body.ts';
import { decodeEnrolment } from '../sealed/enrolment-body.ts';
import { decodeFlow } from '../sealed/flow-body.ts';
import { decodeProxyGrantingTicket } from '../sealed/proxy-granting-ticket-body.ts';
import { decodeProxyTicket } from '../sealed/proxy-ticket-body.ts';
import { decodeServiceTicket } from '../sealed/service-ticket-body.ts';
import { decodeSession } from '../sealed/session-body.ts';
import { decodeTransient } from '../sealed/transient-body.ts';
import { type CborMap, type CborValue, decodeCbor } from '../sealer/cbor.ts';
import { decodePendingPage } from '../web/account-adapter.ts';
import {
  afterKey,
  hex,
  id,
  kids,
  list,
  methodName,
  notation,
  plain,
  type Row,
  time,
  typeOf,
} from './inspect-notation.ts';
import { ACCESS, CODE, DPOP_NONCE, PENDING_OIDC, PUSHED, REFRESH } from './inspect-oidc-bodies.ts';

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

const NAME_IDS = ['transient', 'persistent', 'emailAddress', 'unspecified'];
const nameId = (value: CborValue): string => NAME_IDS[Number(value) - 1] ?? notation(value);

const SESSION: Row = {
  isReadable: (body) => decodeSession(body) !== null,
  fields: {
    1: { name: 'sid', show: id },
    2: { name: 'account', show: plain },
    3: { name: 'created', show: time },
    4: { name: 'events', show: afterKey(3) },
    5: { name: 'participants', show: (value, body) => list(value).map((one) => participant(one, body.get(3))) },
    6: { name: 'lineage', show: kids },
  },
};

const PENDING_SAML: Row = {
  isReadable: (data) => decodePending({ protocol: 'saml', data }) !== null,
  fields: {
    1: { name: 'party', show: hex },
    2: { name: 'acs', show: hex },
    3: { name: 'request', show: (value) => list(value).map((part, i) => (i === 0 ? plain(part) : time(part))) },
    4: { name: 'relay state' },
    5: { name: 'name id', show: nameId },
    6: { name: 'classes', show: plain },
    7: { name: 'acs index', show: plain },
    8: { name: 'subject', show: (value) => nameId(list(value)[0] ?? 0) },
  },
};

const PENDING_ACCOUNT: Row = {
  isReadable: (data) => decodePendingPage({ protocol: 'account', data }) !== null,
  fields: { 1: { name: 'page', show: plain }, 2: { name: 'account', show: plain } },
};

const PENDING_CAS: Row = {
  isReadable: (data) => decodePendingCas({ protocol: 'cas', data }) !== null,
  // An application's address may hold what only its own people may know.
  fields: { 1: { name: 'party', show: hex }, 2: { name: 'service' }, 3: { name: 'flags', show: plain } },
};

/** What adapters keep in a flow, by the number of the protocol; one that is not here is not shown. */
const PENDING: ReadonlyMap<CborValue | undefined, Row> = new Map<CborValue | undefined, Row>([
  [PROTOCOL_NUMBERS.saml, PENDING_SAML],
  [PROTOCOL_NUMBERS.oidc, PENDING_OIDC],
  [PROTOCOL_NUMBERS.cas, PENDING_CAS],
  [PROTOCOL_NUMBERS.account, PENDING_ACCOUNT],
]);

const FLAGS = ['forced', 'passive', 'levels required', 'subject required', 'asks for consent'];
const FAILURES = ['wrong', 'throttled', 'expired'];

const FLOW: Row = {
  isReadable: (body) => decodeFlow(body) !== null,
  fields: {
    // Whoever has it can make the form token of this login.
    1: { name: 'inner id' },
    2: { name: 'lineage', show: kids },
    3: { name: 'party', show: plain },
    4: { name: 'protocol', show: plain },
    5: { name: 'pending', inner: (body) => PENDING.get(body.get(4)) ?? null },
    6: { name: 'flags', show: (value) => FLAGS.filter((_, bit) => (Number(value) & (1 << bit)) !== 0) },
    7: { name: 'levels', show: (value) => list(value).map((level) => `aal${plain(level)}`) },
    8: { name: 'max age', show: plain },
    9: { name: 'suggested', show: plain },
    10: { name: 'received', show: time },
    11: { name: 'began', show: time },
    // People type passwords into the field for the name.
    12: { name: 'typed name' },
    13: { name: 'failure', show: (value) => FAILURES[Number(list(value)[0]) - 1] ?? notation(value) },
    14: { name: 'account', show: plain },
    15: { name: 'events', show: afterKey(10) },
    // Its data is what a code or the answer of a key is compared with.
    16: { name: 'challenge', show: (value) => methodName(list(value)[0]) },
    17: { name: 'language', show: (value) => LANGUAGES.find((one) => LANGUAGE_NUMBERS[one] === value) ?? plain(value) },
  },
};

const TRANSIENT: Row = {
  isReadable: (body) => decodeTransient(body) !== null,
  fields: { 1: { name: 'sid', show: id }, 2: { name: 'account', show: plain } },
};

const ENROLMENT: Row = {
  isReadable: (body) => decodeEnrolment(body) !== null,
  fields: {
    1: { name: 'id' },
    // Whoever has the inner id of a flow can make its form token.
    2: { name: 'bound to' },
    3: { name: 'account', show: plain },
    4: { name: 'version', show: plain },
    5: { name: 'kind', show: plain },
    // A secret, until it is confirmed.
    6: { name: 'data' },
    7: { name: 'lineage', show: kids },
  },
};

/** Ages count back from the value's iat, which is told beside the body. */
const proofs = (value: CborValue): string => {
  const [oldest, newest, level] = list(value).map(plain);
  return `${oldest} s and ${newest} s before it was issued, aal${level}`;
};
const digits = (value: CborValue, size: number): readonly string[] =>
  value instanceof Uint8Array ? (hex(value).match(new RegExp(`.{${2 * size}}`, 'g')) ?? []) : [];
const proxies = (value: CborValue): readonly string[] => digits(value, 4);
const prefixes = (value: CborValue): readonly string[] => digits(value, 2);

const SERVICE_TICKET: Row = {
  isReadable: (body) => decodeServiceTicket(body, 0) !== null,
  fields: {
    1: { name: 'id' },
    2: { name: 'sid', show: id },
    3: { name: 'account', show: plain },
    4: { name: 'service', show: hex },
    5: { name: 'proofs', show: proofs },
    6: { name: 'from new login', show: plain },
    7: { name: 'lineage', show: prefixes },
  },
};

const PROXY_TICKET: Row = {
  isReadable: (body) => decodeProxyTicket(body, 0) !== null,
  fields: { ...SERVICE_TICKET.fields, 6: { name: 'proxies', show: proxies } },
};

const GRANTING_TICKET: Row = {
  isReadable: (body) => decodeProxyGrantingTicket(body, 0) !== null,
  fields: {
    1: { name: 'sid', show: id },
    2: { name: 'account', show: plain },
    3: { name: 'proofs', show: proofs },
    4: { name: 'party', show: hex },
    5: { name: 'proxies', show: proxies },
    6: { name: 'lineage', show: prefixes },
  },
};

const DEVICE: Row = {
  isReadable: (body) => decodeDevice(body) !== null,
  fields: {
    1: { name: 'id', show: hex },
    2: { name: 'account digest', show: hex },
    3: { name: 'lineage', show: kids },
  },
};

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

/** A literal NameID is personal, and often a mail address: its kind is enough. */
function participant(value: CborValue, base: CborValue | undefined): string {
  const [party = '', dt, kind, prefix = ''] = list(value);
  const name = ['derived', `transient, under the key ${hex(prefix)}…`, 'literal'][Number(kind)] ?? 'unknown';
  return `${hex(party)} at ${time(Number(base) + Number(dt))}, NameID ${name}`;
}
