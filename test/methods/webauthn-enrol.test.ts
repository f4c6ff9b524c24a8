// Coming to have a key: what is believed of a new one, and whose attestation counts. W3C WebAuthn L3 §7.1.
import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import type { WebauthnData } from '../../src/core/credential.ts';
import { readCertificates } from '../../src/lib/certificates.ts';
import { leadsToRoot } from '../../src/methods/attestation-chain.ts';
import {
  CREDENTIALS_PER_KIND,
  type EnrolmentOutcome,
  LABEL_FIELD,
  PENDING_ENROLMENT_MAX_BYTES,
} from '../../src/methods/factor-method.ts';
import { createWebauthnMethod } from '../../src/methods/webauthn.ts';
import { createWebauthnEnrolment } from '../../src/methods/webauthn-enrol.ts';
import { userHandles, WEBAUTHN_FIELD, webauthnParty } from '../../src/methods/webauthn-party.ts';
import {
  type Answering,
  AttestationRoot,
  type Attesting,
  FLAGS,
  SoftwareKey,
} from '../support/software-authenticator.ts';
import { add, anna, at, ben, createWorld, fields, random, START } from './factor-person.ts';

const PARTY = webauthnParty('https://idp.example.org', 'Example') ?? assert.fail();
const HERE = { origin: 'https://idp.example.org', rpId: 'idp.example.org' };
const userHandle = userHandles(Buffer.alloc(32, 7));
const { up: UP, uv: UV, be: BE, bs: BS } = FLAGS;

const ALWAYS = { notBefore: new Date('2000-01-01'), notAfter: new Date('2100-01-01') };
const PAST = { notBefore: new Date('2000-01-01'), notAfter: new Date('2020-01-01') };
const ROOT = await AttestationRoot.create(ALWAYS);
const OTHER_ROOT = await AttestationRoot.create(ALWAYS, 'CN=Another Root');
const TRUSTED = readCertificates(ROOT.pem()) ?? assert.fail();
const MAKER = await ROOT.certify(ALWAYS);

interface Trial {
  readonly roots?: readonly X509Certificate[];
  readonly answering?: Partial<Answering>;
  readonly attesting?: Attesting;
  readonly now?: number;
  readonly post?: (json: string) => string;
  readonly label?: string;
}

async function register({ roots = [], answering, attesting, now = START, post, label = '' }: Trial = {}) {
  const enrolment = createWebauthnEnrolment({ party: PARTY, userHandle, roots, random });
  const key = new SoftwareKey();
  const subject = { account: anna, enrolled: { version: 0, credentials: [] } };
  const begun = await enrolment.begin(subject, fields({}), at(START));
  if (begun.kind !== 'ready') assert.fail(begun.kind);
  assert.ok(begun.pending.length <= PENDING_ENROLMENT_MAX_BYTES);
  const json = key.register({ ...HERE, challenge: begun.pending.subarray(10), ...answering }, attesting);
  const form = fields({ [WEBAUTHN_FIELD]: post?.(json) ?? json, [LABEL_FIELD]: label });
  const outcome = await enrolment.confirm(subject, form, { data: begun.pending, at: START }, at(now));
  return { outcome, key };
}

function dataOf(outcome: EnrolmentOutcome): WebauthnData {
  if (outcome.kind !== 'enrolled' || outcome.credential.data.kind !== 'webauthn') assert.fail(JSON.stringify(outcome));
  return outcome.credential.data;
}

function reasonOf(outcome: EnrolmentOutcome): string {
  return outcome.kind === 'enrolled' ? 'enrolled' : outcome.because;
}

test('a key is kept as it was signed, under the name that its person gave it', async () => {
  const { outcome, key } = await register({ answering: { counter: 7 }, label: '  My laptop ' });
  const { publicKey, ...data } = dataOf(outcome);
  assert.ok(publicKey.length > 90);
  assert.deepEqual(data, {
    kind: 'webauthn',
    credentialId: key.id,
    counter: 7,
    aaguid: '00112233-4455-6677-8899-aabbccddeeff',
    userVerification: true,
    backupEligible: false,
    transports: ['internal', 'hybrid'],
    attested: false,
    discoverable: true,
  });
  assert.ok(outcome.kind === 'enrolled' && outcome.recoveryHashes === null);
  assert.deepEqual([outcome.credential.label, outcome.credential.createdAt], ['My laptop', START]);
});

