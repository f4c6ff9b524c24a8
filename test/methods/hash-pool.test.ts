import assert from 'node:assert/strict';
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { type Argon2Cost, DEFAULT_ARGON2_COST, formatArgon2String } from '../../src/lib/argon2-string.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { createHash, matchesHash } from '../../src/methods/argon2.ts';
import { HASH_POOL_DEFAULTS, type HashPoolOptions, openHashPool } from '../../src/methods/hash-pool.ts';
import type { HashProcessEvent } from '../../src/methods/hash-process.ts';

const linux = process.platform === 'linux' ? {} : { skip: 'reads /proc' };
const random = systemRandom();
const cheap: Argon2Cost = { memory: 64, time: 1, parallelism: 1 };
const cheapHash = await createHash('right', cheap, random);
const badHash = (cost: Argon2Cost) => formatArgon2String({ cost, salt: random(16), hash: random(32) });
/** Takes a second or so: long enough to be killed in its middle. */
const slowHash = badHash({ memory: 65_536, time: 20, parallelism: 1 });
/** Takes six times as long: never done in the half second that a test gives it. */
const endlessHash = badHash({ memory: 262_144, time: 32, parallelism: 1 });

const closing: (() => Promise<void>)[] = [];
after(() => Promise.all(closing.map((close) => close())));
/** Hashes run at the lowest priority: on busy cores one takes many times as long, which is nothing that is tested here. */
const UNHURRIED = { queueWaitMs: 120_000, hashTimeoutMs: 120_000 };
function open(options: Partial<HashPoolOptions> = {}) {
  const events: HashProcessEvent[] = [];
  const onEvent = (event: HashProcessEvent) => events.push(event);
  const pool = openHashPool({ ...HASH_POOL_DEFAULTS, ...UNHURRIED, workers: 1, onEvent, ...options });
  closing.push(pool.close);
  return { pool, events };
}
async function until(what: string, condition: () => boolean): Promise<void> {
  for (let waited = 0; waited < 60_000; waited += 5) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.fail(`never: ${what}`);
}
const status = (pid: number, field: string) =>
  Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
/** Field 19 of stat, counted after the command's name in parentheses. */
const niceOf = (stat: string) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]);

test('right and wrong passwords are told apart, several at once', async () => {
  const { pool } = open({ workers: 2 });
  const passwords = ['right', 'Right', 'right ', 'wrong', 'right'];
  const answers = await Promise.all(passwords.map((password) => pool.verify(cheapHash, password)));
  assert.deepEqual(
    answers.map((answer) => answer.kind === 'checked' && answer.match),
    [true, false, false, false, true],
  );
  await until('both processes', () => pool.status().pids.length === 2);
  assert.equal(new Set(pool.status().pids).size, 2);
});

test('a hash of the default cost, made and checked', async () => {
  const phc = await createHash('correct horse', DEFAULT_ARGON2_COST, random);
  assert.match(phc, /^\$argon2id\$v=19\$m=65536,t=3,p=4\$/);
  const { pool } = open();
  assert.deepEqual(await pool.verify(phc, 'correct horse'), { kind: 'checked', match: true });
  assert.deepEqual(await pool.verify(phc, 'correct house'), { kind: 'checked', match: false });
});

test('a hash that the pool makes is right, of the cost that was asked for, and salted', async () => {
  const { pool } = open();
  const [one, two] = await Promise.all([pool.create('new', cheap, random), pool.create('new', cheap, random)]);
  assert.ok(one.kind === 'created' && two.kind === 'created');
  assert.match(one.phc, /^\$argon2id\$v=19\$m=64,t=1,p=1\$/);
  assert.notEqual(one.phc, two.phc);
  assert.deepEqual(await pool.verify(one.phc, 'new'), { kind: 'checked', match: true });
  assert.deepEqual(await pool.verify(one.phc, 'New'), { kind: 'checked', match: false });
  assert.equal(await matchesHash(two.phc, 'new'), true);
});

test('no hash is made of a cost that could not be checked', () => {
  const { pool } = open();
  for (const memory of [0, 7, 2 ** 31]) {
    assert.throws(() => pool.create('new', { ...cheap, memory }, random), RangeError);
  }
});

// CWE-400: choosing passwords must not be a way around the queue.
test('hashes that are made stand in the same queue', async () => {
  const { pool } = open({ queue: 1, retryAfter: 7 });
  await until('a process', () => pool.status().pids.length === 1);
  const work = [pool.verify(slowHash, 'x'), pool.create('new', cheap, random), pool.create('new', cheap, random)];
  assert.deepEqual(await work[2], { kind: 'busy', retryAfter: 7 });
  assert.equal((await work[1])?.kind, 'created');
  await pool.close();
  assert.equal((await pool.create('new', cheap, random)).kind, 'busy');
});

