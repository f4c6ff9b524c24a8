// Keys that were enrolled, proved: as a further factor and alone. Attacks name the section that forbids them.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import type { Account } from '../../src/core/account.ts';
import { PENDING_CHALLENGE_MAX_BYTES } from '../../src/core/login-context.ts';
import type { Spent, SpentStore } from '../../src/core/revocation.ts';
import type { FactorOutcome } from '../../src/methods/factor-method.ts';
import { createPasskeySignIn, createWebauthnMethod, type PasskeyOutcome } from '../../src/methods/webauthn.ts';
import { createWebauthnEnrolment } from '../../src/methods/webauthn-enrol.ts';
import { userHandles, WEBAUTHN_FIELD, webauthnParty } from '../../src/methods/webauthn-party.ts';
import { type Answering, FLAGS, SoftwareKey } from '../support/software-authenticator.ts';
import { anna, at, ben, createWorld, enrol, fields, random, START, type World } from './factor-person.ts';

const PARTY = webauthnParty('https://idp.example.org', 'Example') ?? assert.fail();
const HERE = { origin: 'https://idp.example.org', rpId: 'idp.example.org' };
const userHandle = userHandles(Buffer.alloc(32, 7));
const { up: UP, uv: UV, be: BE, bs: BS } = FLAGS;

/** Single use, in the memory of one test. */
function memorySpent(answer?: Spent | { readonly unavailable: true }): Pick<SpentStore, 'spend'> & { tried: number } {
  const used = new Map<string, string | null>();
  const store = {
    tried: 0,
    spend: async (kind: string, id: Uint8Array | string, _until: number, claimant: string | null) => {
      store.tried += 1;
      if (answer !== undefined) return answer;
      const place = `${kind} ${Buffer.from(id).toString('hex')}`;
      const before = used.get(place);
      if (before === undefined) {
        used.set(place, claimant);
        return 'first' as const;
      }
      return claimant !== null && before === claimant ? ('same-attempt' as const) : ('spent' as const);
    },
  };
  return store;
}

interface Enrolled {
  readonly world: World;
  readonly key: SoftwareKey;
  /** The credential's id. */
  readonly id: string;
}

async function withKey(
  account: Account = anna,
  world: World = createWorld(),
  registering: Partial<Answering> = {},
): Promise<Enrolled> {
  const key = new SoftwareKey();
  const enrolment = createWebauthnEnrolment({ party: PARTY, userHandle, roots: [], random });
  const id = await enrol(world, enrolment, account, START - 60, (pending) => ({
    [WEBAUTHN_FIELD]: key.register({ ...HERE, challenge: pending.subarray(10), ...registering }),
  }));
  return { world, key, id };
}

/** Asks and answers once; what `lie` changes is a lie. */
async function answerAs(
  { world, key }: Enrolled,
  lie: Partial<Answering> = {},
  parts: {
    readonly account?: Account;
    readonly now?: number;
    readonly claimant?: string | null;
    readonly spent?: Pick<SpentStore, 'spend'>;
    readonly post?: (json: string) => string;
    readonly pending?: (data: Uint8Array) => Uint8Array;
  } = {},
): Promise<FactorOutcome> {
  const { account = anna, now = START, claimant = null, spent = memorySpent() } = parts;
  const method = createWebauthnMethod({ party: PARTY, store: world.store, spent, userHandle, random });
  const subject = { account, enrolled: world.store.now(account.id) };
  const begun = await method.begin(subject, fields({}), at(START));
  assert.ok(begun.kind === 'ready' && begun.pending !== null && begun.pending.length <= PENDING_CHALLENGE_MAX_BYTES);
  const data = begun.pending;
  const json = key.answer({ ...HERE, challenge: data.subarray(1), counter: 1, ...lie });
  const form = fields({ [WEBAUTHN_FIELD]: parts.post?.(json) ?? json });
  return method.verify(subject, form, { data: parts.pending?.(data) ?? data, at: START }, at(now, claimant));
}

function reasonOf(outcome: FactorOutcome | PasskeyOutcome): string {
  return outcome.kind === 'proved' ? `proved ${outcome.event.method}` : outcome.because;
}

