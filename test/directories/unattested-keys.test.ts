import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUnavailable } from '../../src/core/account.ts';
import { enrolledMethods } from '../../src/core/enrolment.ts';
import { withoutAttestation } from '../../src/directories/unattested-keys.ts';
import { createMemoryCredentials } from '../support/memory-credentials.ts';

const key = {
  kind: 'webauthn',
  credentialId: 'Y3JlZA',
  publicKey: 'AAAA',
  counter: 7,
  transports: ['usb'],
  aaguid: '00000000-0000-0000-0000-000000000000',
  userVerification: true,
  backupEligible: false,
  attested: true,
  discoverable: true,
} as const;

async function openStore() {
  const memory = createMemoryCredentials();
  const common = { label: '', createdAt: 1, lineage: [] };
  await memory.add('a-anna', { ...common, id: 'key', data: key }, 0);
  await memory.add('a-anna', { ...common, id: 'phone', data: { kind: 'sms', destination: '+41' } }, 1);
  return { memory, store: withoutAttestation(memory) };
}

// NIST SP 800-63B-4 §3.2.13: a maker that is trusted no more vouches for nothing, also not for keys of before.
test('where no maker is trusted, a key of before is a passkey and nothing more', async () => {
  const { memory, store } = await openStore();
  const before = memory.now('a-anna');
  assert.deepEqual(enrolledMethods(before), ['attested-key', 'sms-code']);
  const set = await store.list('a-anna');
  assert.ok(!isUnavailable(set));
  assert.deepEqual(enrolledMethods(set), ['passkey', 'sms-code']);
  assert.equal(set.version, before.version);
  const found = await store.findWebauthn(key.credentialId);
  assert.ok(found !== null && !isUnavailable(found));
  assert.deepEqual(found.credential.data, { ...key, attested: false });
});

test('an outage stays one, and nobody stays nobody', async () => {
  const { memory, store } = await openStore();
  assert.equal(await store.findWebauthn('b3RoZXI'), null);
  memory.fail(true);
  assert.deepEqual(await store.list('a-anna'), { unavailable: true });
  assert.deepEqual(await store.findWebauthn(key.credentialId), { unavailable: true });
});