const refusedHashes: readonly (readonly [string, string])[] = [
  ['64 GiB', badHash({ memory: 65_536 * 1024, time: 1, parallelism: 1 })],
  ['not a hash', 'right'],
  ['empty', ''],
];
for (const [name, phc] of refusedHashes) {
  test(`never reaches a process: ${name}`, async () => {
    const { pool } = open();
    assert.throws(() => pool.verify(phc, 'right'), RangeError);
    await assert.rejects(matchesHash(phc, 'right'), RangeError);
    assert.equal(pool.status().queued + pool.status().hashing, 0);
  });
}

test('a hash of a cost that could not be checked is not made', async () => {
  for (const cost of [
    { ...cheap, memory: 7 },
    { ...cheap, time: 0 },
    { ...cheap, memory: 2 ** 26 },
    { ...cheap, time: 1.5 },
  ]) {
    await assert.rejects(createHash('x', cost, random), RangeError);
  }
});

test('hashing happens in another process, every thread of it at nice 19, and without our secrets', linux, async () => {
  const name = 'SIGNET_TEST_SECRET_IN_ENVIRONMENT';
  process.env[name] = 'environment-secret';
  const { pool } = open();
  await pool.verify(cheapHash, 'typed-secret');
  delete process.env[name];
  const slow = pool.verify(slowHash, 'typed-secret');
  const [pid = 0] = pool.status().pids;
  assert.notEqual(pid, process.pid);
  assert.equal(status(pid, 'PPid'), process.pid);
  await until('hashing threads', () => status(pid, 'VmRSS') > 65_536);
  const nices = readdirSync(`/proc/${pid}/task`).map((task) =>
    niceOf(readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8')),
  );
  assert.ok(nices.length > 1);
  assert.deepEqual([...new Set(nices)], [19]);
  assert.notEqual(niceOf(readFileSync('/proc/self/stat', 'utf8')), 19);
  // The node itself never holds the memory of a hash: no hash is computed here.
  const shown = readFileSync(`/proc/${pid}/cmdline`, 'utf8') + readFileSync(`/proc/${pid}/environ`, 'utf8');
  assert.doesNotMatch(shown, /secret|argon2id/i);
  await slow;
});

test(
  'a flood beyond the bound is answered busy at once, and memory stays that of one hash a process',
  linux,
  async () => {
    const { pool } = open({ queue: 4, workers: 1, retryAfter: 7 });
    await pool.verify(cheapHash, 'warm');
    const [pid = 0] = pool.status().pids;
    const idle = status(pid, 'VmRSS');
    const hash = badHash({ memory: 65_536, time: 1, parallelism: 4 });
    const order: string[] = [];
    const flood = Array.from({ length: 50 }, async () => {
      const answer = await pool.verify(hash, 'x');
      order.push(answer.kind);
      return answer;
    });
    assert.deepEqual(pool.status().hashing, 1);
    assert.deepEqual(pool.status().queued, 4);
    const answers = await Promise.all(flood);
    const busy = answers.filter((answer) => answer.kind === 'busy');
    assert.equal(busy.length, 45);
    assert.deepEqual(busy[0], { kind: 'busy', retryAfter: 7 });
    // Nobody who is turned away waits for somebody's hash.
    assert.deepEqual(order, [...Array(45).fill('busy'), ...Array(5).fill('checked')]);
    assert.equal(pool.status().refused, 45);
    assert.deepEqual(pool.status().pids, [pid]);
    const peak = status(pid, 'VmHWM') - idle;
    assert.ok(peak > 60_000 && peak < 1.5 * 65_536, `${peak} KiB above idle`);
  },
);

test('what waits too long is told so, and the hash in work is still answered', async () => {
  const { pool } = open({ queueWaitMs: 30 });
  await until('a process', () => pool.status().pids.length === 1);
  const slow = pool.verify(slowHash, 'x');
  assert.equal((await pool.verify(cheapHash, 'right')).kind, 'busy');
  assert.equal((await slow).kind, 'checked');
});

test('killed in the middle of a hash: the hash is done by its successor', linux, async () => {
  const { pool, events } = open();
  await pool.verify(cheapHash, 'warm');
  const [pid = 0] = pool.status().pids;
  const answer = pool.verify(badHash({ memory: 65_536, time: 8, parallelism: 1 }), 'x');
  const queued = pool.verify(cheapHash, 'right');
  await until('it hashes', () => status(pid, 'VmRSS') > 65_536);
  process.kill(pid, 'SIGKILL');
  assert.deepEqual(await answer, { kind: 'checked', match: false });
  assert.deepEqual(await queued, { kind: 'checked', match: true });
  assert.notEqual(pool.status().pids[0], pid);
  assert.deepEqual(events, [{ kind: 'hash-process-ended', pid, exitCode: null, signal: 'SIGKILL', restartInMs: 50 }]);
});

test('a hash that takes two processes with it is answered busy, and the pool goes on', async () => {
  const { pool, events } = open({ hashTimeoutMs: 500 });
  assert.equal((await pool.verify(endlessHash, 'x')).kind, 'busy');
  assert.equal(events.length, 2);
  const restarts = events.map((event) => (event.kind === 'hash-process-ended' ? event.restartInMs : 0));
  assert.ok((restarts[0] ?? 0) < (restarts[1] ?? 0), `${restarts}`);
  await until('a third process', () => pool.status().pids.length === 1);
  // On busy cores even a cheap one may not be done in time.
  let answer = await pool.verify(cheapHash, 'right');
  for (let again = 0; answer.kind === 'busy' && again < 5; again++) answer = await pool.verify(cheapHash, 'right');
  assert.deepEqual(answer, { kind: 'checked', match: true });
});

test('SIGINT and SIGTERM do not end a process: the node that got them too still drains', linux, async () => {
  const { pool, events } = open();
  await pool.verify(cheapHash, 'warm');
  const [pid = 0] = pool.status().pids;
  process.kill(pid, 'SIGINT');
  process.kill(pid, 'SIGTERM');
  assert.deepEqual(await pool.verify(cheapHash, 'right'), { kind: 'checked', match: true });
  assert.deepEqual([pool.status().pids, events], [[pid], []]);
});

test('closing lets the hash in work finish, answers busy to the rest, and ends the processes', linux, async () => {
  const { pool, events } = open();
  await pool.verify(cheapHash, 'warm');
  const [pid = 0] = pool.status().pids;
  const working = pool.verify(slowHash, 'x');
  const queued = pool.verify(cheapHash, 'right');
  await pool.close();
  assert.equal((await working).kind, 'checked');
  assert.equal((await queued).kind, 'busy');
  assert.equal((await pool.verify(cheapHash, 'right')).kind, 'busy');
  assert.throws(() => process.kill(pid, 0), /ESRCH/);
  assert.deepEqual(events, []);
});

test('a pool that is closed before its processes have started ends them too', linux, async () => {
  const { pool } = open({ workers: 2 });
  await pool.close();
  assert.deepEqual(pool.status().pids, []);
});

test('the processes end when the node is killed, and do not keep an idle node alive', linux, async () => {
  const pool = new URL('../../src/methods/hash-pool.ts', import.meta.url).href;
  const source = `
    const { openHashPool, HASH_POOL_DEFAULTS } = await import(${JSON.stringify(pool)});
    const pool = openHashPool({ ...HASH_POOL_DEFAULTS, workers: 1, onEvent: () => {} });
    await pool.verify(${JSON.stringify(cheapHash)}, 'right');
    console.log(pool.status().pids[0]);
    if (process.argv[1] === 'stay') setInterval(() => {}, 1000);`;
  for (const mode of ['stay', 'leave']) {
    const node = spawn(process.execPath, ['--input-type=module', '-e', source, mode], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(node, 'exit');
    const [line] = await once(node.stdout, 'data');
    const pid = Number(line);
    if (mode === 'stay') node.kill('SIGKILL');
    const [exitCode] = await ended;
    assert.equal(exitCode, mode === 'stay' ? null : 0);
    await until('it is gone', () => isGone(pid));
  }
});

test('a process without a channel to a pool ends at once', async () => {
  const worker = spawn(process.execPath, [new URL('../../src/methods/hash-worker.ts', import.meta.url).pathname]);
  assert.deepEqual(await once(worker, 'exit'), [0, null]);
  const connected = fork(new URL('../../src/methods/hash-worker.ts', import.meta.url));
  const ended = once(connected, 'exit');
  connected.disconnect();
  assert.deepEqual(await ended, [0, null]);
});

function isGone(pid: number): boolean {
  try {
    // A zombie that nobody has waited for yet counts as gone.
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
}