for (const [flags, wanted] of [
  [UP, { userVerification: false, backupEligible: false }],
  [UP | UV | BE, { userVerification: true, backupEligible: true }],
  [UP | UV | BE | BS, { userVerification: true, backupEligible: true }],
] as const) {
  test(`flags ${flags}: ${JSON.stringify(wanted)}`, async () => {
    assert.partialDeepStrictEqual(dataOf((await register({ answering: { flags } })).outcome), wanted);
  });
}

const foreign = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const otherId = new SoftwareKey().id;
const changed =
  (change: (answer: { response: Record<string, unknown>; [more: string]: unknown }) => unknown) =>
  (json: string): string =>
    JSON.stringify(change(JSON.parse(json)));
const refusals: readonly (readonly [name: string, trial: Trial, reason: string])[] = [
  // §7.1 steps 7 to 12.
  ['the type of a sign-in', { answering: { type: 'webauthn.get' } }, 'refused-proof'],
  ['another challenge', { answering: { challenge: Buffer.alloc(32) } }, 'refused-proof'],
  ['another origin', { answering: { origin: 'https://evil.example' } }, 'refused-proof'],
  ['the origin without TLS', { answering: { origin: 'http://idp.example.org' } }, 'refused-proof'],
  ['a frame of another site', { answering: { clientData: { crossOrigin: true } } }, 'refused-proof'],
  ['a site above', { answering: { clientData: { topOrigin: 'https://evil.example' } } }, 'refused-proof'],
  // §7.1 steps 14 to 19.
  ['another party', { answering: { rpId: 'evil.example' } }, 'refused-proof'],
  ['nobody present', { answering: { flags: 0 } }, 'refused-proof'],
  ['a backup of what cannot be backed up', { answering: { flags: UP | BS } }, 'refused-proof'],
  // §7.1 step 25: another key's id beside this key would let it be taken over.
  ['an id that was not signed', { attesting: { fmt: 'none', announcedId: otherId } }, 'refused-proof'],
  ['after ten minutes', { now: START + 600 }, 'expired'],
  ['nothing', { post: () => '' }, 'unusable-input'],
  ['a list', { post: () => '[]' }, 'unusable-input'],
  ['too much', { post: (json) => `${json}${' '.repeat(40_000)}` }, 'unusable-input'],
  [
    'an attestation that is no CBOR',
    { post: changed((a) => ({ ...a, response: { ...a.response, attestationObject: 'AAAA' } })) },
    'refused-proof',
  ],
  [
    'client data that is no JSON',
    { post: changed((a) => ({ ...a, response: { ...a.response, clientDataJSON: 'AAAA' } })) },
    'refused-proof',
  ],
  [
    'a transport that is none',
    { post: changed((a) => ({ ...a, response: { ...a.response, transports: ['<b>'] } })) },
    'unusable-input',
  ],
  // §7.1 step 21: an attestation is wanted, and its signature is not the maker's.
  [
    'an attestation signed by somebody else',
    { roots: TRUSTED, attesting: { fmt: 'packed', maker: MAKER, signer: foreign } },
    'refused-proof',
  ],
  [
    'an attestation of another answer',
    { roots: TRUSTED, attesting: { fmt: 'packed', maker: MAKER }, answering: { spoil: true } },
    'refused-proof',
  ],
  // §8.2.1: a certificate is for one make.
  [
    'a certificate of another make',
    { roots: TRUSTED, attesting: { fmt: 'packed', maker: MAKER, aaguid: Buffer.alloc(16, 9) } },
    'refused-proof',
  ],
  ['a packed attestation without a signature', { roots: TRUSTED, attesting: { fmt: 'packed' } }, 'refused-proof'],
];
for (const [name, trial, reason] of refusals) {
  test(`no key is enrolled: ${name}`, async () => {
    assert.equal(reasonOf((await register(trial)).outcome), reason);
  });
}

