// Owns: the rows of `signet inspect` for what a sign-in seals, whatever protocol it is for: sessions, logins in progress with
// what each adapter keeps in them, enrolments, known browsers, and transient NameIDs.
import { PROTOCOL_NUMBERS } from '../core/authentication-request.ts';
import { LANGUAGE_NUMBERS, LANGUAGES } from '../core/language.ts';
import { decodePending } from '../protocols/saml/pending-answer.ts';
import { decodeDevice } from '../sealed/device-body.ts';
import { decodeEnrolment } from '../sealed/enrolment-body.ts';
import { decodeFlow } from '../sealed/flow-body.ts';
import { decodeSession } from '../sealed/session-body.ts';
import { decodeTransient } from '../sealed/transient-body.ts';
import type { CborValue } from '../sealer/cbor.ts';
import { decodePendingPage } from '../web/account-adapter.ts';
import { PENDING_CAS } from './inspect-cas-bodies.ts';
import { afterKey, hex, id, kids, list, methodName, notation, plain, type Row, time } from './inspect-notation.ts';
import { PENDING_OIDC } from './inspect-oidc-bodies.ts';

const NAME_IDS = ['transient', 'persistent', 'emailAddress', 'unspecified'];
const nameId = (value: CborValue): string => NAME_IDS[Number(value) - 1] ?? notation(value);

export const SESSION: Row = {
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

/** What adapters keep in a flow, by the number of the protocol; one that is not here is not shown. */
export const PENDING: ReadonlyMap<CborValue | undefined, Row> = new Map<CborValue | undefined, Row>([
  [PROTOCOL_NUMBERS.saml, PENDING_SAML],
  [PROTOCOL_NUMBERS.oidc, PENDING_OIDC],
  [PROTOCOL_NUMBERS.cas, PENDING_CAS],
  [PROTOCOL_NUMBERS.account, PENDING_ACCOUNT],
]);

const FLAGS = ['forced', 'passive', 'levels required', 'subject required', 'asks for consent'];
const FAILURES = ['wrong', 'throttled', 'expired'];

export const FLOW: Row = {
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

export const TRANSIENT: Row = {
  isReadable: (body) => decodeTransient(body) !== null,
  fields: { 1: { name: 'sid', show: id }, 2: { name: 'account', show: plain } },
};

export const ENROLMENT: Row = {
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

export const DEVICE: Row = {
  isReadable: (body) => decodeDevice(body) !== null,
  fields: {
    1: { name: 'id', show: hex },
    2: { name: 'account digest', show: hex },
    3: { name: 'lineage', show: kids },
  },
};

/** A literal NameID is personal, and often a mail address: its kind is enough. */
function participant(value: CborValue, base: CborValue | undefined): string {
  const [party = '', dt, kind, prefix = ''] = list(value);
  const name = ['derived', `transient, under the key ${hex(prefix)}…`, 'literal'][Number(kind)] ?? 'unknown';
  return `${hex(party)} at ${time(Number(base) + Number(dt))}, NameID ${name}`;
}
