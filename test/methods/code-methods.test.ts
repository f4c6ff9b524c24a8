import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PENDING_CHALLENGE_MAX_BYTES } from '../../src/core/login-context.ts';
import type { Message } from '../../src/core/message.ts';
import {
  type CodeChannel,
  createCodeEnrolment,
  createCodeMethod,
  emailChannel,
  smsChannel,
} from '../../src/methods/code-methods.ts';
import {
  CODE_FIELD,
  CREDENTIAL_FIELD,
  DESTINATION_FIELD,
  PENDING_ENROLMENT_MAX_BYTES,
} from '../../src/methods/factor-method.ts';
import { createCodeSending } from '../../src/methods/one-time-code.ts';
import { oneTimeCodesSuite } from '../suites/one-time-codes-suite.ts';
import { createMemoryOneTimeCodes } from '../support/memory-one-time-codes.ts';
import { add, anna, at, ben, createWorld, fields, random, START, slotOf, type World } from './factor-person.ts';

oneTimeCodesSuite('in memory', async () => createMemoryOneTimeCodes());

interface Letter {
  readonly to: string;
  readonly code: string;
  readonly language: string;
}

function open(channel: CodeChannel = emailChannel, world: World = createWorld()) {
  const codes = createMemoryOneTimeCodes();
  const letters: Letter[] = [];
  const failures: string[] = [];
  let broken = false;
  const sending = createCodeSending({
    codes,
    policy: { spacing: 30, sends: 5, window: 900 },
    words: (language, code): Message => ({ subject: language, text: code }),
    key: Buffer.alloc(32, 9),
    random,
    onSendFailed: (code) => failures.push(code),
    sender: {
      send: async (to, { subject, text }) => {
        if (broken) return { kind: 'failed', code: 'ETIMEDOUT' };
        letters.push({ to, code: text, language: subject });
        return { kind: 'sent' };
      },
    },
  });
  const options = { channel, sending, throttle: world.throttle };
  const method = createCodeMethod({ ...options, store: world.store });
  const enrolment = createCodeEnrolment({ ...options, random });
  const subject = (account = anna) => ({ account, enrolled: world.store.now(account.id) });
  const newest = (): string => letters.at(-1)?.code ?? '';
  const breakSender = (value: boolean) => {
    broken = value;
  };

  const enrol = async (destination: string, now: number, account = anna): Promise<string> => {
    const begun = await enrolment.begin(subject(account), fields({ [DESTINATION_FIELD]: destination }), at(now));
    assert.ok(begun.kind === 'ready', JSON.stringify(begun));
    const pending = { data: begun.pending, at: now };
    const answer = fields({ [CODE_FIELD]: newest() });
    return add(world, account, await enrolment.confirm(subject(account), answer, pending, at(now)));
  };
  /** Has a code sent; what is sealed into the flow then. */
  const ask = async (now: number, form: Readonly<Record<string, string>> = {}, account = anna) => {
    const begun = await method.begin(subject(account), fields(form), at(now));
    assert.ok(begun.kind === 'ready' && begun.pending !== null, JSON.stringify(begun));
    return { data: begun.pending, at: now };
  };
  const type = (
    code: string,
    pending: { readonly data: Uint8Array; readonly at: number } | null,
    now: number,
    claimant: string | null = null,
    account = anna,
  ) => method.verify(subject(account), fields({ [CODE_FIELD]: code }), pending, at(now, claimant));
  return { world, codes, letters, failures, method, enrolment, subject, newest, breakSender, enrol, ask, type };
}

const HOUR = 3600;
const other = (code: string): string => (code === '123456' ? '654321' : '123456');