test('a key proves itself, at the time of its challenge, however late the answer came', async () => {
  const enrolled = await withKey();
  const outcome = await answerAs(enrolled, {}, { now: START + 299 });
  assert.deepEqual(outcome, {
    kind: 'proved',
    account: anna,
    event: { method: 'passkey', credentialId: enrolled.id, at: START },
  });
});

test('without verification of the person it is possession alone', async () => {
  assert.equal(reasonOf(await answerAs(await withKey(), { flags: UP })), 'proved webauthn');
});

test('a key that may be copied is a passkey, and stays one', async () => {
  const copied = await withKey(anna, createWorld(), { flags: UP | UV | BE | BS });
  assert.equal(reasonOf(await answerAs(copied, { flags: UP | UV | BE })), 'proved passkey');
});

const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const lies: readonly (readonly [name: string, lie: Partial<Answering>])[] = [
  // W3C WebAuthn L3 §7.2 step 13, §13.4.9: phishing is stopped here.
  ['another origin', { origin: 'https://idp.example.org.evil.example' }],
  ['the origin without TLS', { origin: 'http://idp.example.org' }],
  ['another port', { origin: 'https://idp.example.org:8443' }],
  ['a subdomain', { origin: 'https://login.idp.example.org' }],
  ['the origin with a path', { origin: 'https://idp.example.org/' }],
  ['an origin of null', { origin: 'null' }],
  // §7.2 step 15.
  ['another party’s key', { rpId: 'example.org' }],
  ['no party', { rpId: '' }],
  // §7.2 step 11: what an enrolment answers is no sign-in.
  ['the type of an enrolment', { type: 'webauthn.create' }],
  ['no type', { type: '' }],
  // §7.2 step 12, §13.4.3.
  ['another challenge', { challenge: Buffer.alloc(32, 1) }],
  ['an empty challenge', { challenge: Buffer.alloc(0) }],
  ['no challenge', { clientData: { challenge: undefined } }],
  // §7.2 steps 13 and 14: asked inside a frame of somebody else.
  ['a frame of another site', { clientData: { crossOrigin: true } }],
  ['a frame of a site that it names', { clientData: { crossOrigin: true, topOrigin: 'https://evil.example' } }],
  ['a named site without a frame', { clientData: { topOrigin: 'https://idp.example.org' } }],
  // §7.2 step 16.
  ['nobody present', { flags: 0 }],
  ['nobody present, and yet verified', { flags: UV }],
  // §7.2 step 17 and 18, §6.1.3.
  ['a backup of what cannot be backed up', { flags: UP | UV | BS }],
  ['a key that has become eligible for backup', { flags: UP | UV | BE }],
  // §7.2 step 21.
  ['a signature of another key', { signer: foreign }],
  ['a signature over other client data', { spoil: true }],
];
for (const [name, lie] of lies) {
  test(`refused, and nothing is used up: ${name}`, async () => {
    const enrolled = await withKey();
    const spent = memorySpent();
    assert.equal(reasonOf(await answerAs(enrolled, lie, { spent })), 'refused-proof');
    assert.equal(spent.tried, 0);
    assert.deepEqual(enrolled.world.store.now(anna.id).credentials[0]?.lastUsedAt, null);
    assert.equal(reasonOf(await answerAs(enrolled)), 'proved passkey');
  });
}

test('a key that was eligible for backup and says it is not is refused', async () => {
  const copied = await withKey(anna, createWorld(), { flags: UP | UV | BE });
  assert.equal(reasonOf(await answerAs(copied, { flags: UP | UV })), 'refused-proof');
});

const changed =
  (change: (answer: { id: string; response: Record<string, unknown>; [more: string]: unknown }) => unknown) =>
  (json: string): string =>
    JSON.stringify(change(JSON.parse(json)));
