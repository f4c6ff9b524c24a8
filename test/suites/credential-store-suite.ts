// What every CredentialStore must do, wherever it keeps them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isUnavailable } from '../../src/core/account.ts';
import type { Credential, CredentialData, CredentialSet, CredentialStore } from '../../src/core/credential.ts';

const START = 1_800_000_000;
const ANNA = 'a-anna';

type NewCredential = Omit<Credential, 'lastUsedAt' | 'disabled'>;

const credential = (id: string, data: CredentialData, change: Partial<NewCredential> = {}): NewCredential => ({
  id,
  label: '',
  createdAt: START,
  lineage: [],
  data,
  ...change,
});
const totp = (id = 'totp-1', lastStep = 100): NewCredential =>
  credential(id, { kind: 'totp', secret: 'encrypted', lastStep });
const key = (id: string, credentialId: string, counter = 7): NewCredential =>
  credential(id, {
    kind: 'webauthn',
    credentialId,
    publicKey: 'cose',
    counter,
    transports: ['usb', 'nfc'],
    aaguid: '00000000-0000-0000-0000-000000000000',
    userVerification: true,
    backupEligible: false,
    attested: false,
    discoverable: true,
  });
const codes = (id: string, remaining: number): NewCredential => credential(id, { kind: 'recovery-codes', remaining });

async function listed(store: CredentialStore, accountId = ANNA): Promise<CredentialSet> {
  const set = await store.list(accountId);
  assert.ok(!isUnavailable(set));
  return set as CredentialSet;
}

