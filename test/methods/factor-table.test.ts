import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageSender } from '../../src/core/message.ts';
import { CODE_FIELD, DESTINATION_FIELD, type FactorEnrolment } from '../../src/methods/factor-method.ts';
import { createFactorTable, type FactorTableOptions } from '../../src/methods/factor-table.ts';
import { createMemoryOneTimeCodes } from '../support/memory-one-time-codes.ts';
import { anna, at, createWorld, fields, random, START } from './factor-person.ts';

const failing: MessageSender = { send: async () => ({ kind: 'failed', code: 'ECONNECTION' }) };
const failures: (readonly [string, string])[] = [];

function table(change: Partial<FactorTableOptions>) {
  return createFactorTable({
    ...createWorld(),
    codes: createMemoryOneTimeCodes(),
    sendPolicy: { spacing: 30, sends: 5, window: 900 },
    codeKey: Buffer.alloc(32),
    words: (_language, code) => ({ subject: 'Code', text: code }),
    mail: null,
    sms: null,
    onSendFailed: (channel, code) => failures.push([channel, code]),
    serviceName: 'Example',
    random,
    ...change,
  });
}

const sms = { sender: failing, prefixes: ['+49'] };
for (const [name, change, methods, kinds] of [
  ['neither', {}, ['totp', 'recovery-code'], ['totp', 'recovery-codes']],
  ['mail', { mail: failing }, ['totp', 'recovery-code', 'email-code'], ['totp', 'recovery-codes', 'email']],
  [
    'both',
    { mail: failing, sms },
    ['totp', 'recovery-code', 'email-code', 'sms-code'],
    ['totp', 'recovery-codes', 'email', 'sms'],
  ],
] as const) {
  test(`a node that can send by ${name} has ${methods.join(', ')}`, () => {
    const made = table(change);
    assert.deepEqual(
      made.methods.map((method) => method.name),
      methods,
    );
    assert.deepEqual(
      made.enrolments.map((enrolment) => enrolment.kind),
      kinds,
    );
    for (const [n, method] of made.methods.entries()) assert.equal(method.kind, kinds[n]);
  });
}

test('a message that does not leave is told of by its channel, for the log', async () => {
  const enrolments = table({ mail: failing, sms }).enrolments;
  const begin = async (kind: FactorEnrolment['kind'], destination: string) => {
    const enrolment = enrolments.find((one) => one.kind === kind);
    const subject = { account: anna, enrolled: { version: 0, credentials: [] } };
    return enrolment?.begin(subject, fields({ [DESTINATION_FIELD]: destination, [CODE_FIELD]: '' }), at(START));
  };
  assert.equal((await begin('email', 'anna@example.org'))?.kind, 'unavailable');
  assert.equal((await begin('sms', '+491701234567'))?.kind, 'unavailable');
  assert.deepEqual(failures, [
    ['email', 'ECONNECTION'],
    ['sms', 'ECONNECTION'],
  ]);
});