const posts: readonly (readonly [name: string, post: (json: string) => string])[] = [
  ['nothing', () => ''],
  ['no JSON', () => '{'],
  ['a list', () => '[]'],
  ['null', () => 'null'],
  ['too much', (json) => `${json}${' '.repeat(40_000)}`],
  ['no signature', changed(({ response, ...rest }) => ({ ...rest, response: { ...response, signature: undefined } }))],
  ['an empty signature', changed(({ response, ...rest }) => ({ ...rest, response: { ...response, signature: '' } }))],
  ['bytes as a list', changed(({ response, ...rest }) => ({ ...rest, response: { ...response, signature: [1, 2] } }))],
  ['another type of credential', changed((answer) => ({ ...answer, type: 'password' }))],
  ['an id that is no text', changed((answer) => ({ ...answer, id: 1 }))],
  ['an id in another spelling', changed((answer) => ({ ...answer, id: `${answer.id}=`, rawId: `${answer.id}=` }))],
  ['an id longer than any', changed((answer) => ({ ...answer, id: 'A'.repeat(1368), rawId: 'A'.repeat(1368) }))],
];
for (const [name, post] of posts) {
  test(`not an answer: ${name}`, async () => {
    assert.equal(reasonOf(await answerAs(await withKey(), {}, { post })), 'unusable-input');
  });
}

test('two ids that differ are refused', async () => {
  const post = changed((answer) => ({ ...answer, rawId: 'AAAA' }));
  assert.equal(reasonOf(await answerAs(await withKey(), {}, { post })), 'refused-proof');
});

for (const [name, pending] of [
  ['of a sign-in without a name', (data: Uint8Array) => Buffer.concat([Buffer.of(2), data.subarray(1)])],
  ['of another length', (data: Uint8Array) => data.subarray(0, 20)],
  ['that is empty', () => Buffer.alloc(0)],
] as const) {
  test(`a challenge ${name} is none: the question is put again`, async () => {
    assert.equal(reasonOf(await answerAs(await withKey(), {}, { pending })), 'expired');
  });
}

test('after five minutes the question is put again', async () => {
  assert.equal(reasonOf(await answerAs(await withKey(), {}, { now: START + 300 })), 'expired');
});

test('without a challenge there is nothing to answer', async () => {
  const { world, key } = await withKey();
  const method = createWebauthnMethod({ party: PARTY, store: world.store, spent: memorySpent(), userHandle, random });
  const form = fields({ [WEBAUTHN_FIELD]: key.answer({ ...HERE, challenge: Buffer.alloc(32) }) });
  const subject = { account: anna, enrolled: world.store.now(anna.id) };
  assert.equal(reasonOf(await method.verify(subject, form, null, at(START))), 'expired');
  assert.equal(await method.page(subject, null), null);
});

// A question that somebody saw answered, with its cookie and the answer: once, whoever sends it (§13.4.3).
test('an answer is good once, and again only for the balancer’s repeat of the same request', async () => {
  const enrolled = await withKey();
  const { world, key } = enrolled;
  const method = createWebauthnMethod({ party: PARTY, store: world.store, spent: memorySpent(), userHandle, random });
  const subject = { account: anna, enrolled: world.store.now(anna.id) };
  const begun = await method.begin(subject, fields({}), at(START));
  if (begun.kind !== 'ready' || begun.pending === null) assert.fail();
  const pending = { data: begun.pending, at: START };
  const form = fields({ [WEBAUTHN_FIELD]: key.answer({ ...HERE, challenge: begun.pending.subarray(1), counter: 9 }) });
  const post = async (claimant: string | null, now = START + 5) =>
    reasonOf(
      await method.verify({ account: anna, enrolled: world.store.now(anna.id) }, form, pending, at(now, claimant)),
    );
  assert.equal(await post('request-1'), 'proved passkey');
  assert.equal(await post('request-1'), 'proved passkey');
  assert.equal(await post('request-2'), 'replayed');
  assert.equal(await post(null), 'replayed');
});

// §6.1.1, §7.2 step 22: two authenticators with one key.
const counters: readonly (readonly [before: number, now: number, result: string])[] = [
  [0, 0, 'proved passkey'],
  [0, 1, 'proved passkey'],
  [5, 6, 'proved passkey'],
  [5, 5, 'replayed'],
  [5, 4, 'replayed'],
  [5, 0, 'replayed'],
  [2 ** 32 - 1, 2 ** 32 - 1, 'replayed'],
];
for (const [before, now, result] of counters) {
  test(`counter ${before}, then ${now}: ${result}`, async () => {
    const enrolled = await withKey(anna, createWorld(), { counter: before });
    assert.equal(reasonOf(await answerAs(enrolled, { counter: now })), result);
  });
}