/** `open` gives an empty one. */
export function credentialStoreSuite(name: string, open: () => Promise<CredentialStore>): void {
  const row = (title: string, run: (store: CredentialStore) => Promise<void>) =>
    test(`${name}: ${title}`, async () => run(await open()));

  row('nobody has enrolled anything at first', async (store) => {
    assert.deepEqual(await store.list(ANNA), { version: 0, credentials: [] });
    assert.equal(await store.findWebauthn('nothing'), null);
  });

  row('every kind comes back as it was added', async (store) => {
    const added = [
      totp(),
      { ...key('key-000000-1', 'cred'), label: 'the blue “key” 🔑', lineage: ['42b5bcb5b16ff3fe'] },
      credential('mail-1', { kind: 'email', destination: 'anna@example.org' }),
      credential('sms-1', { kind: 'sms', destination: '+491234' }),
    ];
    for (const [version, one] of added.entries()) assert.equal(await store.add(ANNA, one, version), 'done');
    const set = await listed(store);
    assert.equal(set.version, 4);
    const byId = new Map(set.credentials.map((one) => [one.id, one]));
    for (const one of added) assert.deepEqual(byId.get(one.id), { ...one, lastUsedAt: null, disabled: false });
    assert.deepEqual((await listed(store, 'a-ben')).credentials, []);
  });

  row('a set that somebody else changed meanwhile is not changed', async (store) => {
    assert.equal(await store.add(ANNA, totp(), 0), 'done');
    const stale = [
      store.add(ANNA, key('k', 'cred'), 0),
      store.add(ANNA, key('k', 'cred'), 2),
      store.rename(ANNA, 'totp-1', 'mine', 0),
      store.remove(ANNA, 'totp-1', 0),
    ];
    assert.deepEqual(await Promise.all(stale), ['changed', 'changed', 'changed', 'changed']);
    assert.equal((await listed(store)).credentials.length, 1);
  });

  row('of many changes of one version one is done', async (store) => {
    const first = await Promise.all(Array.from({ length: 20 }, (_, n) => store.add(ANNA, totp(`t${n}`), 0)));
    assert.equal(first.filter((answer) => answer === 'done').length, 1);
    const second = await Promise.all(Array.from({ length: 20 }, (_, n) => store.add(ANNA, key(`k${n}`, `c${n}`), 1)));
    assert.equal(second.filter((answer) => answer === 'done').length, 1);
    assert.equal((await listed(store)).credentials.length, 2);
  });

  row('renaming and removing need the credential, and change the version only then', async (store) => {
    await store.add(ANNA, totp(), 0);
    assert.equal(await store.rename(ANNA, 'other', 'x', 1), 'missing');
    assert.equal(await store.remove(ANNA, 'other', 1), 'missing');
    assert.equal(await store.rename('a-ben', 'totp-1', 'x', 0), 'missing');
    assert.equal((await listed(store)).version, 1);
    assert.equal(await store.rename(ANNA, 'totp-1', 'phone', 1), 'done');
    assert.equal((await listed(store)).credentials[0]?.label, 'phone');
    assert.equal(await store.remove(ANNA, 'totp-1', 2), 'done');
    assert.deepEqual(await listed(store), { version: 3, credentials: [] });
  });

  // Kanidm #2129, nebula-mesh PR 237: a time step that counts once on each node.
  row('a TOTP step counts once, and none before it', async (store) => {
    await store.add(ANNA, totp(), 0);
    const take = (step: number, claimant: string | null = null) =>
      store.takeTotpStep(ANNA, { id: 'totp-1', step }, claimant, START);
    assert.equal(await take(100), 'spent', 'the step that confirmed the enrolment');
    assert.equal(await take(102), 'first');
    assert.equal(await take(102), 'spent');
    assert.equal(await take(101), 'spent');
    assert.equal(await take(103), 'first');
    const [used] = (await listed(store)).credentials;
    assert.deepEqual(used?.data, { kind: 'totp', secret: 'encrypted', lastStep: 103 });
    assert.equal(used?.lastUsedAt, START);
    assert.equal((await listed(store)).version, 1, 'use is no change of the set');
  });

  row('fifty at once with one step: one is first', async (store) => {
    await store.add(ANNA, totp(), 0);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => store.takeTotpStep(ANNA, { id: 'totp-1', step: 200 }, `r${n}`, START)),
    );
    assert.deepEqual(answers.sort(), ['first', ...Array.from({ length: 49 }, () => 'spent')]);
  });

  row('a balancer’s repeat within 20 s is the same attempt; nobody else is', async (store) => {
    await store.add(ANNA, totp(), 0);
    const take = (claimant: string | null, now: number, step = 200) =>
      store.takeTotpStep(ANNA, { id: 'totp-1', step }, claimant, now);
    assert.equal(await take('r1', START), 'first');
    assert.equal(await take('r1', START + 20), 'same-attempt');
    assert.equal(await take('r2', START), 'spent');
    assert.equal(await take(null, START), 'spent');
    assert.equal(await take('r1', START + 21), 'spent');
    assert.equal(await take('r1', START, 199), 'spent', 'an older step by the same request');
    assert.equal(await take(null, START, 201), 'first');
    assert.equal(await take(null, START, 201), 'spent', 'no request id is nobody’s');
  });

  row('somebody else’s credential, another kind and none at all are spent', async (store) => {
    await store.add(ANNA, totp(), 0);
    await store.add('a-ben', key('key-1', 'cred'), 0);
    assert.equal(await store.takeTotpStep('a-ben', { id: 'totp-1', step: 200 }, null, START), 'spent');
    assert.equal(await store.takeTotpStep('a-ben', { id: 'key-1', step: 200 }, null, START), 'spent');
    assert.equal(await store.takeTotpStep(ANNA, { id: 'none', step: 200 }, null, START), 'spent');
    assert.equal(await store.takeWebauthnCounter(ANNA, { id: 'key-1', counter: 9 }, null, START), 'spent');
    assert.equal(await store.takeRecoveryCode(ANNA, { id: 'totp-1', hash: 'h' }, null, START), 'spent');
  });

  // WebAuthn L3 §6.1.1: a counter that does not grow is the sign of a copied authenticator.
  row('a WebAuthn counter grows, or is always 0', async (store) => {
    await store.add(ANNA, key('with', 'c1'), 0);
    await store.add(ANNA, key('without', 'c2', 0), 1);
    const take = (id: string, counter: number, claimant: string | null = null) =>
      store.takeWebauthnCounter(ANNA, { id, counter }, claimant, START);
    for (const counter of [0, 6, 7]) assert.equal(await take('with', counter), 'spent', `${counter}`);
    assert.equal(await take('with', 8, 'r'), 'first');
    assert.equal(await take('with', 8, 'r'), 'same-attempt');
    assert.equal(await take('with', 8, 'q'), 'spent');
    assert.equal(await take('without', 0), 'first');
    assert.equal(await take('without', 0), 'first');
    assert.equal(await take('without', 3), 'first');
    assert.equal(await take('without', 0), 'spent');
  });

  row('fifty at once with one counter: one is first', async (store) => {
    await store.add(ANNA, key('k', 'c'), 0);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => store.takeWebauthnCounter(ANNA, { id: 'k', counter: 8 }, null, START)),
    );
    assert.equal(answers.filter((answer) => answer === 'first').length, 1);
  });

  row('a WebAuthn credential is found by its own id, and belongs to one person', async (store) => {
    await store.add(ANNA, key('key-1', 'cred'), 0);
    const found = await store.findWebauthn('cred');
    assert.ok(found !== null && !isUnavailable(found));
    assert.deepEqual([found.accountId, found.credential.id], [ANNA, 'key-1']);
    assert.equal(await store.add('a-ben', key('key-2', 'cred'), 0), 'changed');
    assert.deepEqual(await listed(store, 'a-ben'), { version: 0, credentials: [] });
    assert.equal(await store.findWebauthn('CRED'), null);
  });

  row('recovery codes are good once each, and new ones end the old', async (store) => {
    assert.equal(await store.add(ANNA, codes('old', 3), 0, ['h1', 'h2', 'h3']), 'done');
    const take = (id: string, hash: string, claimant: string | null = null, now = START) =>
      store.takeRecoveryCode(ANNA, { id, hash }, claimant, now);
    assert.equal(await take('old', 'h1', 'r'), 'first');
    assert.equal(await take('old', 'h1', 'r', START + 20), 'same-attempt');
    assert.equal(await take('old', 'h1', 'r', START + 21), 'spent');
    assert.equal(await take('old', 'h1', 'q'), 'spent');
    assert.equal(await take('old', 'h4'), 'spent');
    const before = (await listed(store)).credentials;
    assert.deepEqual(before[0]?.data, { kind: 'recovery-codes', remaining: 2 });
    assert.equal(before[0]?.lastUsedAt, START);
    assert.equal(await store.add(ANNA, codes('new', 2), 1, ['h2', 'h9']), 'done');
    assert.deepEqual(
      (await listed(store)).credentials.map(({ id, data }) => [id, data]),
      [['new', { kind: 'recovery-codes', remaining: 2 }]],
    );
    assert.equal(await take('old', 'h2'), 'spent');
    assert.equal(await take('new', 'h2'), 'first');
  });

  row('fifty at once with one recovery code: one is first', async (store) => {
    await store.add(ANNA, codes('codes-1', 1), 0, ['h1']);
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => store.takeRecoveryCode(ANNA, { id: 'codes-1', hash: 'h1' }, null, START)),
    );
    assert.deepEqual(answers.sort(), ['first', ...Array.from({ length: 49 }, () => 'spent')]);
  });

  row('an address is noted as used: its own row, never at an earlier time, and no other kind', async (store) => {
    const mail = (id: string) => ({ ...totp(id), data: { kind: 'email', destination: `${id}@example.org` } as const });
    await store.add(ANNA, mail('mail-1'), 0);
    await store.add(ANNA, mail('mail-2'), 1);
    await store.add(ANNA, totp('totp-1'), 2);
    await store.noteSentCodeUsed('a-ben', 'mail-1', START);
    await store.noteSentCodeUsed(ANNA, 'totp-1', START);
    await store.noteSentCodeUsed(ANNA, 'mail-1', START + 5);
    await store.noteSentCodeUsed(ANNA, 'mail-1', START);
    const { version, credentials } = await listed(store);
    const uses = credentials.map(({ id, lastUsedAt }) => [id, lastUsedAt]);
    assert.deepEqual(uses.sort(), [
      ['mail-1', START + 5],
      ['mail-2', null],
      ['totp-1', null],
    ]);
    assert.equal(version, 3, 'a change that somebody has begun goes on');
  });

  // CWE-89
  row('names that look like SQL are names', async (store) => {
    const nasty = `'; delete from credentials; --`;
    assert.equal(await store.add(nasty, { ...totp(nasty.slice(0, 12)), label: nasty }, 0), 'done');
    assert.equal((await listed(store, nasty)).credentials[0]?.label, nasty);
    assert.deepEqual(await store.list(`' or '1'='1`), { version: 0, credentials: [] });
    assert.equal(await store.findWebauthn(`' or '1'='1`), null);
  });
}
