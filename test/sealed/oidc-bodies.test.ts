// The bodies of OpenID Connect's sealed values: pinned bytes, caps that add up to what a value has room for, refusals.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationEvent } from '../../src/core/authentication-event.ts';
import { ACR_VALUES } from '../../src/protocols/oidc/acr.ts';
import { decodePending, encodePending, type PendingOidc } from '../../src/protocols/oidc/pending-answer.ts';
import { SCOPES } from '../../src/protocols/oidc/scopes.ts';
import { type AccessGrant, decodeAccess, encodeAccess } from '../../src/sealed/access-body.ts';
import {
  type AuthorizationCode,
  CODE_NONCE_MAX_BYTES,
  CODE_REQUEST_MAX_BYTES,
  codeRequestBytes,
  decodeCode,
  encodeCode,
} from '../../src/sealed/code-body.ts';
import { GRANT_LIST_MAX } from '../../src/sealed/grant-fields.ts';
import {
  decodePushed,
  encodePushed,
  PUSHED_PARAMETERS_MAX_BYTES,
  type PushedRequest,
} from '../../src/sealed/par-body.ts';
import { decodeRefresh, encodeRefresh, REFRESH_LINEAGE_MAX, type RefreshGrant } from '../../src/sealed/refresh-body.ts';
import { type CborMap, type CborValue, decodeCbor, encodeCbor } from '../../src/sealer/cbor.ts';
import { maxBodyBytes } from '../../src/sealer/envelope.ts';
import { oidcAccess, oidcCode, oidcPar, oidcRefresh } from '../../src/sealer/purpose.ts';

const CREATED = 1_790_000_000;
const bytes = (size: number, value: number): Uint8Array => new Uint8Array(size).fill(value);
const kids = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `aaaaaaaaaaaaaa${String(i).padStart(2, '0')}`);
const events: readonly AuthenticationEvent[] = [
  { method: 'password', credentialId: 'pw', at: CREATED },
  { method: 'totp', credentialId: 't1', at: CREATED + 20 },
];
/** As many, as late, as long as a session can have them. */
const fullEvents: readonly AuthenticationEvent[] = Array.from({ length: 8 }, (_, i) => ({
  method: 'attested-key',
  credentialId: `${i}`.repeat(16),
  at: CREATED + 65_535,
}));

const code: AuthorizationCode = {
  id: bytes(16, 1),
  sid: bytes(16, 2),
  accountId: 'acct-7f3c9a1e',
  sessionCreated: CREATED,
  events,
  redirectUri: bytes(16, 3),
  codeChallenge: bytes(32, 4),
  dpopKey: bytes(32, 5),
  scope: 0b101,
  resources: [bytes(8, 6)],
  claims: ['email', 'name groups'],
  nonce: 'n-1',
  acr: [4, 6],
  lineage: kids(1),
};
const fullPerson = { accountId: 'a'.repeat(48), sessionCreated: 4_294_967_295 - 65_535, scope: 255 } as const;
const later = fullEvents.map((event) => ({ ...event, at: 4_294_967_295 }));
const fullAcr = Array.from({ length: GRANT_LIST_MAX }, () => 255);
/** The three ways to use up what a request may bring: all within {@link CODE_REQUEST_MAX_BYTES}. */
const fullRequests = [
  { nonce: 'n'.repeat(128), claims: ['i'.repeat(43), ''], resources: 5 },
  { nonce: 'n', claims: ['i'.repeat(160), 'u'.repeat(55)], resources: 0 },
  { nonce: 'n'.repeat(128), claims: ['i'.repeat(8), 'u'.repeat(8)], resources: 8 },
] as const;
const refresh: RefreshGrant = {
  family: bytes(16, 1),
  generation: 7,
  sid: bytes(16, 2),
  accountId: 'acct-7f3c9a1e',
  sessionCreated: CREATED,
  events,
  scope: 0b1000001,
  resources: [bytes(8, 6)],
  dpopKey: bytes(32, 5),
  claims: ['', 'name'],
  acr: [4],
  ends: CREATED + 7_776_000,
  lineage: kids(2),
};
const access: AccessGrant = {
  sid: bytes(16, 2),
  accountId: 'acct-7f3c9a1e',
  oldestProof: CREATED,
  latestProof: CREATED + 20,
  family: bytes(16, 1),
  scope: 0b101,
  claims: 'name',
  lineage: kids(1),
};
const pushed: PushedRequest = { id: bytes(16, 9), parameters: 'response_type=code&scope=openid', signed: true };