for (const [channel, destination, name] of [
  [emailChannel, 'anna@example.org', 'email-code'],
  [smsChannel(['+49']), '+491701234567', 'sms-code'],
] as const) {
  test(`${name}: the code that was sent is good once, and says which address it was sent to`, async () => {
    const { enrol, ask, type, newest, letters } = open(channel);
    const id = await enrol(destination, START - HOUR);
    const pending = await ask(START);
    assert.ok(pending.data.length <= PENDING_CHALLENGE_MAX_BYTES);
    assert.equal(letters.at(-1)?.to, destination);
    assert.equal(letters.at(-1)?.language, 'en');
    assert.match(newest(), /^\d{6}$/);
    assert.deepEqual(await type(newest(), pending, START + 5), {
      kind: 'proved',
      account: anna,
      event: { method: name, credentialId: id, at: START + 5 },
    });
    const again = await type(newest(), pending, START + 5);
    assert.deepEqual(again.kind === 'failed' && again.failure, { kind: 'wrong' });
  });
}

test('a right code says when the address was last used, another’s or a wrong one does not', async () => {
  const { enrol, ask, type, newest, subject, world } = open();
  const first = await enrol('first@example.org', START - HOUR);
  const second = await enrol('second@example.org', START - HOUR + 60);
  const lastUses = () => Object.fromEntries(subject().enrolled.credentials.map((one) => [one.id, one.lastUsedAt]));
  const pending = await ask(START, { [CREDENTIAL_FIELD]: first });
  assert.equal((await type(other(newest()), pending, START + 1)).kind, 'failed');
  assert.deepEqual(lastUses(), { [first]: null, [second]: null });
  assert.equal((await type(newest(), pending, START + 2)).kind, 'proved');
  assert.deepEqual(lastUses(), { [first]: START + 2, [second]: null });
  assert.equal((await type(newest(), pending, START + 9)).kind, 'failed', 'used up');
  assert.deepEqual(lastUses(), { [first]: START + 2, [second]: null });
  // Only for the person to look at: a code that was right is right while it cannot be written down.
  const again = await ask(START + 60, { [CREDENTIAL_FIELD]: second });
  world.store.fail(true);
  assert.equal((await type(newest(), again, START + 61)).kind, 'proved');
  assert.deepEqual(lastUses(), { [first]: START + 2, [second]: null });
});

// The browser chooses which copy of the flow it shows: a code must not come back with an older one (CWE-294).
test('a newer code ends older ones, whatever copy of the flow is shown', async () => {
  const { enrol, ask, type, newest } = open();
  await enrol('anna@example.org', START - HOUR);
  const older = await ask(START);
  const olderCode = newest();
  const newer = await ask(START + 30);
  for (const pending of [older, newer]) {
    assert.equal((await type(olderCode, pending, START + 31)).kind, 'failed');
  }
  assert.equal((await type(newest(), older, START + 31)).kind, 'proved', 'the flow only names the address');
});

test('a code lives for five minutes, and so does the question', async () => {
  const { enrol, ask, type, newest } = open();
  await enrol('anna@example.org', START - HOUR);
  const pending = await ask(START);
  const late = await type(newest(), pending, START + 300);
  assert.deepEqual(late.kind === 'failed' && late.failure, { kind: 'expired' });
  const again = await type(newest(), { ...pending, at: START + 300 }, START + 300);
  assert.deepEqual(again.kind === 'failed' && again.failure, { kind: 'expired' }, 'the code, whatever the flow says');
  assert.equal((await type(newest(), pending, START + 299)).kind, 'proved');
});

test('a question that was put five minutes ago is over, whatever code is newer', async () => {
  const { enrol, ask, type, newest } = open();
  await enrol('anna@example.org', START - HOUR);
  const older = await ask(START);
  const newer = await ask(START + 200);
  const outcome = await type(newest(), older, START + 300);
  assert.deepEqual(outcome.kind === 'failed' && outcome.failure, { kind: 'expired' });
  assert.equal((await type(newest(), newer, START + 300)).kind, 'proved');
});

