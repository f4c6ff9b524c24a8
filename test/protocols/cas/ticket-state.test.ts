// A ticket stands for a session and a person: both are asked when it is shown, not when it was made.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account, DirectoryUnavailable } from '../../../src/core/account.ts';
import type { RevocationSubject, RevocationVerdict } from '../../../src/core/revocation.ts';
import { createTicketJudge } from '../../../src/protocols/cas/ticket-state.ts';
import type { TicketHolder } from '../../../src/sealed/ticket-fields.ts';

const NOW = 1_790_000_000;
const alice: Account = { id: 'a-1', loginName: 'alice', disabled: false, attributes: new Map(), groups: [] };
const holder: TicketHolder = {
  sid: new Uint8Array(16).fill(1),
  accountId: 'a-1',
  oldestProof: NOW - 60,
  latestProof: NOW - 5,
  level: 'aal1',
};

async function judged(found: Account | null | DirectoryUnavailable, verdict: RevocationVerdict = 'good') {
  const asked: RevocationSubject[] = [];
  const judge = createTicketJudge({
    revocations: {
      check: async (subject) => {
        asked.push(subject);
        return verdict;
      },
      revokeSid: async () => 'this-node',
      revokeAccount: async () => 'this-node',
    },
    directory: { findById: async () => found },
  });
  const state = await judge(holder, NOW);
  const { sid, accountId, oldestProof, latestProof } = holder;
  assert.deepEqual(asked, [{ sid, accountId, oldestProof, latestProof }]);
  return 'problem' in state ? state.problem : state.account.loginName;
}

const rows = [
  { name: 'as it was', found: alice, is: 'alice' },
  { name: 'switched off', found: { ...alice, disabled: true }, is: 'account-gone' },
  { name: 'removed', found: null, is: 'account-gone' },
  { name: 'in a directory that is down', found: { unavailable: true } as const, is: 'unavailable' },
];
for (const { name, found, is } of rows) {
  test(`the account is ${name}: ${is}`, async () => assert.equal(await judged(found), is));
}
for (const verdict of ['unavailable', 'reauth', 'stale'] as const) {
  test(`nobody can say whether the session is over: ${verdict}`, async () =>
    assert.equal(await judged(alice, verdict), 'unavailable'));
}
test('the session is over', async () => assert.equal(await judged(alice, 'revoked'), 'session-ended'));
