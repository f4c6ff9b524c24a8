import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Account } from '../../src/core/account.ts';
import type { PasswordDirectory } from '../../src/core/password-directory.ts';
import { type Argon2Cost, costKey, parseArgon2String } from '../../src/lib/argon2-string.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createHash } from '../../src/methods/argon2.ts';
import { HASH_POOL_DEFAULTS, type HashPool, openHashPool } from '../../src/methods/hash-pool.ts';
import { createPasswordMethod, type PasswordOutcome } from '../../src/methods/password.ts';
import { credentialIdOf } from '../../src/methods/password-check.ts';
import { preparePassword } from '../../src/methods/prepare-password.ts';
import { type Attempt, createThrottle } from '../../src/methods/throttle.ts';
import { createMemoryAttempts } from '../../src/state/memory-attempts.ts';

const random = systemRandom();
const common: Argon2Cost = { memory: 64, time: 2, parallelism: 1 };
const rare: Argon2Cost = { memory: 128, time: 1, parallelism: 1 };
const dflt: Argon2Cost = { memory: 256, time: 1, parallelism: 1 };
const realPool = openHashPool({ ...HASH_POOL_DEFAULTS, workers: 1, onEvent: () => {} });
after(() => realPool.close());

const account = (id: string, disabled = false): Account => ({
  id,
  loginName: id,
  disabled,
  attributes: new Map(),
  groups: [],
});
const people = new Map([
  ['anna', account('anna')],
  ['rara', account('rara')],
  ['gone', account('gone', true)],
  ['nopass', account('nopass')],
  ['unread', account('unread')],
]);
const hashes = new Map([
  ['anna', await createHash('zo\u00eb is here', common, random)],
  ['rara', await createHash('another', rare, random)],
  ['gone', await createHash('was right', common, random)],
]);
const find = async (name: string) => people.get(name) ?? null;
/** Names whose owner cannot be told, and why. */
const UNTOLD = { down: 'directory', both: 'ambiguous-name' } as const;
const now = 1_000_000;

interface Options {
  readonly pool?: Pick<HashPool, 'verify'>;
  readonly commonCost?: Argon2Cost | null;
  readonly attemptsDown?: true;
}

function open(options: Options = {}) {
  const jobs: string[] = [];
  const settled: string[] = [];
  const began: Attempt[] = [];
  const pool = options.pool ?? realPool;
  const throttle = createThrottle({
    policy: { enabled: true, accountFailures: 2, deviceFailures: 10, addressFailures: 50, maxDelay: 60, window: 900 },
    store: createMemoryAttempts(100),
    capacity: 100,
    onAddressUnknown: () => {},
  });
  const directory: PasswordDirectory = {
    name: 'people',
    findByLoginName: find,
    findById: find,
    check: {
      kind: 'hash',
      passwordHash: async (id) => (id === 'unread' ? { unavailable: true } : (hashes.get(id) ?? null)),
      commonCost: () => (options.commonCost === undefined ? common : options.commonCost),
    },
  };
  const method = createPasswordMethod({
    directories: {
      members: [directory],
      claim: async (name) => {
        if (name === 'down' || name === 'both') return { kind: 'unavailable', because: UNTOLD[name] };
        const found = await find(name);
        return found === null ? { kind: 'unclaimed' } : { kind: 'claimed', account: found, directory };
      },
    },
    pool: {
      verify: (phc, password) => {
        jobs.push(phc);
        return pool.verify(phc, password);
      },
    },
    throttle: {
      begin: async (attempt, at) => {
        began.push(attempt);
        if (options.attemptsDown === true) return { kind: 'unavailable' };
        const admission = await throttle.begin(attempt, at);
        if (admission.kind !== 'admitted') return admission;
        return {
          kind: 'admitted',
          settle: async (outcome) => {
            settled.push(outcome);
            await admission.settle(outcome);
          },
        };
      },
    },
    defaultCost: dflt,
    random,
  });
  const verify = (typedName: string, password: string, address: string | null = '192.0.2.1') =>
    method.verify({ typedName, password, address, deviceOf: async () => null, now });
  return { verify, jobs, settled, began };
}
const costs = (jobs: readonly string[]) => jobs.map((phc) => costKey(parseArgon2String(phc)?.cost ?? dflt));
const wrong = (because: string, accountId: string | null) => ({
  kind: 'failed',
  failure: { kind: 'wrong' },
  because,
  accountId,
});