// Who can write to the database must not be able to move a hash to where it opens something else.
test('the same code has another hash for every account, use and destination', async () => {
  const hashes = new Set<string>();
  const sending = createCodeSending({
    codes: {
      issue: async (_slot, { hash }) => {
        hashes.add(hash);
        return { kind: 'issued' };
      },
      take: async () => 'expired',
    },
    policy: { spacing: 30, sends: 5, window: 900 },
    words: (_language, code) => ({ subject: '', text: code }),
    key: Buffer.alloc(32, 9),
    random: (length) => Buffer.alloc(length, 1),
    onSendFailed: () => {},
    sender: { send: async () => ({ kind: 'sent' }) },
  });
  const slot = slotOf(anna, 'email-code');
  await sending.send(slot, 'a@example.org', at(START));
  await sending.send(slot, 'a@example.org', at(START));
  assert.equal(hashes.size, 1, 'the code is the same');
  await sending.send(slot, 'b@example.org', at(START));
  await sending.send(slotOf(anna, 'email-enrolment'), 'a@example.org', at(START));
  await sending.send(slotOf(ben, 'email-code'), 'a@example.org', at(START));
  assert.equal(hashes.size, 4);
});

test('every code is drawn with the same chance: numbers at the end of the range are drawn again', async () => {
  const drawn = [Buffer.from('ffffffff', 'hex'), Buffer.from('fff13d80', 'hex'), Buffer.from('0000000a', 'hex')];
  const texts: string[] = [];
  const sending = createCodeSending({
    codes: { issue: async () => ({ kind: 'issued' }), take: async () => 'expired' },
    policy: { spacing: 30, sends: 5, window: 900 },
    words: (_language, code) => ({ subject: '', text: code }),
    key: Buffer.alloc(32, 9),
    random: () => drawn.shift() ?? Buffer.alloc(4),
    onSendFailed: () => {},
    sender: {
      send: async (_to, { text }) => {
        texts.push(text);
        return { kind: 'sent' };
      },
    },
  });
  await sending.send(slotOf(anna, 'sms-code'), '+491701234567', at(START));
  assert.deepEqual(texts, ['000010']);
});

test('a balancer’s repeat wins again', async () => {
  const { enrol, ask, type, newest } = open();
  await enrol('anna@example.org', START - HOUR);
  const pending = await ask(START);
  assert.equal((await type(newest(), pending, START, 'r1')).kind, 'proved');
  assert.equal((await type(newest(), pending, START + 3, 'r1')).kind, 'proved');
  assert.equal((await type(newest(), pending, START + 3, 'r2')).kind, 'failed');
});

test('a code sent to one address does not answer for another', async () => {
  const { enrol, ask, type, newest } = open();
  const first = await enrol('first@example.org', START - HOUR);
  const second = await enrol('second@example.org', START - HOUR + 60);
  const toFirst = await ask(START, { [CREDENTIAL_FIELD]: first });
  const code = newest();
  const toSecond = await ask(START + 300, { [CREDENTIAL_FIELD]: second });
  assert.equal((await type(code, toSecond, START + 301)).kind, 'failed');
  assert.equal((await type(newest(), { ...toFirst, at: START + 300 }, START + 301)).kind, 'failed');
  const right = await type(newest(), toSecond, START + 301);
  assert.equal(right.kind === 'proved' && right.event.credentialId, second);
});

test('a code for signing in enrols nothing, and a code for enrolling signs nobody in', async () => {
  const { enrol, ask, type, newest, enrolment, subject } = open();
  await enrol('anna@example.org', START - HOUR);
  const pending = await ask(START);
  const loginCode = newest();
  const form = fields({ [DESTINATION_FIELD]: 'anna@example.org' });
  const begun = await enrolment.begin(subject(), form, at(START + 30));
  assert.ok(begun.kind === 'ready' && begun.pending.length <= PENDING_ENROLMENT_MAX_BYTES);
  const enrolling = { data: begun.pending, at: START + 30 };
  const crossed = await enrolment.confirm(subject(), fields({ [CODE_FIELD]: loginCode }), enrolling, at(START + 31));
  assert.equal(crossed.kind, 'failed');
  assert.equal((await type(newest(), pending, START + 31)).kind, 'failed');
});

test('somebody else’s code is wrong', async () => {
  const { enrol, ask, type, newest } = open();
  await enrol('anna@example.org', START - HOUR);
  await enrol('ben@example.org', START - HOUR, ben);
  await ask(START);
  const hers = newest();
  const his = await ask(START, {}, ben);
  assert.equal((await type(hers, his, START, null, ben)).kind, 'failed');
  assert.equal((await type(newest(), his, START, null, ben)).kind, 'proved');
});