test('another person’s key in a step-up is refused, also on their own authenticator’s word', async () => {
  const world = createWorld();
  await withKey(anna, world);
  const bens = await withKey(ben, world);
  assert.equal(reasonOf(await answerAs(bens, {}, { account: anna })), 'not-enrolled');
  assert.equal(reasonOf(await answerAs(bens, { userHandle: userHandle(anna.id) }, { account: anna })), 'not-enrolled');
});

test('a key whose handle names somebody else is refused; their own, and none, are not', async () => {
  const enrolled = await withKey();
  assert.equal(reasonOf(await answerAs(enrolled, { userHandle: userHandle(ben.id) })), 'refused-proof');
  assert.equal(reasonOf(await answerAs(enrolled, { userHandle: userHandle(anna.id) })), 'proved passkey');
});

test('a disabled key is none', async () => {
  const enrolled = await withKey();
  enrolled.world.store.disable(anna.id, enrolled.id);
  assert.equal(reasonOf(await answerAs(enrolled)), 'not-enrolled');
});

for (const [name, answer] of [
  ['is down', { unavailable: true } as const],
  ['is full', 'full' as const],
] as const) {
  test(`nothing is proved while the store of used challenges ${name}`, async () => {
    assert.equal(reasonOf(await answerAs(await withKey(), {}, { spent: memorySpent(answer) })), 'store');
  });
}

test('nothing is proved while the counter cannot be written', async () => {
  const enrolled = await withKey();
  const subject = enrolled.world.store.now(anna.id);
  enrolled.world.store.fail(true);
  assert.equal(subject.credentials.length, 1);
  assert.equal(reasonOf(await answerAs(enrolled)), 'store');
});

test('the question names this person’s keys only, and asks for verification if all of them can', async () => {
  const { world, key, id } = await withKey();
  await withKey(ben, world);
  const method = createWebauthnMethod({ party: PARTY, store: world.store, spent: memorySpent(), userHandle, random });
  const ask = async () => {
    const subject = { account: anna, enrolled: world.store.now(anna.id) };
    const page = await method.page(subject, { data: Buffer.concat([Buffer.of(1), Buffer.alloc(32, 3)]), at: START });
    return page?.kind === 'webauthn' ? JSON.parse(page.options) : assert.fail();
  };
  assert.deepEqual(await ask(), {
    rpId: 'idp.example.org',
    challenge: Buffer.alloc(32, 3).toString('base64url'),
    allowCredentials: [{ id: key.id, transports: ['internal', 'hybrid'], type: 'public-key' }],
    timeout: 300_000,
    userVerification: 'required',
  });
  await withKey(anna, world, { flags: UP });
  const both = await ask();
  assert.deepEqual([both.allowCredentials.length, both.userVerification], [2, 'preferred']);
  world.store.disable(anna.id, id);
  assert.equal((await ask()).allowCredentials.length, 1);
});

test('an address is no party: browsers refuse it', () => {
  for (const url of ['http://127.0.0.1:8080', 'http://[::1]:8080', 'https://192.0.2.1'])
    assert.equal(webauthnParty(url, 'Example'), null, url);
  assert.deepEqual(webauthnParty('http://localhost:8080', 'Example'), {
    id: 'localhost',
    origin: 'http://localhost:8080',
    name: 'Example',
  });
});

// Without a name.

async function signIn(
  { world, key }: Enrolled,
  lie: Partial<Answering> = {},
  parts: {
    readonly account?: Account | null;
    readonly now?: number;
    readonly use?: number;
    readonly down?: boolean;
  } = {},
): Promise<PasskeyOutcome> {
  const { account = anna, now = START + 9, use = 2, down = false } = parts;
  const passkeys = createPasskeySignIn({
    party: PARTY,
    store: world.store,
    spent: memorySpent(),
    userHandle,
    random,
    directory: { findById: async (id) => (down ? { unavailable: true } : account?.id === id ? account : null) },
  });
  const data = Buffer.concat([Buffer.of(use), passkeys.begin().subarray(1)]);
  const json = key.answer({
    ...HERE,
    challenge: data.subarray(1),
    counter: 1,
    userHandle: userHandle(anna.id),
    ...lie,
  });
  return passkeys.verify(fields({ [WEBAUTHN_FIELD]: json }), { data, at: START }, at(now));
}

