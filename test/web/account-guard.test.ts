// What ends with a change, where the sessions of others are many, or nobody can say which there are.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SetCookie } from '../../src/core/reply.ts';
import type { Session } from '../../src/core/session.ts';
import type { ListedSession, SessionList } from '../../src/state/sql-sessions.ts';
import { createAccountGuard, type Visitor } from '../../src/web/account-guard.ts';
import { createFormTokens } from '../../src/web/form-token.ts';
import type { RequestFacts } from '../../src/web/request-facts.ts';
import { wordsIn } from '../../src/web/words.ts';

const NOW = 1_790_000_000;
const PROVED = NOW - 200;
const expired = (name: string): SetCookie => ({ name, value: '', maxAge: 0 });
const account = { id: 'anna', loginName: 'anna', disabled: false, attributes: new Map(), groups: [] };
const proof = { method: 'password', credentialId: 'p', at: PROVED } as const;
const session: Session = {
  sid: Buffer.alloc(16, 255),
  accountId: account.id,
  created: PROVED,
  events: [proof],
  participants: [],
  lineage: [],
};
const visitor: Visitor = {
  open: { session, iat: PROVED, exp: NOW + 3600, kid: '0000000000000001', reseal: false, ending: false },
  account,
  enrolled: null,
  language: 'en',
  words: wordsIn('en'),
};
const facts: RequestFacts = {
  method: 'POST',
  path: '/account/factor/x',
  rawQuery: '',
  form: new Map(),
  lists: new Map(),
  cookies: new Map(),
  headers: {},
  requestId: 'r',
  attempt: null,
  address: null,
  now: NOW,
};

const listed = (count: number, createdAt: number): readonly ListedSession[] =>
  Array.from({ length: count }, (_, i) => ({
    sid: Buffer.alloc(16, i),
    accountId: account.id,
    createdAt,
    expiresAt: NOW + 3600,
    methods: ['password'],
    address: null,
    userAgent: null,
    endedAt: null,
  }));

/** Ends others with one proof that counts; what was ended, and whether the person goes on. */
async function ended(list: SessionList['list'] | null) {
  const sids = new Set<string>();
  const notBefores: number[] = [];
  const begun: Session[] = [];
  const guard = createAccountGuard({
    desk: {
      sessions: {
        name: 'sso',
        open: async () => assert.fail('opened'),
        seal: () => ({ name: 'sso', value: 'new', maxAge: null }),
        expired: expired('sso'),
      },
      devices: {
        open: () => assert.fail('opened'),
        seal: () => ({ name: 'device', value: 'new', maxAge: 60 }),
        expired: expired('device'),
      },
      forms: createFormTokens(Buffer.alloc(32)),
      directory: { findByLoginName: async () => assert.fail('asked'), findById: async () => assert.fail('asked') },
      revocations: {
        check: async () => assert.fail('asked'),
        revokeSid: async (sid) => {
          sids.add(Buffer.from(sid).toString('hex'));
          return 'everywhere';
        },
        revokeAccount: async (_id, notBefore) => {
          notBefores.push(notBefore);
          return 'everywhere';
        },
      },
      random: (n) => Buffer.alloc(n, 7),
      page: () => assert.fail('a page'),
      sidRevocationSeconds: 3600,
    },
    login: { begin: async () => assert.fail('a login') },
    credentials: null,
    possible: ['password'],
    sessionList: list === null ? null : { list },
    onSession: async (one) => begun.push(one),
    publicOrigin: 'https://idp.example.org',
    endedUntil: (now) => now + 7200,
  });
  const { cookies } = await guard.endOthers(visitor, [proof], facts);
  assert.ok(sids.has('ff'.repeat(16)), 'the session from before');
  return { sids, notBefores, begun, values: cookies.map(({ value }) => value) };
}

for (const { name, list, others } of [
  { name: 'there is no list', list: null, others: 0 },
  { name: 'nobody else has signed in', list: async () => [], others: 0 },
  { name: '49 have', list: async () => listed(49, PROVED), others: 49 },
  { name: '50 have, before the proof', list: async () => listed(50, PROVED - 1), others: 0 },
] as { name: string; list: SessionList['list'] | null; others: number }[]) {
  test(`goes on with the proof, and others end: ${name}`, async () => {
    const { sids, notBefores, begun, values } = await ended(list);
    // Each by its sid, and by what it gave for an absence.
    assert.equal(sids.size, 1 + 2 * others);
    assert.deepEqual(notBefores, [PROVED]);
    assert.deepEqual(
      begun.map(({ events }) => events),
      [[proof]],
    );
    assert.deepEqual(values, ['new', 'new']);
  });
}

// CWE-636: what cannot be told apart ends together.
for (const { name, list } of [
  { name: 'the list cannot be read', list: async () => ({ unavailable: true }) as const },
  { name: '50 have signed in since the proof', list: async () => listed(50, PROVED) },
  { name: '50 have, some of them just now', list: async () => listed(50, NOW) },
] as { name: string; list: SessionList['list'] }[]) {
  test(`everything ends, this session as well: ${name}`, async () => {
    const { notBefores, begun, values } = await ended(list);
    assert.deepEqual(notBefores, [NOW]);
    assert.deepEqual(begun, []);
    assert.deepEqual(values, ['', '']);
  });
}