const intermediate = await ROOT.delegate(ALWAYS);
const viaIntermediate = await intermediate.certify(ALWAYS);
const noAuthority = await ROOT.delegate(ALWAYS, false);
const viaNoAuthority = await noAuthority.certify(ALWAYS);
const raw = (root: AttestationRoot): Buffer => Buffer.from(root.certificate.rawData);

const makes: readonly (readonly [name: string, trial: Trial, attested: boolean])[] = [
  ['a maker that is trusted', { roots: TRUSTED, attesting: { fmt: 'packed', maker: MAKER } }, true],
  [
    'a maker that is trusted through another authority',
    {
      roots: TRUSTED,
      attesting: { fmt: 'packed', maker: { ...viaIntermediate, chain: [...viaIntermediate.chain, raw(intermediate)] } },
    },
    true,
  ],
  ['the same without that authority', { roots: TRUSTED, attesting: { fmt: 'packed', maker: viaIntermediate } }, false],
  ['no roots', { attesting: { fmt: 'packed', maker: MAKER } }, false],
  [
    'a root that is not configured',
    { roots: TRUSTED, attesting: { fmt: 'packed', maker: await OTHER_ROOT.certify(ALWAYS) } },
    false,
  ],
  [
    'a root that it brings along itself',
    {
      roots: TRUSTED,
      attesting: {
        fmt: 'packed',
        maker: await OTHER_ROOT.certify(ALWAYS).then((maker) => ({
          ...maker,
          chain: [...maker.chain, raw(OTHER_ROOT)],
        })),
      },
    },
    false,
  ],
  // RFC 5280 §6.1.4 (k): whoever has one authenticator's certificate could make others.
  [
    'a certificate in between that may issue nothing',
    {
      roots: TRUSTED,
      attesting: { fmt: 'packed', maker: { ...viaNoAuthority, chain: [...viaNoAuthority.chain, raw(noAuthority)] } },
    },
    false,
  ],
  ['an attestation by the new key itself', { roots: TRUSTED, attesting: { fmt: 'packed', self: true } }, false],
  ['none', { roots: TRUSTED, attesting: { fmt: 'none' } }, false],
  // Formats whose roots nobody here chose; the library would trust its own.
  ['a format that is not looked at', { roots: TRUSTED, attesting: { fmt: 'apple', maker: MAKER } }, false],
  ['another one', { roots: TRUSTED, attesting: { fmt: 'tpm', maker: MAKER } }, false],
];
for (const [name, trial, attested] of makes) {
  test(`attested by ${name}: ${attested}`, async () => {
    assert.equal(dataOf((await register(trial)).outcome).attested, attested);
  });
}

test('with roots attestation is asked for, without them it is not', async () => {
  for (const [roots, wanted] of [
    [TRUSTED, 'direct'],
    [[], 'none'],
  ] as const) {
    const enrolment = createWebauthnEnrolment({ party: PARTY, userHandle, roots, random });
    const begun = await enrolment.begin(
      { account: anna, enrolled: { version: 0, credentials: [] } },
      fields({}),
      at(START),
    );
    if (begun.kind !== 'ready') assert.fail();
    const subject = { account: anna, enrolled: { version: 0, credentials: [] } };
    const page = await enrolment.page(subject, { data: begun.pending, at: START });
    const options = page?.kind === 'webauthn' ? JSON.parse(page.options) : assert.fail();
    assert.equal(options.attestation, wanted);
    assert.deepEqual(options.rp, { name: 'Example', id: 'idp.example.org' });
    assert.deepEqual(options.user, { id: userHandle(anna.id).toString('base64url'), name: 'anna', displayName: '' });
    assert.equal(options.challenge, Buffer.from(begun.pending.subarray(10)).toString('base64url'));
    assert.deepEqual(
      options.pubKeyCredParams.map(({ alg }: { alg: number }) => alg),
      [-8, -7, -257],
    );
    assert.equal(await enrolment.page(subject, { data: Buffer.alloc(42), at: START }), null);
  }
});

