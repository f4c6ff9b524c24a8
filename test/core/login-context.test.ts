import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  contextOf,
  emptyContext,
  type LoginContext,
  livePending,
  PENDING_CHALLENGE_SECONDS,
  withPending,
} from '../../src/core/login-context.ts';

const NOW = 1_790_000_000;
const pending = { data: Buffer.from('x'), at: NOW };
const asked = withPending(emptyContext(NOW), 'alice', { method: 'sms-code', pending });
const nobody = withPending(emptyContext(NOW), null, { method: 'webauthn', pending });

const rows: readonly {
  readonly name: string;
  readonly context: LoginContext;
  readonly of: string | null;
  readonly method: 'sms-code' | 'totp' | 'webauthn';
  readonly now?: number;
  readonly live: boolean;
}[] = [
  { name: 'the account that was asked', context: asked, of: 'alice', method: 'sms-code', live: true },
  { name: 'another account', context: asked, of: 'bob', method: 'sms-code', live: false },
  { name: 'nobody', context: asked, of: null, method: 'sms-code', live: false },
  { name: 'another method', context: asked, of: 'alice', method: 'totp', live: false },
  { name: 'the last second', context: asked, of: 'alice', method: 'sms-code', now: NOW + 299, live: true },
  { name: 'five minutes later', context: asked, of: 'alice', method: 'sms-code', now: NOW + 300, live: false },
  { name: 'a clock that is behind', context: asked, of: 'alice', method: 'sms-code', now: NOW - 30, live: true },
  { name: 'nobody, who was asked', context: nobody, of: null, method: 'webauthn', live: true },
  { name: 'somebody, where nobody was asked', context: nobody, of: 'alice', method: 'webauthn', live: false },
  { name: 'nothing pending', context: emptyContext(NOW), of: null, method: 'webauthn', live: false },
];
for (const { name, context, of, method, now = NOW, live } of rows) {
  test(`a challenge and ${name}: ${live ? 'answered' : 'not answered'}`, () => {
    assert.deepEqual(livePending(context, of, method, now), live ? pending : null);
  });
}

test('a challenge lives five minutes', () => assert.equal(PENDING_CHALLENGE_SECONDS, 300));

test('a context about another account keeps neither proofs nor challenge', () => {
  const events = [{ method: 'password', credentialId: 'c', at: NOW } as const];
  const own = { ...asked, events };
  assert.equal(contextOf(own, 'alice'), own);
  const { events: kept, challenge, accountId } = contextOf(own, 'bob');
  assert.deepEqual([kept, challenge, accountId], [[], null, 'bob']);
  assert.deepEqual(withPending(own, 'alice', { method: 'totp', pending: null }).events, events);
  assert.deepEqual(withPending(own, null, { method: 'webauthn', pending }).events, []);
});