test('the right password proves the account, with a credential that changes when the password does', async () => {
  const { verify, settled } = open();
  const outcome = await verify('anna', 'zo\u00eb is here');
  const credentialId = credentialIdOf(hashes.get('anna') ?? '');
  assert.deepEqual(outcome, {
    kind: 'proved',
    account: people.get('anna'),
    event: { method: 'password', credentialId, at: now },
  });
  assert.match(credentialId, /^[\w-]{12}$/);
  assert.notEqual(credentialIdOf(await createHash('zo\u00eb is here', common, random)), credentialId);
  assert.deepEqual(settled, ['not-failed']);
});

const same: readonly (readonly [string, string])[] = [
  ['decomposed', 'zoe\u0308 is here'],
  ['full width', 'zo\u00eb is\u3000here'],
];
for (const [name, password] of same) {
  test(`the same password from another keyboard: ${name}`, async () => {
    assert.equal((await open().verify('anna', password)).kind, 'proved');
  });
}

const refused: readonly {
  readonly name: string;
  readonly typed: string;
  readonly password: string;
  readonly because: string;
}[] = [
  { name: 'a wrong password', typed: 'anna', password: 'zoe is here', because: 'mismatch' },
  { name: 'other case', typed: 'anna', password: 'Zo\u00eb is here', because: 'mismatch' },
  { name: 'a space after it', typed: 'anna', password: 'zo\u00eb is here ', because: 'mismatch' },
  { name: 'a zero byte after it', typed: 'anna', password: 'zo\u00eb is here\0', because: 'mismatch' },
  { name: 'somebody else’s password', typed: 'anna', password: 'another', because: 'mismatch' },
  { name: 'the hash itself', typed: 'anna', password: hashes.get('anna') ?? '', because: 'mismatch' },
  { name: 'a name that nobody has', typed: 'nobody', password: 'another', because: 'unknown-name' },
  { name: 'an empty name', typed: '', password: 'another', because: 'unknown-name' },
  { name: 'the right password of a disabled account', typed: 'gone', password: 'was right', because: 'disabled' },
  { name: 'an account without a password', typed: 'nopass', password: 'anything', because: 'no-password' },
];
for (const { name, typed, password, because } of refused) {
  // CVE-2016-6210 (OpenSSH hashed for unknown names at another cost): the work must not tell whether somebody has an account.
  test(`wrong, after one hash of the most common cost: ${name}`, async () => {
    const { verify, jobs, settled, began } = open();
    assert.deepEqual(await verify(typed, password), wrong(because, people.get(typed)?.id ?? null));
    assert.deepEqual(costs(jobs), [costKey(common)]);
    assert.deepEqual(settled, ['failed']);
    assert.equal(began[0]?.accountId ?? null, people.get(typed)?.id ?? null);
  });
}

const unusable: readonly (readonly [string, string])[] = [
  ['empty', ''],
  ['1025 bytes', 'a'.repeat(1025)],
  ['1025 bytes of UTF-8', `a${'\u00eb'.repeat(512)}`],
  ['half a surrogate pair', 'abc\ud800'],
];
for (const [name, password] of unusable) {
  test(`no work for anybody, known or not, and no count: ${name}`, async () => {
    for (const typed of ['anna', 'nobody', 'gone']) {
      const { verify, jobs, began } = open();
      assert.deepEqual(await verify(typed, password), wrong('unusable-input', null));
      assert.deepEqual([jobs, began], [[], []]);
    }
  });
}

test('a password of 1024 bytes is hashed whole', async () => {
  const long = 'a'.repeat(1024);
  hashes.set('nopass', await createHash(long, common, random));
  try {
    assert.equal((await open().verify('nopass', long)).kind, 'proved');
    assert.equal((await open().verify('nopass', long.slice(1))).kind, 'failed');
    assert.equal((await open().verify('nopass', `${long.slice(1)}b`)).kind, 'failed');
  } finally {
    hashes.delete('nopass');
  }
});