const kinds = [
  {
    name: 'oidc-code',
    purpose: oidcCode,
    pinned:
      'ae015001010101010101010101010101010101025002020202020202020202020202020202036d616363742d376633633961' +
      '3165041a6ab13b80058283010062707783021462743106500303030303030303030303030303030307582004040404040404' +
      '0404040404040404040404040404040404040404040404040408582005050505050505050505050505050505050505050505' +
      '0505050505050505050509050a814806060606060606060b8265656d61696c6b6e616d652067726f7570730c636e2d310d82' +
      '04060e8148aaaaaaaaaaaaaa00',
    value: code,
    body: encodeCode(code),
    read: decodeCode,
    optional: [7, 8, 10, 11, 12, 13, 14],
    longest: fullRequests.map(({ nonce, claims, resources }) =>
      encodeCode({
        ...code,
        ...fullPerson,
        events: later,
        nonce,
        claims,
        resources: Array.from({ length: resources }, (_, i) => bytes(8, i)),
        acr: fullAcr,
        lineage: kids(8),
      }),
    ),
  },
  {
    name: 'oidc-refresh',
    purpose: oidcRefresh,
    pinned:
      'ad0150010101010101010101010101010101010207035002020202020202020202020202020202046d616363742d37663363' +
      '39613165051a6ab13b8006828301006270778302146274310718410881480606060606060606095820050505050505050505' +
      '05050505050505050505050505050505050505050505050a8260646e616d650b81040c1a6b27e2800d8248aaaaaaaaaaaaaa' +
      '0048aaaaaaaaaaaaaa01',
    value: refresh,
    body: encodeRefresh(refresh),
    read: decodeRefresh,
    optional: [8, 9, 10, 11, 13],
    longest: [
      encodeRefresh({
        ...refresh,
        ...fullPerson,
        generation: 4_294_967_295,
        events: later,
        resources: Array.from({ length: GRANT_LIST_MAX }, (_, i) => bytes(8, i)),
        claims: ['i'.repeat(160), 'u'.repeat(160)],
        acr: fullAcr,
        lineage: kids(REFRESH_LINEAGE_MAX),
      }),
    ],
  },
  {
    name: 'oidc-access',
    purpose: oidcAccess,
    pinned:
      'a8015002020202020202020202020202020202026d616363742d3766336339613165031a6ab13b80041a6ab13b9405500101' +
      '0101010101010101010101010101060507646e616d65088148aaaaaaaaaaaaaa00',
    value: access,
    body: encodeAccess(access),
    read: decodeAccess,
    optional: [7, 8],
    longest: [
      encodeAccess({
        ...access,
        ...fullPerson,
        claims: 'u'.repeat(160),
        lineage: kids(REFRESH_LINEAGE_MAX),
      }),
    ],
  },
  {
    name: 'oidc-par',
    purpose: oidcPar,
    pinned:
      'a301500909090909090909090909090909090902781f726573706f6e73655f747970653d636f64652673636f70653d6f7065' +
      '6e69640301',
    value: pushed,
    body: encodePushed(pushed),
    read: decodePushed,
    optional: [],
    longest: [encodePushed({ ...pushed, parameters: 'p'.repeat(PUSHED_PARAMETERS_MAX_BYTES) })],
  },
] as const;

