import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateSync } from 'otplib';
import type { Account } from '../../src/core/account.ts';
import { CODE_FIELD, LABEL_FIELD, PENDING_ENROLMENT_MAX_BYTES } from '../../src/methods/factor-method.ts';
import { createTotpMethod } from '../../src/methods/totp.ts';
import { matchingSteps, totpStep } from '../../src/methods/totp-code.ts';
import { createTotpEnrolment } from '../../src/methods/totp-enrolment.ts';
import { anna, at, ben, createWorld, enrol, fields, random, START, type World } from './factor-person.ts';

// RFC 6238 appendix B, SHA-1, whose eight digits end in the six that apps show.
const vectors: readonly (readonly [time: number, code: string])[] = [
  [59, '94287082'],
  [1_111_111_109, '07081804'],
  [1_111_111_111, '14050471'],
  [1_234_567_890, '89005924'],
  [2_000_000_000, '69279037'],
  [20_000_000_000, '65353130'],
];
const rfcSecret = Buffer.from('12345678901234567890', 'latin1');
for (const [time, code] of vectors) {
  test(`RFC 6238 appendix B: ${code} at ${time}`, () => {
    assert.deepEqual(matchingSteps(rfcSecret, code.slice(2), time), [totpStep(time)]);
    assert.deepEqual(matchingSteps(rfcSecret, code, time), [], 'eight digits are not what apps show');
  });
}

// RFC 6238 §5.2: how far a code may be from now. 1,800,000,000 is the first second of a step.
const offsets: readonly (readonly [name: string, seconds: number, accepted: boolean])[] = [
  ['this second', 0, true],
  ['the last second of the step', 29, true],
  ['the first second of the next step', 30, true],
  ['the last second of the next step', 59, true],
  ['the first second of two steps on', 60, false],
  ['the step before', -1, true],
  ['the first second of the step before', -30, true],
  ['two steps before', -31, false],
  ['an hour on', 3600, false],
];
for (const [name, seconds, accepted] of offsets) {
  test(`a code of now is ${accepted ? 'accepted' : 'refused'} ${name}`, () => {
    const found = matchingSteps(rfcSecret, codeOf(rfcSecret, START), START + seconds);
    assert.deepEqual(found, accepted ? [totpStep(START)] : []);
  });
}

test('time begins at step 0', () => {
  assert.deepEqual(matchingSteps(rfcSecret, codeOf(rfcSecret, 0), 0), [0]);
});

/** The RFC's secret gives 235522 in these two steps running. */
const TWIN_STEPS = [62_075_368, 62_075_369] as const;

test('a code that is two steps’ matches both, and confirming an enrolment with it uses both up', async () => {
  const now = TWIN_STEPS[1] * 30;
  assert.deepEqual(matchingSteps(rfcSecret, '235522', now), TWIN_STEPS);
  const enrolment = createTotpEnrolment({ keys: createWorld().keys, random, serviceName: 'Example' });
  const pending = { data: Buffer.concat([Buffer.of(1), Buffer.alloc(9), rfcSecret]), at: now };
  const subject = { account: anna, enrolled: { version: 0, credentials: [] } };
  const outcome = await enrolment.confirm(subject, fields({ [CODE_FIELD]: '235522' }), pending, at(now));
  assert.ok(outcome.kind === 'enrolled' && outcome.credential.data.kind === 'totp');
  assert.equal(outcome.credential.data.lastStep, TWIN_STEPS[1]);
});

function codeOf(secret: Uint8Array, time: number): string {
  return generateSync({ secret, epoch: time });
}

/** A person with an app, enrolled a minute ago. */
async function withApp(world: World = createWorld(), account: Account = anna) {
  const enrolment = createTotpEnrolment({ keys: world.keys, random, serviceName: 'Example' });
  let secret: Uint8Array = Buffer.alloc(0);
  const id = await enrol(world, enrolment, account, START - 60, (pending) => {
    secret = pending.subarray(10);
    return { [CODE_FIELD]: codeOf(secret, START - 60) };
  });
  const method = createTotpMethod({ store: world.store, keys: world.keys, throttle: world.throttle });
  const type = (code: string, now: number, claimant: string | null = null) =>
    method.verify(
      { account, enrolled: world.store.now(account.id) },
      fields({ [CODE_FIELD]: code }),
      null,
      at(now, claimant),
    );
  return { world, id, secret, method, enrolment, type, code: (time: number) => codeOf(secret, time) };
}

test('the app’s code proves possession of that app, at the time it was typed', async () => {
  const { type, code, id } = await withApp();
  assert.deepEqual(await type(code(START), START + 7), {
    kind: 'proved',
    account: anna,
    event: { method: 'totp', credentialId: id, at: START + 7 },
  });
});

