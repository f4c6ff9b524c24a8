import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_FIELD, KEPT_FIELD } from '../../src/methods/factor-method.ts';
import { recoveryCodes, recoveryHash } from '../../src/methods/recovery-code.ts';
import { createRecoveryCodesEnrolment, createRecoveryCodesMethod } from '../../src/methods/recovery-codes.ts';
import { anna, at, ben, createWorld, enrol, fields, random, START } from './factor-person.ts';

const enrolment = createRecoveryCodesEnrolment(random);

async function withCodes(world = createWorld(), account = anna) {
  let codes: readonly string[] = [];
  const id = await enrol(world, enrolment, account, START, (pending) => {
    codes = recoveryCodes(pending.subarray(10));
    return { [KEPT_FIELD]: 'on' };
  });
  const method = createRecoveryCodesMethod(world);
  const type = (code: string, now = START, claimant: string | null = null) =>
    method.verify(
      { account, enrolled: world.store.now(account.id) },
      fields({ [CODE_FIELD]: code }),
      null,
      at(now, claimant),
    );
  return { world, id, codes, method, type, first: codes[0] ?? '', second: codes[1] ?? '' };
}

test('ten codes of 120 bits, all different, none with a letter that looks like another', () => {
  const codes = recoveryCodes(random(32));
  assert.equal(codes.length, 10);
  assert.equal(new Set(codes).size, 10);
  for (const code of codes) assert.match(code, /^([0-9A-HJKMNP-TV-Z]{4}-){5}[0-9A-HJKMNP-TV-Z]{4}$/);
});

test('the codes of a seed are pinned: a page shown again shows the same ones, on every node', () => {
  const codes = recoveryCodes(Buffer.alloc(32, 7));
  assert.deepEqual(codes.slice(0, 2), ['NV31-YPG3-K4VF-2RQX-H3EW-D3W2', 'X51Q-4K6W-P9JJ-SQWP-DKHZ-TQZP']);
  assert.deepEqual(recoveryCodes(Buffer.alloc(32, 7)), codes);
});

test('each code is good once', async () => {
  const { type, first, second, id, world } = await withCodes();
  const outcome = await type(first);
  assert.deepEqual(outcome, {
    kind: 'proved',
    account: anna,
    event: { method: 'recovery-code', credentialId: id, at: START },
  });
  const again = await type(first);
  assert.deepEqual(again.kind === 'failed' && again.failure, { kind: 'wrong' });
  assert.equal((await type(second)).kind, 'proved');
  const [left] = world.store.now(anna.id).credentials;
  assert.deepEqual(left?.data, { kind: 'recovery-codes', remaining: 8 });
});

// CWE-367: two requests at once must not both use it.
test('of one code typed on many nodes at once, one wins', async () => {
  const { type, first } = await withCodes();
  const outcomes = await Promise.all(Array.from({ length: 8 }, (_, n) => type(first, START, `request-${n}`)));
  assert.equal(outcomes.filter(({ kind }) => kind === 'proved').length, 1);
});

test('a balancer’s repeat wins again, even with the last code; another request does not', async () => {
  const { type, codes, method, world } = await withCodes();
  for (const code of codes) assert.equal((await type(code, START, 'r1')).kind, 'proved');
  assert.deepEqual(method.usable(world.store.now(anna.id)), [], 'none are left to offer');
  const last = codes.at(-1) ?? '';
  assert.equal((await type(last, START + 5, 'r1')).kind, 'proved');
  assert.equal((await type(last, START + 5, 'r2')).kind, 'failed');
});

// People copy from paper, in the light that there is.
for (const [name, change] of [
  ['as it stands', (code: string) => code],
  ['in lower case', (code: string) => code.toLowerCase()],
  ['without dashes', (code: string) => code.replaceAll('-', '')],
  ['with spaces', (code: string) => ` ${code.replaceAll('-', ' ')} `],
  ['with what a word processor makes of dashes', (code: string) => code.replaceAll('-', '\u2013')],
  ['with O for 0', (code: string) => code.replaceAll('0', 'O')],
  ['with o for 0', (code: string) => code.replaceAll('0', 'o')],
  ['with I for 1', (code: string) => code.replaceAll('1', 'I')],
  ['with l for 1', (code: string) => code.replaceAll('1', 'l')],
  ['with u for V', (code: string) => code.replaceAll('V', 'u')],
  ['with invisible characters from copying', (code: string) => `\ufeff${code}\u200b`],
] as const) {
  test(`every code is read ${name}`, async () => {
    const { type, codes } = await withCodes();
    for (const code of codes) assert.equal((await type(change(code))).kind, 'proved');
  });
}