for (const { name, purpose, pinned, value, body, read, optional, longest } of kinds) {
  test(`${name}: these bytes, for ever`, () => {
    assert.equal(Buffer.from(body).toString('hex'), pinned);
    assert.deepEqual(read(Buffer.from(pinned, 'hex')), value);
  });

  test(`${name}: all caps together fit`, () => {
    for (const one of longest) {
      assert.ok(one.length <= maxBodyBytes(purpose), `${one.length} bytes of ${maxBodyBytes(purpose)}`);
    }
  });

  test(`${name}: nothing is missing, nothing is added, nothing is of another type`, () => {
    const map = decodeCbor(body) as CborMap;
    for (const key of map.keys()) {
      const without = new Map([...map].filter(([other]) => other !== key));
      assert.equal(read(encodeCbor(without)) === null, !optional.some((one) => one === key), `without ${key}`);
      assert.equal(read(encodeCbor(new Map([...map, [key, 'x'.repeat(1100)]]))), null, `text in ${key}`);
      assert.equal(read(encodeCbor(new Map([...map, [key, [[1]]]]))), null, `a list in ${key}`);
      assert.equal(read(encodeCbor(new Map([...map, [key, 4_294_967_296]]))), null, `a number in ${key}`);
    }
    assert.equal(read(encodeCbor(new Map([...map, [15, 1]]))), null);
    assert.equal(read(body.subarray(0, -1)), null);
    assert.equal(read(Buffer.concat([body, bytes(1, 0)])), null);
  });
}

test('no kind is read as another', () => {
  for (const one of kinds) {
    for (const other of kinds) {
      if (one !== other) assert.equal(other.read(one.body), null, `${one.name} as ${other.name}`);
    }
  }
});

const refusals: readonly {
  readonly name: string;
  readonly kind: 0 | 1 | 2 | 3;
  readonly key: number;
  readonly value: CborValue;
}[] = [
  { name: 'an id of another length', kind: 0, key: 1, value: bytes(15, 1) },
  { name: 'a challenge of another hash', kind: 0, key: 7, value: bytes(20, 1) },
  { name: 'a method that no release knows', kind: 0, key: 5, value: [[255, 0, 'x']] },
  { name: 'nine proofs', kind: 0, key: 5, value: Array.from({ length: 9 }, () => [1, 0, 'x']) },
  { name: 'nine resources', kind: 0, key: 10, value: Array.from({ length: 9 }, () => bytes(8, 1)) },
  { name: 'no resources', kind: 0, key: 10, value: [] },
  { name: 'claims for one place only', kind: 0, key: 11, value: ['a'] },
  { name: 'an empty nonce', kind: 0, key: 12, value: '' },
  { name: 'a nonce over its cap', kind: 0, key: 12, value: 'n'.repeat(CODE_NONCE_MAX_BYTES + 1) },
  { name: 'an acr value 0', kind: 0, key: 13, value: [0] },
  { name: 'a key twice in the lineage', kind: 0, key: 14, value: [bytes(8, 1), bytes(8, 1)] },
  { name: 'nine keys in a short lineage', kind: 0, key: 14, value: Array.from({ length: 9 }, (_, i) => bytes(8, i)) },
  { name: 'thirty-three keys', kind: 1, key: 13, value: Array.from({ length: 33 }, (_, i) => bytes(8, i)) },
  { name: 'keys out of order', kind: 1, key: 13, value: [bytes(8, 2), bytes(8, 1)] },
  { name: 'a generation that is text', kind: 1, key: 2, value: '1' },
  { name: 'an end of half a key', kind: 1, key: 9, value: bytes(31, 1) },
  { name: 'empty claims', kind: 2, key: 7, value: '' },
  { name: 'scopes beyond the byte', kind: 2, key: 6, value: 256 },
  { name: 'a family of another length', kind: 2, key: 5, value: bytes(17, 1) },
  { name: 'neither signed nor not', kind: 3, key: 3, value: 2 },
  { name: 'no parameters', kind: 3, key: 2, value: '' },
  { name: 'parameters over their cap', kind: 3, key: 2, value: 'p'.repeat(PUSHED_PARAMETERS_MAX_BYTES + 1) },
];
for (const { name, kind, key, value } of refusals) {
  test(`refused: ${name}`, () => {
    const one = kinds[kind];
    const map = new Map(decodeCbor(one.body) as CborMap);
    assert.notEqual(one.read(encodeCbor(map)), null);
    map.set(key, value);
    assert.equal(one.read(encodeCbor(map)), null);
  });
}

