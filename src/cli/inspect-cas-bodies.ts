// Owns: the rows of `signet inspect` for what the CAS server seals. Nothing that is validated once is shown.
import { decodePending } from '../protocols/cas/pending-answer.ts';
import { decodeProxyGrantingTicket } from '../sealed/proxy-granting-ticket-body.ts';
import { decodeProxyTicket } from '../sealed/proxy-ticket-body.ts';
import { decodeServiceTicket } from '../sealed/service-ticket-body.ts';
import type { CborValue } from '../sealer/cbor.ts';
import { hex, id, list, plain, type Row } from './inspect-notation.ts';

export const PENDING_CAS: Row = {
  isReadable: (data) => decodePending({ protocol: 'cas', data }) !== null,
  // An application's address may hold what only its own people may know.
  fields: { 1: { name: 'party', show: hex }, 2: { name: 'service' }, 3: { name: 'flags', show: plain } },
};

/** Ages count back from the value's iat, which is told beside the body. */
const proofs = (value: CborValue): string => {
  const [oldest, newest, level] = list(value).map(plain);
  return `${oldest} s and ${newest} s before it was issued, aal${level}`;
};
const digits = (value: CborValue, size: number): readonly string[] =>
  value instanceof Uint8Array ? (hex(value).match(new RegExp(`.{${2 * size}}`, 'g')) ?? []) : [];
const proxies = (value: CborValue): readonly string[] => digits(value, 4);
/** Of a short lineage. */
export const prefixes = (value: CborValue): readonly string[] => digits(value, 2);

export const SERVICE_TICKET: Row = {
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

export const PROXY_TICKET: Row = {
  isReadable: (body) => decodeProxyTicket(body, 0) !== null,
  fields: { ...SERVICE_TICKET.fields, 6: { name: 'proxies', show: proxies } },
};

export const GRANTING_TICKET: Row = {
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
