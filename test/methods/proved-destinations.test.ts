import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationEvent, MethodName } from '../../src/core/authentication-event.ts';
import { provedDestinations } from '../../src/methods/proved-destinations.ts';
import { createMemoryCredentials } from '../support/memory-credentials.ts';

const mail = { use: 'email-code', destination: 'anna@example.org' };
const phone = { use: 'sms-code', destination: '+491701234567' };

async function stored() {
  const store = createMemoryCredentials();
  const row = { label: '', createdAt: 1, lineage: [] };
  await store.add('a1', { ...row, id: 'mail', data: { kind: 'email', destination: mail.destination } }, 0);
  await store.add('a1', { ...row, id: 'old', data: { kind: 'email', destination: 'old@example.org' } }, 1);
  await store.add('a1', { ...row, id: 'phone', data: { kind: 'sms', destination: phone.destination } }, 2);
  await store.add('a1', { ...row, id: 'app', data: { kind: 'totp', secret: 's', lastStep: 0 } }, 3);
  return store;
}

const event = (method: MethodName, credentialId: string, at: number): AuthenticationEvent => ({
  method,
  credentialId,
  at,
});
const events = [event('email-code', 'old', 5), event('email-code', 'mail', 9), event('sms-code', 'phone', 7)];

for (const [name, given, proved, expected] of [
  ['by mail: the newest proof’s', events, ['password', 'email-code'], [mail]],
  ['by both', events, ['sms-code', 'email-code'], [mail, phone]],
  ['nothing that was sent', events, ['password', 'totp'], []],
  ['nothing proved', events, [], []],
  ['one that was removed meanwhile', [event('email-code', 'gone', 9)], ['email-code'], []],
  ['one that is no address', [event('email-code', 'app', 9)], ['email-code'], []],
] as const) {
  test(`where codes were sent that proved a login: ${name}`, async () => {
    const store = await stored();
    assert.deepEqual(await provedDestinations(store, { accountId: 'a1', events: given }, proved), expected);
    assert.deepEqual(
      await provedDestinations(store, { accountId: 'a2', events: given }, proved),
      [],
      'another account',
    );
    store.fail(true);
    assert.deepEqual(await provedDestinations(store, { accountId: 'a1', events: given }, proved), [], 'an outage');
  });
}