test('a value over its caps is a mistake of the program', () => {
  assert.throws(() => encodeCode({ ...code, accountId: 'x'.repeat(49) }), RangeError);
  assert.throws(() => encodeCode({ ...code, lineage: kids(9) }), RangeError);
  assert.throws(() => encodeRefresh({ ...refresh, lineage: kids(33) }), RangeError);
  assert.throws(() => encodeAccess({ ...access, claims: 'x'.repeat(161) }), RangeError);
  assert.throws(() => encodePushed({ ...pushed, parameters: '' }), RangeError);
});

test('the fullest requests are as large as may be: one byte more is refused at the authorization endpoint', () => {
  for (const request of fullRequests) {
    const size = codeRequestBytes(request);
    assert.ok(size <= CODE_REQUEST_MAX_BYTES && size > CODE_REQUEST_MAX_BYTES - 5, `${size} bytes`);
  }
});

const pending: PendingOidc = {
  partyHash: 'a1b2c3d4e5f6',
  redirectHash: '0011223344556677',
  loopbackPort: 8080,
  responseType: 'code id_token',
  responseMode: 'form_post.jwt',
  state: 'st&te',
  nonce: 'n-1',
  codeChallenge: bytes(32, 4),
  dpopKey: bytes(32, 5),
  scopes: SCOPES,
  resources: ['0606060606060606'],
  claims: { idToken: ['email'], userinfo: ['name', 'groups'] },
  acr: ACR_VALUES.filter(({ number }) => number === 4 || number === 6),
  acrEssential: true,
  subject: bytes(16, 7),
  authTime: true,
};
const PENDING_PINNED =
  'ae0146a1b2c3d4e5f60248001122334455667703191f90048201050565737426746506636e2d310758200404040404040404' +
  '0404040404040404040404040404040404040404040404040858200505050505050505050505050505050505050505050505' +
  '05050505050505050509187f0a814806060606060606060b8265656d61696c6b6e616d652067726f7570730c8204060d030e' +
  '5007070707070707070707070707070707';

test('pending-oidc: these bytes, for ever', () => {
  const { data } = encodePending(pending);
  assert.equal(Buffer.from(data).toString('hex'), PENDING_PINNED);
  assert.deepEqual(decodePending({ protocol: 'oidc', data: Buffer.from(PENDING_PINNED, 'hex') }), pending);
  // Another protocol's, with the same bytes.
  assert.equal(decodePending({ protocol: 'saml', data }), null);
});

for (const [key, value] of [
  [1, bytes(7, 1)],
  [2, bytes(6, 1)],
  [3, 0],
  [3, 65_536],
  [4, [3, 0]],
  [4, [0, 6]],
  [4, [0]],
  [5, 's'.repeat(513)],
  [9, 128],
  [12, [8]],
  [13, 4],
  [14, bytes(15, 1)],
  [15, 1],
] as readonly (readonly [number, CborValue])[]) {
  test(`pending-oidc is refused with ${JSON.stringify(value).slice(0, 40)} in ${key}`, () => {
    const map = decodeCbor(encodePending(pending).data) as CborMap;
    assert.equal(decodePending({ protocol: 'oidc', data: encodeCbor(new Map([...map, [key, value]])) }), null);
  });
}