test('a passkey says who somebody is and proves it', async () => {
  const enrolled = await withKey();
  assert.deepEqual(await signIn(enrolled), {
    kind: 'proved',
    account: anna,
    event: { method: 'passkey', credentialId: enrolled.id, at: START },
  });
});

for (const [name, lie, parts, reason] of [
  // Possession alone says nothing about who holds it.
  ['nobody was verified', { flags: UP }, {}, 'refused-proof'],
  // §7.2 step 6.
  ['the handle is somebody else’s', { userHandle: userHandle(ben.id) }, {}, 'refused-proof'],
  ['there is no handle', { userHandle: null }, {}, 'refused-proof'],
  ['the handle is empty', { userHandle: Buffer.alloc(0) }, {}, 'unusable-input'],
  ['another origin', { origin: 'https://evil.example' }, {}, 'refused-proof'],
  ['a signature of another key', { signer: foreign }, {}, 'refused-proof'],
  ['the challenge was made for a known person', {}, { use: 1 }, 'expired'],
  ['it is too late', {}, { now: START + 300 }, 'expired'],
  ['the account is gone', {}, { account: null }, 'not-enrolled'],
  ['the account is disabled', {}, { account: { ...anna, disabled: true } }, 'disabled'],
  ['the directory does not answer', {}, { down: true }, 'store'],
] as const) {
  test(`nobody is signed in: ${name}`, async () => {
    assert.equal(reasonOf(await signIn(await withKey(), lie, parts)), reason);
  });
}

// CWE-863: a node remembers people for minutes, for an hour while the directory is down.
test('whether the account is disabled is asked when it signs in, not remembered', async () => {
  const { world, key } = await withKey();
  const passkeys = createPasskeySignIn({
    party: PARTY,
    store: world.store,
    spent: memorySpent(),
    userHandle,
    random,
    directory: { findById: async (_id, how) => ({ ...anna, disabled: how === 'asked-now' }) },
  });
  const data = passkeys.begin();
  const json = key.answer({ ...HERE, challenge: data.subarray(1), counter: 1, userHandle: userHandle(anna.id) });
  const outcome = await passkeys.verify(fields({ [WEBAUTHN_FIELD]: json }), { data, at: START }, at(START + 9));
  assert.equal(reasonOf(outcome), 'disabled');
});

test('nobody is signed in by a key that nobody enrolled, or that was disabled, or that cannot be looked up', async () => {
  const enrolled = await withKey();
  assert.equal(reasonOf(await signIn({ ...enrolled, key: new SoftwareKey() })), 'not-enrolled');
  enrolled.world.store.disable(anna.id, enrolled.id);
  assert.equal(reasonOf(await signIn(enrolled)), 'not-enrolled');
  enrolled.world.store.fail(true);
  assert.equal(reasonOf(await signIn(enrolled)), 'store');
});

test('the question without a name names nobody', async () => {
  const { world } = await withKey();
  const directory = { findById: async () => null };
  const passkeys = createPasskeySignIn({
    party: PARTY,
    store: world.store,
    spent: memorySpent(),
    userHandle,
    random,
    directory,
  });
  const data = passkeys.begin();
  assert.ok(data.length <= PENDING_CHALLENGE_MAX_BYTES);
  assert.deepEqual(JSON.parse((await passkeys.page({ data, at: START })) ?? ''), {
    rpId: 'idp.example.org',
    challenge: Buffer.from(data.subarray(1)).toString('base64url'),
    timeout: 300_000,
    userVerification: 'required',
  });
  assert.notDeepEqual(passkeys.begin(), data);
  assert.equal(await passkeys.page({ data: Buffer.alloc(33, 1), at: START }), null);
});