// CWE-294; RFC 6238 §5.2: a code is accepted once (kanidm #2129: it was accepted again on another node).
test('a code is accepted once, and after it none that is older', async () => {
  const { type, code } = await withApp();
  assert.equal((await type(code(START), START)).kind, 'proved');
  for (const [time, now] of [
    [START, START + 1],
    [START, START + 30],
    [START - 30, START + 1],
  ] as const) {
    const outcome = await type(code(time), now);
    assert.ok(outcome.kind === 'failed');
    assert.deepEqual(outcome.failure, { kind: 'wrong' });
    assert.equal(outcome.because, 'replayed');
  }
  assert.equal((await type(code(START + 30), START + 30)).kind, 'proved');
});

test('a code of a clock that is ahead uses up the steps before it', async () => {
  const { type, code } = await withApp();
  assert.equal((await type(code(START + 30), START)).kind, 'proved');
  assert.equal((await type(code(START), START)).kind, 'failed');
});

test('the code that confirmed the enrolment signs nobody in', async () => {
  const { type, code } = await withApp();
  const outcome = await type(code(START - 60), START - 40);
  assert.equal(outcome.kind === 'failed' && outcome.because, 'replayed');
});

test('of one code typed on many nodes at once, one wins', async () => {
  const { type, code } = await withApp();
  const outcomes = await Promise.all(Array.from({ length: 8 }, (_, n) => type(code(START), START, `request-${n}`)));
  assert.equal(outcomes.filter(({ kind }) => kind === 'proved').length, 1);
});

test('a balancer’s repeat of the request that won wins again; another request does not', async () => {
  const { type, code } = await withApp();
  assert.equal((await type(code(START), START, 'r1')).kind, 'proved');
  assert.equal((await type(code(START), START + 2, 'r1')).kind, 'proved');
  assert.equal((await type(code(START), START + 2, 'r2')).kind, 'failed');
  assert.equal((await type(code(START), START + 2, null)).kind, 'failed');
  assert.equal((await type(code(START), START + 21, 'r1')).kind, 'failed', 'the grace has an end');
});

test('somebody else’s app is not one’s own', async () => {
  const world = createWorld();
  const hers = await withApp(world, anna);
  const his = await withApp(world, ben);
  assert.equal((await his.type(hers.code(START), START)).kind, 'failed');
  assert.equal((await his.type(his.code(START), START)).kind, 'proved');
});

test('a secret copied into another person’s row does not open there', async () => {
  const world = createWorld();
  const hers = await withApp(world, anna);
  const [credential] = world.store.now(anna.id).credentials;
  assert.ok(credential !== undefined);
  await world.store.add(ben.id, credential, 0);
  const outcome = await hers.method.verify(
    { account: ben, enrolled: world.store.now(ben.id) },
    fields({ [CODE_FIELD]: hers.code(START) }),
    null,
    at(START),
  );
  assert.equal(outcome.kind === 'unavailable' && outcome.because, 'data-keys');
});

test('each of two apps works, and the event says which', async () => {
  const world = createWorld();
  const first = await withApp(world);
  const second = await withApp(world);
  for (const app of [second, first]) {
    const outcome = await app.type(app.code(START), START);
    assert.equal(outcome.kind === 'proved' && outcome.event.credentialId, app.id);
  }
});

test('a disabled app is not offered and proves nothing', async () => {
  const { world, id, method, type, code } = await withApp();
  world.store.disable(anna.id, id);
  assert.deepEqual(method.usable(world.store.now(anna.id)), []);
  const outcome = await type(code(START), START);
  assert.equal(outcome.kind === 'failed' && outcome.because, 'not-enrolled');
});

// Pages show codes in groups, phones insert spaces, keyboards have their own digits.
for (const [name, typed] of [
  ['a space in the middle', (code: string) => `${code.slice(0, 3)} ${code.slice(3)}`],
  ['white space around it', (code: string) => ` \t${code}\r\n`],
  ['a dash', (code: string) => `${code.slice(0, 3)}-${code.slice(3)}`],
  ['full-width digits', (code: string) => code.replace(/\d/g, (d) => String.fromCharCode(0xff10 + Number(d)))],
  ['Arabic-Indic digits', (code: string) => code.replace(/\d/g, (d) => String.fromCharCode(0x660 + Number(d)))],
] as const) {
  test(`a code is read with ${name}`, async () => {
    const { type, code } = await withApp();
    assert.equal((await type(typed(code(START)), START)).kind, 'proved');
  });
}

for (const typed of ['', '12345', '1234567', '12345a', 'NaN', '1e5000', '+12345', '٠', '0'.repeat(10_000), '½½½']) {
  test(`${JSON.stringify(typed.slice(0, 12))} is no code, and no attempt either`, async () => {
    const { type, code } = await withApp(createWorld(1));
    const outcome = await type(typed, START);
    assert.equal(outcome.kind === 'failed' && outcome.because, 'unusable-input');
    assert.equal((await type(code(START), START)).kind, 'proved');
  });
}

