// What a new password leaves of what was there before, while hashing and the database take their time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AuthenticationEvent } from '../../src/core/authentication-event.ts';
import type { PasswordDirectory } from '../../src/core/password-directory.ts';
import { createPasswordPolicy } from '../../src/methods/password-policy.ts';
import type { ProvedVisitor } from '../../src/web/account-guard.ts';
import { createAccountPassword } from '../../src/web/account-password.ts';
import { createFormTokens } from '../../src/web/form-token.ts';
import type { RequestFacts } from '../../src/web/request-facts.ts';
import { openTheme } from '../../src/web/theme.ts';
import { wordsIn } from '../../src/web/words.ts';

const NOW = 1_790_000_000;
const PASSWORD = 'nine badgers in a boat';
const PHC = `$argon2id$v=19$m=64,t=1,p=1$${'c2FsdHNhbHRzYWx0c2FsdA'}$${'aGFzaGhhc2hoYXNoaGFzaA'}`;

const account = { id: 'anna', loginName: 'anna', disabled: false, attributes: new Map(), groups: [] };
const session = {
  sid: Buffer.alloc(16, 1),
  accountId: account.id,
  created: NOW - 60,
  events: [{ method: 'password', credentialId: 'old', at: NOW - 60 } as const],
  participants: [],
  lineage: [],
};
const visitor: ProvedVisitor = {
  open: { session, iat: NOW - 60, exp: NOW + 3600, kid: '0000000000000001', reseal: false, ending: false },
  account,
  enrolled: null,
  language: 'en',
  words: wordsIn('en'),
  provedUntil: NOW + 240,
};
const posted: RequestFacts = {
  method: 'POST',
  path: '/account/password',
  rawQuery: '',
  form: new Map([
    ['password', PASSWORD],
    ['again', PASSWORD],
  ]),
  lists: new Map(),
  cookies: new Map(),
  headers: {},
  requestId: 'r',
  attempt: null,
  address: null,
  now: NOW,
};

/** Changes the password, which takes so many seconds to hash and so many to write; what is gone on with. */
async function change(
  hashing: number,
  writing: number,
): Promise<{ kept: number; proofs: readonly AuthenticationEvent[] }> {
  let now = NOW;
  let kept = 0;
  let proofs: readonly AuthenticationEvent[] = [];
  const directory: PasswordDirectory = {
    name: 'people',
    findByLoginName: async () => account,
    findById: async () => account,
    check: {
      kind: 'hash',
      passwordHash: async () => PHC,
      commonCost: () => null,
      setPasswordHash: async () => {
        now += writing;
        kept = now;
        return 'done';
      },
    },
  };
  const passwords = createAccountPassword({
    desk: { forms: createFormTokens(Buffer.alloc(32)), pages: openTheme(null).pages, random: (n) => Buffer.alloc(n) },
    answers: { audit: () => {} },
    guard: {
      refusePost: async () => null,
      proved: async () => visitor,
      endOthers: async (_who, given) => {
        proofs = given;
        return { cookies: [], reach: 'everywhere' };
      },
    },
    directories: { claim: async () => ({ kind: 'claimed', account, directory }) },
    pool: {
      create: async () => {
        now += hashing;
        return { kind: 'created', phc: PHC };
      },
    },
    policy: createPasswordPolicy({ minLength: 12, serviceWords: [] }),
    cost: { memory: 64, time: 1, parallelism: 1 },
    announcer: { tell: () => {} },
    clock: () => now,
  });
  const reply = await passwords.submit(posted);
  assert.equal(reply.kind, 'redirect');
  return { kept, proofs };
}

// CWE-367: a form with the old password that arrives while the new one is hashed is judged by the hash that is still there,
// and its proof has the time of its arrival: it must not outlive the change because the change began before it.
for (const [hashing, writing] of [
  [0, 0],
  [3, 0],
  [0, 2],
  [7, 5],
] as const) {
  test(`hashing ${hashing} s, writing ${writing} s: no proof of before the change is as young as the one that goes on`, async () => {
    const { kept, proofs } = await change(hashing, writing);
    assert.equal(kept, NOW + hashing + writing);
    assert.deepEqual(
      proofs.map(({ method }) => method),
      ['password'],
    );
    // Seconds are whole, so a form of the very second in which it was kept may have been from before.
    assert.ok((proofs[0]?.at ?? 0) > kept, `${proofs[0]?.at} and ${kept}`);
  });
}