for (const [name, change] of [
  ['a character less', (code: string) => code.slice(0, -1)],
  ['a character more', (code: string) => `${code}0`],
  ['a sign that is no letter', (code: string) => `${code.slice(0, -1)}*`],
  ['a letter of another script', (code: string) => `${code.slice(0, -1)}Ж`],
  ['nothing', () => ''],
  ['very much', (code: string) => code.repeat(1000)],
] as const) {
  test(`${name} is no code, and no attempt either`, async () => {
    const { type, first } = await withCodes(createWorld(1));
    const outcome = await type(change(first));
    assert.equal(outcome.kind === 'failed' && outcome.because, 'unusable-input');
    assert.equal((await type(first)).kind, 'proved');
  });
}

test('somebody else’s code is wrong', async () => {
  const world = createWorld();
  const hers = await withCodes(world, anna);
  const his = await withCodes(world, ben);
  assert.equal((await his.type(hers.first)).kind, 'failed');
  assert.equal((await hers.type(hers.first)).kind, 'proved');
});

test('one code has another hash for every account and credential', () => {
  const [code = ''] = recoveryCodes(Buffer.alloc(32, 7));
  const hashes = [
    recoveryHash(code, anna.id, 'AAAAAAAAAAAA'),
    recoveryHash(code, ben.id, 'AAAAAAAAAAAA'),
    recoveryHash(code, anna.id, 'AAAAAAAAAAAB'),
  ];
  assert.equal(new Set(hashes).size, 3);
  for (const hash of hashes) assert.match(hash ?? '', /^[\w-]{43}$/);
});

test('new codes end the old ones', async () => {
  const world = createWorld();
  const old = await withCodes(world);
  const fresh = await withCodes(world);
  assert.equal((await old.type(old.first)).kind, 'failed');
  assert.equal((await fresh.type(fresh.first)).kind, 'proved');
});

test('the old codes live until it was said that the new ones were kept', async () => {
  const { world, type, first } = await withCodes();
  const subject = { account: anna, enrolled: world.store.now(anna.id) };
  const begun = await enrolment.begin(subject, fields({}), at(START));
  assert.ok(begun.kind === 'ready');
  const pending = { data: begun.pending, at: START };
  const page = await enrolment.page(subject, pending);
  assert.ok(page?.kind === 'recovery-codes');
  assert.deepEqual(await enrolment.page(subject, pending), page);
  const unkept = await enrolment.confirm(subject, fields({}), pending, at(START));
  assert.deepEqual(unkept.kind === 'failed' && unkept.failure, { kind: 'not-kept' });
  assert.equal((await type(first)).kind, 'proved');
});

test('what is pending counts for ten minutes', async () => {
  const subject = { account: anna, enrolled: { version: 0, credentials: [] } };
  const begun = await enrolment.begin(subject, fields({}), at(START));
  assert.ok(begun.kind === 'ready');
  const confirm = (now: number) =>
    enrolment.confirm(subject, fields({ [KEPT_FIELD]: '' }), { data: begun.pending, at: START }, at(now));
  assert.equal((await confirm(START + 599)).kind, 'enrolled');
  const late = await confirm(START + 600);
  assert.deepEqual(late.kind === 'failed' && late.failure, { kind: 'expired' });
});

test('what is stored holds no code', async () => {
  const subject = { account: anna, enrolled: { version: 0, credentials: [] } };
  const begun = await enrolment.begin(subject, fields({}), at(START));
  assert.ok(begun.kind === 'ready');
  const pending = { data: begun.pending, at: START };
  const outcome = await enrolment.confirm(subject, fields({ [KEPT_FIELD]: '' }), pending, at(START));
  assert.ok(outcome.kind === 'enrolled' && outcome.recoveryHashes?.length === 10);
  for (const code of recoveryCodes(begun.pending.subarray(10))) assert.ok(!JSON.stringify(outcome).includes(code));
});

// CWE-307
test('guesses have to wait, and end after 100', async () => {
  const { type, first } = await withCodes(createWorld(5));
  let now = START;
  let last = '';
  for (let guesses = 0; guesses < 1000 && last !== 'locked'; ) {
    const outcome = await type('0000-0000-0000-0000-0000-0000', now);
    assert.ok(outcome.kind === 'failed');
    last = outcome.failure.kind;
    if (outcome.failure.kind === 'throttled') now += outcome.failure.retryAfter;
    else guesses += 1;
  }
  assert.equal(last, 'locked');
  assert.equal((await type(first, now + 86_400)).kind, 'failed');
});

test('a store that does not answer is an outage, never a wrong code', async () => {
  const { world, method, first } = await withCodes();
  const subject = { account: anna, enrolled: world.store.now(anna.id) };
  world.store.fail(true);
  const outcome = await method.verify(subject, fields({ [CODE_FIELD]: first }), null, at(START));
  assert.deepEqual(outcome, { kind: 'unavailable', retryAfter: 30, because: 'store' });
});