// CWE-307. NIST SP 800-63B-4 §3.2.2: at most 100 failures in a row.
test('guesses have to wait longer and longer, and after 100 of them nobody gets in', async () => {
  const { type, code, world } = await withApp(createWorld(5));
  let now = START;
  let failures = 0;
  let waited = 0;
  for (; failures < 1000; ) {
    const outcome = await type('000000', now);
    if (outcome.kind === 'proved') continue;
    assert.ok(outcome.kind === 'failed');
    if (outcome.failure.kind === 'locked') break;
    if (outcome.failure.kind === 'throttled') {
      waited += outcome.failure.retryAfter;
      now += outcome.failure.retryAfter;
    } else failures += 1;
  }
  assert.ok(failures <= 100 && failures >= 98, `${failures} guesses`);
  assert.ok(waited > 90 * 50, `${waited} s`);
  now += 86_400;
  const outcome = await type(code(now), now);
  assert.equal(outcome.kind === 'failed' && outcome.failure.kind, 'locked');
  assert.equal(world.store.now(anna.id).credentials.length, 1);
});

test('a right code does not forget the failures before it; a finished login does', async () => {
  const { type, code, world } = await withApp(createWorld(2));
  await type('000000', START);
  assert.equal((await type(code(START), START)).kind, 'proved');
  await type('000000', START);
  const third = await type(code(START + 30), START);
  assert.equal(third.kind === 'failed' && third.because, 'throttled');
  await world.throttle.finished(anna.id, ['totp'], '192.0.2.1', START);
  assert.equal((await type(code(START + 30), START)).kind, 'proved');
});

test('a store that does not answer is an outage, never a wrong code', async () => {
  const { type, code, world } = await withApp();
  const enrolled = world.store.now(anna.id);
  world.store.fail(true);
  assert.equal(enrolled.credentials.length, 1);
  const outcome = await type(code(START), START);
  assert.deepEqual(outcome, { kind: 'unavailable', retryAfter: 30, because: 'store' });
  world.store.fail(false);
  assert.equal((await type(code(START), START)).kind, 'proved');
});

test('a secret that cannot be read is an outage, yet guessing at the others is not free', async () => {
  const { type, code, world } = await withApp(createWorld(3));
  world.keys.lose(true);
  assert.equal((await type(code(START), START)).kind, 'unavailable');
  world.keys.lose(false);
  const broken = world.keys.encrypt('another context', Buffer.alloc(20));
  const { version } = world.store.now(anna.id);
  const data = { kind: 'totp', secret: broken, lastStep: 0 } as const;
  await world.store.add(anna.id, { id: 'AAAAAAAAAAAA', label: '', createdAt: START, data, lineage: [] }, version);
  for (let guess = 0; guess < 3; guess += 1) assert.equal((await type('000000', START)).kind, 'failed');
  const outcome = await type('000000', START);
  assert.equal(outcome.kind === 'failed' && outcome.because, 'throttled');
});

test('what is pending fits, and the page can be shown again', async () => {
  const { enrolment, world } = await withApp();
  const subject = { account: anna, enrolled: world.store.now(anna.id) };
  const begun = await enrolment.begin(subject, fields({}), at(START));
  assert.ok(begun.kind === 'ready' && begun.pending.length <= PENDING_ENROLMENT_MAX_BYTES);
  const pending = { data: begun.pending, at: START };
  const page = await enrolment.page(subject, pending);
  assert.ok(page?.kind === 'totp');
  assert.deepEqual(await enrolment.page(subject, pending), page);
  assert.match(page.secret, /^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/);
  const uri = new URL(page.uri);
  assert.equal(uri.protocol, 'otpauth:');
  assert.equal(uri.searchParams.get('secret'), page.secret.replaceAll(' ', ''));
  assert.equal(uri.searchParams.get('issuer'), 'Example');
});

