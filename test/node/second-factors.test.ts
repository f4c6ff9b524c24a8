import assert from 'node:assert/strict';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readConfig } from '../../src/config/read-config.ts';
import { CODE_FIELD, DESTINATION_FIELD } from '../../src/methods/factor-method.ts';
import { passwordPolicyOf } from '../../src/node/new-passwords.ts';
import { createSecondFactors } from '../../src/node/second-factors.ts';
import { newStableSecret, parseStableSecret } from '../../src/sealer/stable-secret.ts';
import { add, anna, at, createWorld, fields, random, START } from '../methods/factor-person.ts';
import { createMemoryOneTimeCodes } from '../support/memory-one-time-codes.ts';
import { startSmtpServer } from '../support/smtp-server.ts';

function configured(text: string) {
  const folder = mkdtempSync(join(tmpdir(), 'signet-'));
  writeFileSync(join(folder, 'signet.yaml'), `publicUrl: https://idp.example.org\nserviceName: Example\n${text}\n`);
  const config = readConfig(join(folder, 'signet.yaml'), {});
  const world = createWorld();
  const failures: string[] = [];
  const factors = createSecondFactors(config, {
    credentials: world.store,
    codes: createMemoryOneTimeCodes(),
    dataKeys: world.keys,
    stableSecret: parseStableSecret(Buffer.from(newStableSecret(random))),
    throttle: world.throttle,
    random,
    onSendFailed: (channel, code) => failures.push(`${channel} ${code}`),
  });
  return { config, world, factors, failures };
}

test('a code reaches a mailbox by SMTP, enrols the address, and proves it at the next sign-in', async () => {
  const smtp = await startSmtpServer({ address: '127.0.0.1', security: 'none' });
  const newest = () => /^(\d{6}) ist Ihr Code/m.exec(decoded(smtp.mails.at(-1)?.data ?? ''))?.[1] ?? '';
  try {
    const { world, factors } = configured(`mail: { server: "smtp://127.0.0.1:${smtp.port}", from: a@example.org }`);
    const enrolment = factors.enrolments.find(({ kind }) => kind === 'email');
    const method = factors.methods.find(({ name }) => name === 'email-code');
    assert.ok(enrolment !== undefined && method !== undefined);
    const subject = () => ({ account: anna, enrolled: world.store.now(anna.id) });
    const german = (now: number) => ({ ...at(now), language: 'de-AT' });

    const form = fields({ [DESTINATION_FIELD]: 'anna@example.org' });
    const begun = await enrolment.begin(subject(), form, german(START));
    assert.ok(begun.kind === 'ready', JSON.stringify(begun));
    const confirmed = fields({ [CODE_FIELD]: newest() });
    const id = await add(
      world,
      anna,
      await enrolment.confirm(subject(), confirmed, { data: begun.pending, at: START }, german(START + 9)),
    );

    const asked = await method.begin(subject(), fields({}), german(START + 60));
    assert.ok(asked.kind === 'ready' && asked.pending !== null);
    const pending = { data: asked.pending, at: START + 60 };
    const outcome = await method.verify(subject(), fields({ [CODE_FIELD]: newest() }), pending, german(START + 70));
    assert.equal(outcome.kind === 'proved' && outcome.event.credentialId, id);
    assert.equal(smtp.mails.length, 2);
    assert.match(smtp.mails[0]?.data ?? '', /^From: Example <a@example\.org>$/m);
  } finally {
    await smtp.close();
  }
});

/** Quoted-printable (RFC 2045 §6.7). */
function decoded(data: string): string {
  return data.replace(/=\n/g, '').replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}

test('a mail server that is not there is in the log by channel and code', async () => {
  const { factors, failures } = configured('mail: { server: "smtp://127.0.0.1:9", from: a@example.org, timeout: 2 }');
  const enrolment = factors.enrolments.find(({ kind }) => kind === 'email');
  const subject = { account: anna, enrolled: { version: 0, credentials: [] } };
  const begun = await enrolment?.begin(subject, fields({ [DESTINATION_FIELD]: 'anna@example.org' }), at(START));
  assert.equal(begun?.kind, 'unavailable');
  assert.deepEqual(failures, ['email ESOCKET']);
});

test('without mail and sms nobody can be sent a code', () => {
  const { factors } = configured('');
  assert.deepEqual(
    factors.methods.map(({ name }) => name),
    ['totp', 'recovery-code'],
  );
});

for (const [typed, verdict] of [
  ['idp.example.org', 'about-you'],
  ['Example-2026!', 'about-you'],
  ['signet-signet-1', 'about-you'],
  ['thirteen-chars', 'too-short'],
  ['fifteen-badgers', 'good'],
] as const) {
  test(`with minLength 15, ${typed} is ${verdict}`, () => {
    const { config } = configured('password: { minLength: 15 }');
    const answer = passwordPolicyOf(config).judge(typed.padEnd(verdict === 'about-you' ? 15 : 0, '!'), []);
    assert.equal(answer.kind === 'good' ? 'good' : answer.problem.kind, verdict);
  });
}