test('the decoy is one, made at the common cost, and follows it when the file changes', async () => {
  const { verify, jobs } = open();
  await verify('nobody', 'x');
  await verify('nobody2', 'x');
  assert.equal(jobs[0], jobs[1]);
  const withoutPasswords = open({ commonCost: null });
  await withoutPasswords.verify('nobody', 'x');
  assert.deepEqual(costs(withoutPasswords.jobs), [costKey(dflt)]);
  const changed = open({ commonCost: rare });
  await changed.verify('nobody', 'x');
  assert.deepEqual(costs(changed.jobs), [costKey(rare)]);
});

test('even a pool that says every hash matches proves nobody who may not sign in', async () => {
  const { verify } = open({ pool: { verify: async () => ({ kind: 'checked', match: true }) } });
  const outcomes: PasswordOutcome[] = [];
  for (const typed of ['nobody', 'gone', 'nopass']) outcomes.push(await verify(typed, 'x'));
  assert.deepEqual(outcomes, [wrong('unknown-name', null), wrong('disabled', 'gone'), wrong('no-password', 'nopass')]);
});

test('a full queue proves nothing, and costs the person no attempt', async () => {
  const { verify, settled } = open({ pool: { verify: async () => ({ kind: 'busy', retryAfter: 5 }) } });
  for (let n = 0; n < 5; n++) {
    assert.deepEqual(await verify('anna', 'x'), { kind: 'unavailable', retryAfter: 5, because: 'busy' });
  }
  assert.deepEqual(settled, Array(5).fill('not-failed'));
});

test('a fault in the pool is a fault, and the attempt is given back', async () => {
  const { verify, settled } = open({ pool: { verify: () => Promise.reject(new Error('fault')) } });
  await assert.rejects(verify('anna', 'x'), /fault/);
  assert.deepEqual(settled, ['not-failed']);
});

for (const [typed, because] of Object.entries(UNTOLD)) {
  test(`no statement about the person: ${because}`, async () => {
    const { verify, jobs, began } = open();
    assert.deepEqual(await verify(typed, 'x'), { kind: 'unavailable', retryAfter: 30, because });
    assert.deepEqual([jobs, began], [[], []]);
  });
}

test('a hash that cannot be read is an outage, and costs the person no attempt', async () => {
  const { verify, settled } = open();
  assert.deepEqual(await verify('unread', 'x'), { kind: 'unavailable', retryAfter: 30, because: 'directory' });
  assert.deepEqual(settled, ['not-failed']);
});

for (const typed of ['anna', 'nobody', 'gone', 'nopass']) {
  test(`throttled after two failures, before any work: ${typed}`, async () => {
    const { verify, jobs } = open();
    await verify(typed, 'x');
    await verify(typed, 'y');
    const third = {
      kind: 'failed',
      failure: { kind: 'throttled', retryAfter: 1 },
      because: 'throttled',
      accountId: people.get(typed)?.id ?? null,
    };
    assert.deepEqual(await verify(typed, 'zo\u00eb is here'), third);
    assert.equal(jobs.length, 2);
  });
}

test('many guesses at once: no more hashes than guesses one after the other', async () => {
  const { verify, jobs } = open();
  const outcomes = await Promise.all(Array.from({ length: 30 }, (_, n) => verify('anna', `guess ${n}`)));
  assert.equal(jobs.length, 2);
  assert.equal(outcomes.filter((o) => o.kind === 'failed' && o.because === 'throttled').length, 28);
});

const prepared: readonly (readonly [typed: string, expect: string | null])[] = [
  ['abc', 'abc'],
  [' abc ', ' abc '],
  ['\ufb01n', 'fin'],
  ['\u212b', '\u00c5'],
  ['\ufeffabc', '\ufeffabc'],
  ['', null],
  ['\udc00', null],
];
for (const [typed, expect] of prepared) {
  test(`prepared: ${JSON.stringify(typed)}`, () => assert.equal(preparePassword(typed), expect));
}

test('while attempts cannot be counted nobody tries: no hash, known name or not', async () => {
  const { verify, jobs, settled } = open({ attemptsDown: true });
  for (const typed of ['anna', 'nobody']) {
    assert.deepEqual(await verify(typed, 'whatever it is'), {
      kind: 'unavailable',
      retryAfter: 30,
      because: 'attempts',
    });
  }
  assert.deepEqual([jobs, settled], [[], []]);
});