// Content Security Policy: nothing in the picture may need script, style or a request.
test('the picture holds lines and colours only', async () => {
  const { enrolment, world } = await withApp();
  const account = { ...anna, loginName: '"><script>alert(1)</script>:evil@example.org' };
  const enrolled = world.store.now(anna.id);
  const begun = await enrolment.begin({ account, enrolled }, fields({}), at(START));
  assert.ok(begun.kind === 'ready');
  const page = await enrolment.page({ account, enrolled }, { data: begun.pending, at: START });
  assert.ok(page?.kind === 'totp');
  assert.match(page.qr, /^<svg [^<>]*>(<path [^<>]*\/>)+<\/svg>$/);
  assert.doesNotMatch(page.qr, /style|href|script|url\(|on\w+=/i);
  assert.match(page.uri, /^otpauth:\/\/totp\/Example:%22%3E%3Cscript%3E[^:]*\?/, 'one colon: behind the issuer');
});

test('a login name of any length makes a picture that a camera can read', async () => {
  const { enrolment, world } = await withApp();
  const account = { ...anna, loginName: '名'.repeat(85) };
  const enrolled = world.store.now(anna.id);
  const begun = await enrolment.begin({ account, enrolled }, fields({}), at(START));
  assert.ok(begun.kind === 'ready');
  const page = await enrolment.page({ account, enrolled }, { data: begun.pending, at: START });
  assert.ok(page?.kind === 'totp');
  const side = Number(/viewBox="0 0 (\d+) /.exec(page.qr)?.[1]);
  assert.ok(side <= 101, `${side} modules`);
});

const confirmations: readonly (readonly [name: string, codeTime: number, now: number, enrolled: boolean])[] = [
  ['the code of now', START, START, true],
  ['the code of the step before', START - 30, START, true],
  ['the code of the step after', START + 30, START, true],
  ['a code of two steps before', START - 60, START, false],
  ['a code in the last second', START + 599, START + 599, true],
  ['a code after ten minutes', START + 600, START + 600, false],
];
for (const [name, codeTime, now, succeeds] of confirmations) {
  test(`${name} ${succeeds ? 'confirms' : 'does not confirm'} the enrolment`, async () => {
    const { enrolment, world } = await withApp();
    const subject = { account: anna, enrolled: world.store.now(anna.id) };
    const begun = await enrolment.begin(subject, fields({}), at(START));
    assert.ok(begun.kind === 'ready');
    const code = codeOf(begun.pending.subarray(10), codeTime);
    const form = fields({ [CODE_FIELD]: code, [LABEL_FIELD]: ' My\u0000 phone\u202e ' });
    const outcome = await enrolment.confirm(subject, form, { data: begun.pending, at: START }, at(now));
    if (!succeeds) return assert.equal(outcome.kind, 'failed');
    assert.ok(outcome.kind === 'enrolled' && outcome.credential.data.kind === 'totp');
    assert.equal(outcome.credential.data.lastStep, totpStep(codeTime));
    assert.equal(outcome.credential.label, 'My phone');
    assert.match(outcome.credential.id, /^[\w-]{12}$/);
    assert.equal(outcome.recoveryHashes, null);
  });
}

test('a repeat of the confirmation makes the same credential', async () => {
  const { enrolment, world } = await withApp();
  const subject = { account: anna, enrolled: world.store.now(anna.id) };
  const begun = await enrolment.begin(subject, fields({}), at(START));
  assert.ok(begun.kind === 'ready');
  const form = fields({ [CODE_FIELD]: codeOf(begun.pending.subarray(10), START) });
  const confirm = () => enrolment.confirm(subject, form, { data: begun.pending, at: START }, at(START));
  const [first, second] = [await confirm(), await confirm()];
  assert.ok(first.kind === 'enrolled' && second.kind === 'enrolled');
  assert.equal(first.credential.id, second.credential.id);
});

for (const [name, data] of [
  ['nothing', Buffer.alloc(0)],
  ['another format', Buffer.alloc(30, 2)],
  ['a byte too few', Buffer.concat([Buffer.of(1), Buffer.alloc(28)])],
  ['a byte too many', Buffer.concat([Buffer.of(1), Buffer.alloc(30)])],
] as const) {
  test(`${name} is no pending enrolment`, async () => {
    const { enrolment, world } = await withApp();
    const subject = { account: anna, enrolled: world.store.now(anna.id) };
    const pending = { data, at: START };
    assert.equal(await enrolment.page(subject, pending), null);
    const code = codeOf(Buffer.alloc(20), START);
    assert.equal((await enrolment.confirm(subject, fields({ [CODE_FIELD]: code }), pending, at(START))).kind, 'failed');
  });
}

test('nobody has more than five apps: each one more makes guessing easier', async () => {
  const world = createWorld();
  let last = await withApp(world);
  for (let n = 1; n < 5; n += 1) last = await withApp(world);
  world.store.disable(anna.id, last.id);
  const subject = { account: anna, enrolled: world.store.now(anna.id) };
  const begun = await last.enrolment.begin(subject, fields({}), at(START));
  assert.deepEqual(begun.kind === 'failed' && begun.failure, { kind: 'too-many' });
});

test('secrets differ, and what is stored is not the secret', async () => {
  const world = createWorld();
  const [first, second] = [await withApp(world), await withApp(world)];
  assert.notDeepEqual(first.secret, second.secret);
  assert.equal(first.secret.length, 20);
});