test('another person’s credential cannot be named', async () => {
  const { enrol, method, subject } = open();
  await enrol('anna@example.org', START - HOUR);
  const his = await enrol('ben@example.org', START - HOUR, ben);
  for (const id of [his, '', '__proto__']) {
    const begun = await method.begin(subject(), fields({ [CREDENTIAL_FIELD]: id }), at(START));
    assert.equal(begun.kind === 'failed' && begun.because, 'not-enrolled');
  }
});

for (const [name, change] of [
  ['nothing pending', () => null],
  ['another’s credential', () => Buffer.concat([Buffer.of(1), Buffer.alloc(9)])],
  ['bytes too many', (data: Uint8Array) => Buffer.concat([data, Buffer.of(0)])],
  ['another format', (data: Uint8Array) => Buffer.concat([Buffer.of(2), data.subarray(1)])],
] as const) {
  test(`with ${name} the right code proves nothing, and the page begins again`, async () => {
    const { enrol, ask, type, newest, method, subject } = open();
    await enrol('anna@example.org', START - HOUR);
    const pending = await ask(START);
    const data = change(pending.data);
    const changed = data === null ? null : { data, at: START };
    assert.equal((await type(newest(), changed, START)).kind, 'failed');
    assert.equal(await method.page(subject(), changed), null);
  });
}

test('the page shows enough of the address to recognise it', async () => {
  const { enrol, ask, method, subject } = open();
  const credential = await enrol('anna@example.org', START - HOUR);
  const page = await method.page(subject(), await ask(START));
  assert.deepEqual(page, { kind: 'sent-code', by: 'email', credential, destination: 'a…@example.org', digits: 6 });
});

// CWE-799: who knows the password must not be able to flood somebody's mailbox or telephone.
test('codes are sent rarely: asked again too early, the one before stays good', async () => {
  const { enrol, ask, type, newest, letters } = open();
  await enrol('anna@example.org', START - HOUR);
  await ask(START);
  const before = letters.length;
  const pending = await ask(START + 29);
  assert.equal(letters.length, before);
  assert.equal((await type(newest(), pending, START + 29)).kind, 'proved');
});

test('asked again after it was used, the person is told how long to wait', async () => {
  const { enrol, ask, type, newest, method, subject } = open();
  await enrol('anna@example.org', START - HOUR);
  const pending = await ask(START);
  await type(newest(), pending, START);
  const begun = await method.begin(subject(), fields({}), at(START + 10));
  assert.deepEqual(begun.kind === 'failed' && begun.failure, { kind: 'throttled', retryAfter: 20 });
});

test('only so many are sent in a quarter of an hour, over flows and codes', async () => {
  const { enrol, ask, method, subject } = open();
  await enrol('anna@example.org', START - HOUR);
  for (let n = 0; n < 5; n += 1) await ask(START + n * 30);
  const begun = await method.begin(subject(), fields({}), at(START + 450));
  assert.ok(begun.kind === 'failed' && begun.failure.kind === 'throttled');
  assert.equal(begun.failure.retryAfter, 450);
});

// CWE-645: sending must not become a way to shut somebody out.
test('who tries to enrol somebody else’s address does not use up its owner’s codes', async () => {
  const { enrol, ask, type, newest, enrolment, subject, letters } = open();
  await enrol('anna@example.org', START - HOUR);
  const form = fields({ [DESTINATION_FIELD]: 'anna@example.org' });
  for (let n = 0; n < 6; n += 1) await enrolment.begin(subject(ben), form, at(START + n * 30));
  assert.equal(letters.length, 6, 'the owner’s, and five');
  const pending = await ask(START + 151);
  assert.equal((await type(newest(), pending, START + 151)).kind, 'proved');
});

