// Directories that check a password themselves, beside others that hand out hashes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Account } from '../../src/core/account.ts';
import type { BindAnswer, BindCheck, HashCheck, PasswordDirectory } from '../../src/core/password-directory.ts';
import { formatArgon2String, parseArgon2String } from '../../src/lib/argon2-string.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createPasswordCheck, type Owner } from '../../src/methods/password-check.ts';

const cost = { memory: 64, time: 1, parallelism: 1 };
const phc = formatArgon2String({ cost, salt: Buffer.alloc(16, 1), hash: Buffer.alloc(32, 1) });
const typed = { typed: 'Ty\ufb01ped', prepared: 'Tyfiped' };
const account = (id: string, disabled = false): Account => ({
  id,
  loginName: id,
  disabled,
  attributes: new Map(),
  groups: [],
});
const nothing = { findByLoginName: async () => null, findById: async () => null };

function open(
  kinds: readonly ('hash' | 'bind')[],
  answer: BindAnswer | 'down' = 'match',
  pool: 'checks' | 'busy' = 'checks',
) {
  const work: string[] = [];
  const asked: string[] = [];
  const hashing = (name: string): HashCheck => ({
    kind: 'hash',
    passwordHash: async (id) => {
      asked.push(name);
      return id === 'anna' ? phc : null;
    },
    commonCost: () => cost,
  });
  const binding = (name: string): BindCheck => ({
    kind: 'bind',
    bind: async (whose, password) => {
      work.push(`bind at ${name} as ${whose?.id ?? 'nobody'} with ${JSON.stringify(password)}`);
      if (answer === 'down') return { unavailable: true };
      return whose === null ? 'mismatch' : answer;
    },
  });
  const directories: readonly PasswordDirectory[] = kinds.map((kind, index) => {
    const name = `${kind}${index}`;
    return { name, ...nothing, check: kind === 'hash' ? hashing(name) : binding(name) };
  });
  const check = createPasswordCheck({
    directories,
    pool: {
      verify: async (hash, prepared) => {
        work.push(`hash ${hash === phc ? 'real' : 'decoy'} of ${prepared}`);
        assert.deepEqual(parseArgon2String(hash)?.cost, cost);
        return pool === 'busy' ? { kind: 'busy', retryAfter: 5 } : { kind: 'checked', match: hash === phc };
      },
    },
    defaultCost: cost,
    random: systemRandom(),
  });
  const owner = (index: number, disabled = false): Owner => {
    const directory = directories[index] ?? assert.fail();
    return { account: account('anna', disabled), directory };
  };
  return { check, owner, work, asked };
}

test('a directory that binds gets what was typed; nothing is hashed where nobody keeps hashes', async () => {
  const { check, owner, work } = open(['bind']);
  const answer = await check(owner(0), typed);
  assert.ok(answer.kind === 'match' && /^[\w-]{12}$/.test(answer.credentialId));
  assert.deepEqual(work, [`bind at bind0 as anna with ${JSON.stringify(typed.typed)}`]);
});

test('the credential of a bound password is the account\u2019s own', async () => {
  const { check, owner } = open(['bind', 'bind']);
  const [first, again, elsewhere] = await Promise.all([
    check(owner(0), typed),
    check(owner(0), typed),
    check(owner(1), typed),
  ]);
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, elsewhere);
});

// The time that an answer takes must not tell who has an account, nor in which directory (CVE-2016-6210 for OpenSSH).
test('every name causes the same work, and only its own directory sees the password', async () => {
  const kinds = ['hash', 'bind', 'bind', 'hash'] as const;
  const shape = (work: readonly string[]) => work.map((one) => one.split(' ').slice(0, 1).join()).sort();
  const expected = ['bind', 'bind', 'hash'];
  for (const index of [0, 1, 2, 3, null]) {
    const { check, owner, work, asked } = open(kinds);
    const answer = await check(index === null ? null : owner(index), typed);
    // A question over a network takes longer than none (CWE-208).
    assert.deepEqual(asked, ['hash0', 'hash3']);
    assert.equal(answer.kind, index === null ? 'no-match' : 'match');
    assert.deepEqual(shape(work), expected);
    const seen = work.filter((one) => one.startsWith('bind') && !one.endsWith('""'));
    assert.equal(seen.length, index === 1 || index === 2 ? 1 : 0);
    const real = work.filter((one) => one.startsWith('hash real'));
    assert.equal(real.length, index === 0 || index === 3 ? 1 : 0);
  }
});

for (const answer of ['mismatch', 'disabled', 'expired', 'locked'] as const) {
  test(`a bind that is answered ${answer} proves nothing`, async () => {
    const { check, owner } = open(['hash', 'bind'], answer);
    assert.deepEqual(await check(owner(1), typed), { kind: 'no-match', because: answer });
  });
}

test('a disabled account never matches, and the directory\u2019s own reason is kept', async () => {
  for (const [answer, because] of [
    ['match', 'disabled'],
    ['mismatch', 'disabled'],
    ['expired', 'expired'],
    ['locked', 'locked'],
  ] as const) {
    const { check, owner } = open(['bind'], answer);
    assert.deepEqual(await check(owner(0, true), typed), { kind: 'no-match', because });
  }
});

test('a server that is down matters to its own people only', async () => {
  const { check, owner } = open(['hash', 'bind'], 'down');
  assert.deepEqual(await check(owner(1), typed), { kind: 'down' });
  assert.equal((await check(owner(0), typed)).kind, 'match');
  assert.equal((await check(null, typed)).kind, 'no-match');
});

test('a full hash queue is told to everybody alike', async () => {
  const { check, owner } = open(['hash', 'bind'], 'match', 'busy');
  for (const whose of [owner(0), owner(1), null]) {
    assert.deepEqual(await check(whose, typed), { kind: 'busy', retryAfter: 5 });
  }
});
