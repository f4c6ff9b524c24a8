// What every OneTimeCodes must do, wherever it keeps them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CodeSlot, IssuedCode, OneTimeCodes, SendPolicy } from '../../src/core/one-time-code.ts';

const START = 1_800_000_000;
const policy: SendPolicy = { spacing: 30, sends: 3, window: 900 };
const login: CodeSlot = { accountId: 'a-anna', use: 'email-code' };
const text = (seed: string): string => Buffer.alloc(32, seed).toString('base64url');
const code = (seed: string, at: number, destination = 'anna'): IssuedCode => ({
  hash: text(seed),
  destination: text(destination),
  until: at + 300,
});

/** `open` gives an empty one. */
export function oneTimeCodesSuite(name: string, open: () => Promise<OneTimeCodes>): void {
  const row = (title: string, run: (codes: OneTimeCodes) => Promise<void>) =>
    test(`${name}: ${title}`, async () => run(await open()));
  const issue = async (codes: OneTimeCodes, slot: CodeSlot, seed: string, now: number, destination?: string) => {
    assert.deepEqual(await codes.issue(slot, code(seed, now, destination), policy, now), { kind: 'issued' });
  };

  row('the newest code is good once', async (codes) => {
    await issue(codes, login, 'a', START);
    assert.equal(await codes.take(login, text('a'), null, START), 'first');
    assert.equal(await codes.take(login, text('a'), null, START), 'spent');
  });

  row('a wrong guess changes nothing', async (codes) => {
    await issue(codes, login, 'a', START);
    for (let n = 0; n < 5; n += 1) assert.equal(await codes.take(login, text('x'), 'r', START), 'wrong');
    assert.equal(await codes.take(login, text('a'), null, START), 'first');
  });

  row('a newer code ends the older one', async (codes) => {
    await issue(codes, login, 'a', START);
    await issue(codes, login, 'b', START + 30);
    assert.equal(await codes.take(login, text('a'), null, START + 30), 'wrong');
    assert.equal(await codes.take(login, text('b'), null, START + 30), 'first');
  });

  row('a newer code ends the older one that was used', async (codes) => {
    await issue(codes, login, 'a', START);
    assert.equal(await codes.take(login, text('a'), 'r', START), 'first');
    await issue(codes, login, 'b', START + 30);
    assert.equal(await codes.take(login, text('a'), 'r', START + 30), 'wrong');
  });

  row('a code expires, and where there is none it is expired too', async (codes) => {
    assert.equal(await codes.take(login, text('a'), null, START), 'expired');
    await issue(codes, login, 'a', START);
    assert.equal(await codes.take(login, text('a'), null, START + 300), 'expired');
    assert.equal(await codes.take(login, text('a'), null, START + 299), 'first');
  });

  row('a balancer’s repeat within 20 s is the same attempt; nobody else is', async (codes) => {
    await issue(codes, login, 'a', START);
    assert.equal(await codes.take(login, text('a'), 'r1', START), 'first');
    assert.equal(await codes.take(login, text('a'), 'r1', START + 20), 'same-attempt');
    assert.equal(await codes.take(login, text('a'), 'r2', START + 20), 'spent');
    assert.equal(await codes.take(login, text('a'), null, START + 20), 'spent');
    assert.equal(await codes.take(login, text('a'), 'r1', START + 21), 'spent');
  });

  row('of many who take it at once, one does', async (codes) => {
    await issue(codes, login, 'a', START);
    const taken = await Promise.all(
      Array.from({ length: 8 }, (_, n) => codes.take(login, text('a'), `request-${n}`, START)),
    );
    assert.deepEqual(taken.sort(), ['first', ...Array.from({ length: 7 }, () => 'spent')]);
  });

  row('slots of other accounts and other uses are apart', async (codes) => {
    const others: readonly CodeSlot[] = [
      { ...login, accountId: 'a-ben' },
      { ...login, use: 'email-enrolment' },
      { ...login, use: 'sms-code' },
    ];
    await issue(codes, login, 'a', START);
    for (const slot of others) assert.equal(await codes.take(slot, text('a'), null, START), 'expired');
    assert.equal(await codes.take(login, text('a'), null, START), 'first');
  });

  row('between two sends lie `spacing` seconds, and the code before stays', async (codes) => {
    await issue(codes, login, 'a', START);
    const early = await codes.issue(login, code('b', START + 10), policy, START + 10);
    assert.deepEqual(early, { kind: 'limited', retryAfter: 20, live: true });
    assert.equal(await codes.take(login, text('b'), null, START + 10), 'wrong');
    assert.equal(await codes.take(login, text('a'), null, START + 10), 'first');
    const used = await codes.issue(login, code('b', START + 11), policy, START + 11);
    assert.deepEqual(used, { kind: 'limited', retryAfter: 19, live: false });
  });

  row('a live code was sent to the same destination', async (codes) => {
    await issue(codes, login, 'a', START);
    const elsewhere = await codes.issue(login, code('b', START, 'other'), policy, START);
    assert.deepEqual(elsewhere, { kind: 'limited', retryAfter: 30, live: false });
  });

  row('in any window no more than `sends` are sent to one account', async (codes) => {
    for (let n = 0; n < 3; n += 1) await issue(codes, login, 'a', START + n * 100, `destination ${n}`);
    const fourth = await codes.issue(login, code('b', START + 300, 'new'), policy, START + 300);
    assert.deepEqual(fourth, { kind: 'limited', retryAfter: 600, live: false });
    await issue(codes, login, 'b', START + 900, 'new');
    const fifth = await codes.issue(login, code('c', START + 950, 'newer'), policy, START + 950);
    assert.deepEqual(fifth, { kind: 'limited', retryAfter: 50, live: false });
  });

  row('signing in and enrolling by one channel count together, two channels apart', async (codes) => {
    await issue(codes, login, 'a', START, 'one');
    const enrolling: CodeSlot = { ...login, use: 'email-enrolment' };
    const early = await codes.issue(enrolling, code('b', START, 'two'), policy, START);
    assert.deepEqual(early, { kind: 'limited', retryAfter: 30, live: false });
    await issue(codes, { ...login, use: 'sms-code' }, 'c', START, 'three');
  });

  row('in any window no more than `sends` are sent to one destination, whoever asks', async (codes) => {
    for (let n = 0; n < 3; n += 1) await issue(codes, { ...login, accountId: `a-${n}` }, 'a', START + n * 30);
    const fourth = await codes.issue({ ...login, accountId: 'a-4' }, code('b', START + 90), policy, START + 90);
    assert.deepEqual(fourth, { kind: 'limited', retryAfter: 810, live: false });
  });

  row('of many who ask at once, one code is sent', async (codes) => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, n) => codes.issue(login, code(`${n}`, START), policy, START)),
    );
    const kinds = answers.map((answer) => ('kind' in answer ? answer.kind : 'unavailable'));
    assert.equal(kinds.filter((kind) => kind === 'issued').length, 1);
    assert.equal(kinds.filter((kind) => kind === 'limited').length, 7);
  });
}