test('nor do many accounts together flood one address', async () => {
  const { enrolment, letters } = open();
  const form = fields({ [DESTINATION_FIELD]: 'anna@example.org' });
  for (let n = 0; n < 20; n += 1) {
    const account = { ...ben, id: `a-${n}` };
    await enrolment.begin({ account, enrolled: { version: 0, credentials: [] } }, form, at(START + n * 31));
  }
  assert.equal(letters.length, 5);
});

// CWE-307. A new code must not bring new guesses: counted over all of them, and 100 in a row are the end.
test('guesses count per account and method, never per code or flow', async () => {
  const { enrol, ask, type, newest, world } = open(emailChannel, createWorld(5));
  await enrol('anna@example.org', START - HOUR);
  let now = START;
  let guesses = 0;
  let locked = false;
  while (!locked && guesses < 1000) {
    const pending = await ask(now);
    let waiting = false;
    while (!waiting && !locked) {
      const outcome = await type(other(newest()), pending, now);
      assert.ok(outcome.kind === 'failed');
      locked = outcome.failure.kind === 'locked';
      waiting = outcome.failure.kind === 'throttled';
      if (!waiting && !locked) guesses += 1;
    }
    now += 200;
  }
  assert.ok(locked && guesses <= 100, `${guesses} guesses`);
  const pending = await ask(now + 1000);
  assert.equal((await type(newest(), pending, now + 1000)).kind, 'failed');
  await world.throttle.finished(anna.id, ['email-code', 'sms-code'], null, now + 1000);
});

for (const typed of ['', '12345', '1234567', 'abcdef', '1 2 3']) {
  test(`${JSON.stringify(typed)} is no code, and no attempt either`, async () => {
    const { enrol, ask, type, newest } = open(emailChannel, createWorld(1));
    await enrol('anna@example.org', START - HOUR);
    const pending = await ask(START);
    const outcome = await type(typed, pending, START);
    assert.equal(outcome.kind === 'failed' && outcome.because, 'unusable-input');
    assert.equal((await type(newest(), pending, START)).kind, 'proved');
  });
}

test('a message that does not leave is an outage, and its code stays the newest', async () => {
  const { enrol, method, subject, breakSender, failures, letters } = open();
  await enrol('anna@example.org', START - HOUR);
  breakSender(true);
  const begun = await method.begin(subject(), fields({}), at(START));
  assert.deepEqual(begun, { kind: 'unavailable', retryAfter: 30, because: 'sender' });
  assert.deepEqual(failures, ['ETIMEDOUT']);
  assert.equal(letters.length, 1, 'the enrolment’s only');
});

test('a store that does not answer is an outage: nothing is sent, nothing is judged', async () => {
  const { enrol, ask, type, newest, codes, method, subject, letters } = open();
  await enrol('anna@example.org', START - HOUR);
  const pending = await ask(START);
  codes.fail(true);
  const sent = letters.length;
  const begun = await method.begin(subject(), fields({}), at(START + 60));
  assert.deepEqual(begun, { kind: 'unavailable', retryAfter: 30, because: 'store' });
  assert.equal(letters.length, sent);
  assert.equal((await type(newest(), pending, START)).kind, 'unavailable');
  codes.fail(false);
  assert.equal((await type(newest(), pending, START)).kind, 'proved');
});

test('the store holds neither code nor address, and no hash that can be guessed without the key', async () => {
  const { enrol, ask, newest, codes } = open();
  await enrol('anna@example.org', START - HOUR);
  await ask(START);
  const kept = codes.dump();
  assert.ok(!kept.includes(newest()));
  assert.ok(!kept.includes('example.org'));
});