test('what somebody has already is excluded, disabled keys too; more than five are refused', async () => {
  const world = createWorld();
  const enrolment = createWebauthnEnrolment({ party: PARTY, userHandle, roots: [], random });
  const ids: string[] = [];
  for (let i = 0; i < CREDENTIALS_PER_KIND; i += 1) {
    const { outcome, key } = await register();
    await add(world, anna, outcome);
    ids.push(key.id);
  }
  const [first] = world.store.now(anna.id).credentials;
  world.store.disable(anna.id, first?.id ?? '');
  const subject = { account: anna, enrolled: world.store.now(anna.id) };
  const pending = { data: Buffer.concat([Buffer.of(1), Buffer.alloc(41)]), at: START };
  const page = await enrolment.page(subject, pending);
  const { excludeCredentials } = page?.kind === 'webauthn' ? JSON.parse(page.options) : assert.fail();
  assert.deepEqual(
    excludeCredentials.map(({ id }: { id: string }) => id),
    ids,
  );
  const begun = await enrolment.begin(subject, fields({}), at(START));
  assert.ok(begun.kind === 'failed' && begun.failure.kind === 'too-many');
});

test('a key that somebody has cannot be enrolled by anybody else', async () => {
  const world = createWorld();
  const { outcome } = await register();
  await add(world, anna, outcome);
  assert.ok(outcome.kind === 'enrolled');
  assert.equal(await world.store.add(ben.id, { ...outcome.credential, lineage: [] }, 0), 'changed');
});

// AAL3 needs all of it: verification, a key that cannot be copied, a make that was proved (NIST SP 800-63B-4 §2.3).
for (const [name, registering, flags, proves] of [
  ['all of it', UP | UV, UP | UV, 'attested-key'],
  ['nobody verified now', UP | UV, UP, 'webauthn'],
  ['it may be copied', UP | UV | BE, UP | UV | BE, 'passkey'],
] as const) {
  test(`an attested key proves as much as its ceremony: ${name}`, async () => {
    const world = createWorld();
    const { outcome, key } = await register({
      roots: TRUSTED,
      attesting: { fmt: 'packed', maker: MAKER },
      answering: { flags: registering },
    });
    await add(world, anna, outcome);
    const spent = { spend: async () => 'first' as const };
    const method = createWebauthnMethod({ party: PARTY, store: world.store, spent, userHandle, random });
    const subject = { account: anna, enrolled: world.store.now(anna.id) };
    const begun = await method.begin(subject, fields({}), at(START));
    if (begun.kind !== 'ready' || begun.pending === null) assert.fail();
    const json = key.answer({ ...HERE, challenge: begun.pending.subarray(1), flags });
    const form = fields({ [WEBAUTHN_FIELD]: json });
    const proved = await method.verify(subject, form, { data: begun.pending, at: START }, at(START));
    assert.equal(proved.kind === 'proved' ? proved.event.method : proved.kind, proves);
  });
}

test('a chain counts only while everything in it is valid', async () => {
  const ended = await AttestationRoot.create(PAST);
  const leafEnded = await ROOT.certify(PAST);
  assert.equal(leadsToRoot(MAKER.chain, TRUSTED, START), true);
  assert.equal(leadsToRoot(MAKER.chain, TRUSTED, Date.UTC(2101, 0) / 1000), false);
  assert.equal(leadsToRoot(leafEnded.chain, TRUSTED, START), false);
  assert.equal(leadsToRoot((await ended.certify(ALWAYS)).chain, [new X509Certificate(raw(ended))], START), false);
});

test('a chain may end with the root itself, must not be empty, broken or endless', () => {
  const withRoot = [...MAKER.chain, raw(ROOT)];
  assert.equal(leadsToRoot(withRoot, TRUSTED, START), true);
  assert.equal(leadsToRoot([raw(ROOT)], TRUSTED, START), true);
  assert.equal(leadsToRoot([], TRUSTED, START), false);
  assert.equal(leadsToRoot([...MAKER.chain, Buffer.from('no certificate')], TRUSTED, START), false);
  assert.equal(leadsToRoot([...MAKER.chain, raw(OTHER_ROOT), raw(ROOT)], TRUSTED, START), false);
  assert.equal(leadsToRoot([...MAKER.chain, ...Array.from({ length: 6 }, () => raw(ROOT))], TRUSTED, START), false);
  assert.equal(leadsToRoot(withRoot, [], START), false);
});
