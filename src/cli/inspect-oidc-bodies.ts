// Owns: the rows of `signet inspect` for what the OpenID Provider seals. Nothing that redeems a value is shown.
import { decodePending } from '../protocols/oidc/pending-answer.ts';
import { decodeAccess } from '../sealed/access-body.ts';
import { decodeCode } from '../sealed/code-body.ts';
import { decodePushed } from '../sealed/par-body.ts';
import { decodeRefresh } from '../sealed/refresh-body.ts';
import type { CborValue } from '../sealer/cbor.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';
import { afterKey, hex, id, kids, list, plain, type Row, time } from './inspect-notation.ts';

const hashes = (value: CborValue): readonly string[] => list(value).map(hex);

export const PENDING_OIDC: Row = {
  isReadable: (data) => decodePending({ protocol: 'oidc', data }) !== null,
  fields: {
    1: { name: 'party', show: hex },
    2: { name: 'redirect uri', show: hex },
    3: { name: 'loopback port', show: plain },
    4: { name: 'response', show: plain },
    5: { name: 'state' },
    6: { name: 'nonce' },
    7: { name: 'code challenge' },
    8: { name: 'dpop key', show: hex },
    9: { name: 'scope', show: plain },
    10: { name: 'resources', show: hashes },
    11: { name: 'claims', show: plain },
    12: { name: 'acr', show: plain },
    13: { name: 'flags', show: plain },
    14: { name: 'subject', show: hex },
  },
};

export const CODE: Row = {
  isReadable: (body) => decodeCode(body) !== null,
  fields: {
    1: { name: 'id' },
    2: { name: 'sid', show: id },
    3: { name: 'account', show: plain },
    4: { name: 'session created', show: time },
    5: { name: 'events', show: afterKey(4) },
    6: { name: 'redirect uri', show: hex },
    7: { name: 'code challenge' },
    8: { name: 'dpop key', show: hex },
    9: { name: 'scope', show: plain },
    10: { name: 'resources', show: hashes },
    11: { name: 'claims', show: plain },
    12: { name: 'nonce' },
    13: { name: 'acr', show: plain },
    14: { name: 'lineage', show: kids },
  },
};

export const PUSHED: Row = {
  isReadable: (body) => decodePushed(body) !== null,
  fields: { 1: { name: 'id' }, 2: { name: 'parameters' }, 3: { name: 'signed', show: plain } },
};

export const REFRESH: Row = {
  isReadable: (body) => decodeRefresh(body) !== null,
  fields: {
    1: { name: 'family', show: id },
    2: { name: 'generation', show: plain },
    3: { name: 'sid', show: id },
    4: { name: 'account', show: plain },
    5: { name: 'session created', show: time },
    6: { name: 'events', show: afterKey(5) },
    7: { name: 'scope', show: plain },
    8: { name: 'resources', show: hashes },
    9: { name: 'dpop key', show: hex },
    10: { name: 'claims', show: plain },
    11: { name: 'acr', show: plain },
    12: { name: 'ends', show: time },
    13: { name: 'lineage', show: kids },
  },
};

export const ACCESS: Row = {
  isReadable: (body) => decodeAccess(body) !== null,
  fields: {
    1: { name: 'sid', show: id },
    2: { name: 'account', show: plain },
    3: { name: 'oldest proof', show: time },
    4: { name: 'latest proof', show: time },
    5: { name: 'family', show: id },
    6: { name: 'scope', show: plain },
    7: { name: 'claims', show: plain },
    8: { name: 'lineage', show: kids },
  },
};

/** Empty: its times are all that it says. */
export const DPOP_NONCE: Row = {
  isReadable: (body) => readCborMap(body, () => true) === true,
  fields: {},
};