test('an address counts once the code that was sent to it was typed', async () => {
  const { enrolment, subject, newest, letters } = open();
  const form = fields({ [DESTINATION_FIELD]: ' Anna.Example@EXAMPLE.org ' });
  const begun = await enrolment.begin(subject(), form, at(START));
  assert.ok(begun.kind === 'ready');
  assert.equal(letters.at(-1)?.to, 'Anna.Example@example.org');
  const pending = { data: begun.pending, at: START };
  const page = await enrolment.page(subject(), pending);
  assert.equal(page?.kind === 'sent-code' && page.destination, 'Anna.Example@example.org');
  const wrong = await enrolment.confirm(subject(), fields({ [CODE_FIELD]: other(newest()) }), pending, at(START));
  assert.equal(wrong.kind, 'failed');
  const late = await enrolment.confirm(subject(), fields({ [CODE_FIELD]: newest() }), pending, at(START + 600));
  assert.deepEqual(late.kind === 'failed' && late.failure, { kind: 'expired' });
  const right = await enrolment.confirm(subject(), fields({ [CODE_FIELD]: newest() }), pending, at(START + 299));
  assert.ok(right.kind === 'enrolled');
  assert.deepEqual(right.credential.data, { kind: 'email', destination: 'Anna.Example@example.org' });
});

test('nobody has more than five addresses', async () => {
  const { enrol, enrolment, subject } = open();
  for (let n = 0; n < 5; n += 1) await enrol(`a${n}@example.org`, START + n * HOUR);
  const form = fields({ [DESTINATION_FIELD]: 'a6@example.org' });
  const begun = await enrolment.begin(subject(), form, at(START + 6 * HOUR));
  assert.deepEqual(begun.kind === 'failed' && begun.failure, { kind: 'too-many' });
});

// Toll fraud: messages to numbers that earn the attacker money.
for (const [typed, reached] of [
  ['+49 170 1234567', '+491701234567'],
  ['+49 (170) 123-45.67', '+491701234567'],
  ['+43 660 1234567', '+436601234567'],
  ['+44 7700 900123', null],
  ['+882 13 1234567', null],
  ['0170 1234567', null],
  ['+49', null],
  ['+4917012345678901234', null],
  ['tel:+491701234567', null],
  ['+491701234567;+441234567890', null],
] as const) {
  test(`a code ${reached === null ? 'is not sent' : 'can be sent'} to ${typed}`, async () => {
    const { enrolment, subject, letters } = open(smsChannel(['+49', '+43']));
    const begun = await enrolment.begin(subject(), fields({ [DESTINATION_FIELD]: typed }), at(START));
    assert.equal(letters.at(-1)?.to ?? null, reached);
    if (reached === null) {
      assert.deepEqual(begun.kind === 'failed' && begun.failure, { kind: 'unusable-destination' });
    }
  });
}

test('a number whose prefix was taken from the list meanwhile is not enrolled', async () => {
  const world = createWorld();
  const before = open(smsChannel(['+49']), world);
  const begun = await before.enrolment.begin(
    before.subject(),
    fields({ [DESTINATION_FIELD]: '+491701234567' }),
    at(START),
  );
  assert.ok(begun.kind === 'ready');
  const after = open(smsChannel(['+43']), world);
  assert.equal(await after.enrolment.page(after.subject(), { data: begun.pending, at: START }), null);
});

// CWE-307: whoever has the passwords of several accounts must not get a set of guesses with each.
test('an address of two accounts has one set of guesses, and a right code gives it back to neither', async () => {
  const { enrol, ask, type, newest } = open(emailChannel, createWorld(3));
  await enrol('team@example.org', START - 3 * HOUR);
  await enrol('team@example.org', START - 2 * HOUR, ben);
  const hers = await ask(START);
  const herCode = newest();
  const his = await ask(START + 30, {}, ben);
  for (const [pending, account] of [
    [hers, anna],
    [his, ben],
    [his, ben],
  ] as const) {
    const guess = await type(other(newest()), pending, START + 31, null, account);
    assert.deepEqual(guess.kind === 'failed' && guess.failure, { kind: 'wrong' });
  }
  const early = await type(newest(), his, START + 31, null, ben);
  assert.deepEqual(early.kind === 'failed' && early.failure, { kind: 'throttled', retryAfter: 1 });
  assert.equal((await type(herCode, hers, START + 32)).kind, 'proved');
  assert.equal((await type(other(newest()), his, START + 32, null, ben)).kind, 'failed');
  const again = await type(newest(), his, START + 33, null, ben);
  assert.deepEqual(again.kind === 'failed' && again.failure, { kind: 'throttled', retryAfter: 1 });
});
