// Codes by text message for somebody with two telephones: which of them is chosen, and what choosing is not good for.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { systemRandom } from '../../src/lib/random.ts';
import { createCodeMethod, smsChannel } from '../../src/methods/code-methods.ts';
import { createCodeSending } from '../../src/methods/one-time-code.ts';
import { type FactorNode, startFactorNode } from '../support/factor-node.ts';
import { at, handsOn, ways } from '../support/factor-tab.ts';
import { createMemoryOneTimeCodes } from '../support/memory-one-time-codes.ts';
import { heading, PersonBrowser, samlResponse, statusOf } from '../support/person.ts';

const letters: { readonly to: string; readonly code: string }[] = [];
const newest = () => letters.at(-1) ?? assert.fail('nothing was sent');
const CODE = 'Enter the code that you were sent';

let node: FactorNode;
before(async () => {
  node = await startFactorNode({
    factors: ({ throttle, store }) => {
      const sending = createCodeSending({
        codes: createMemoryOneTimeCodes(),
        policy: { spacing: 30, sends: 5, window: 900 },
        words: (language, code) => ({ subject: language, text: code }),
        key: Buffer.alloc(32, 9),
        random: systemRandom(),
        onSendFailed: assert.fail,
        sender: {
          send: async (to, { text }) => {
            letters.push({ to, code: text });
            return { kind: 'sent' };
          },
        },
      });
      return [createCodeMethod({ channel: smsChannel(['+49']), sending, throttle, store })];
    },
  });
});
after(() => node.close());
const { open, submit, password, later, fresh } = handsOn(() => node);

async function giveNumber(name: string, id: string, destination: string, label = ''): Promise<void> {
  const accountId = await node.idOf(name);
  const { store } = node.world;
  const data = { kind: 'sms', destination } as const;
  await store.add(accountId, { id, label, createdAt: 1, lineage: [], data }, store.now(accountId).version);
}

const LOST = '+491701111111';
const OTHER = '+491702222222';
beforeEach(async () => {
  letters.length = 0;
  await fresh();
  await giveNumber('alice', 'telephone-01', LOST);
  await giveNumber('alice', 'telephone-02', OTHER, 'Desk');
});

async function atTheCode() {
  const tab = await open(new PersonBrowser(), at('strong'));
  assert.equal(heading(await password(tab)), CODE);
  return tab;
}

test('one of two telephones is lost: the code goes to the other one, and so does the next', async () => {
  const tab = await atTheCode();
  assert.equal(newest().to, LOST);
  assert.deepEqual(ways(tab.page), ['sms-code:telephone-01', 'sms-code:telephone-02']);
  assert.match(tab.page.text, /\(Desk, \+49…22\)/);
  later(30);
  assert.equal(heading(await submit(tab, { choose: 'sms-code:telephone-02' })), CODE);
  assert.equal(newest().to, OTHER);
  assert.match(tab.page.text, /\+49…22/);
  assert.deepEqual(ways(tab.page), ['sms-code:telephone-02', 'sms-code:telephone-01']);
  later(30);
  await submit(tab, { choose: 'sms-code:telephone-02' });
  assert.deepEqual(
    letters.map(({ to }) => to),
    [LOST, OTHER, OTHER],
  );
  assert.equal(statusOf(await submit(tab, { method: 'sms-code', code: newest().code })), 'Success');
});

// CWE-799: changing to and fro sends no more messages than asking again does.
test('who changes at once has to wait, is told so, and may still type the code of before', async () => {
  const tab = await atTheCode();
  const first = newest();
  const page = await submit(tab, { choose: 'sms-code:telephone-02' });
  assert.deepEqual([page.status, page.headers['retry-after'], heading(page)], [429, '30', CODE]);
  assert.match(page.text, /\+49…11/);
  assert.deepEqual(ways(page), ['sms-code:telephone-01', 'sms-code:telephone-02']);
  assert.equal(letters.length, 1);
  assert.equal(statusOf(await submit(tab, { method: 'sms-code', code: first.code })), 'Success');
});

test('the code of one telephone is not the code of the other', async () => {
  const tab = await atTheCode();
  const first = newest();
  later(30);
  await submit(tab, { choose: 'sms-code:telephone-02' });
  const page = await submit(tab, { method: 'sms-code', code: first.code });
  assert.equal(samlResponse(page), null);
  assert.equal(statusOf(await submit(tab, { method: 'sms-code', code: newest().code })), 'Success');
});

// CWE-639: the name of a credential comes from the browser.
for (const [choose, status] of [
  ['sms-code:telephone-09', 400],
  ['sms-code:', 400],
  ['sms-code:nobody', 400],
  ['sms-code:telephone-01:telephone-02', 200],
  ['email-code:telephone-01', 200],
  [':telephone-01', 200],
] as const) {
  test(`choosing ${choose} sends nothing to anybody else`, async () => {
    await giveNumber('bob', 'telephone-09', '+491709999999');
    const tab = await atTheCode();
    later(30);
    const page = await submit(tab, { choose });
    assert.equal(samlResponse(page), null);
    assert.equal(page.status, status);
    assert.ok(letters.every(({ to }) => to === LOST));
    // Nor is it a way out.
    later(30);
    await submit(tab, { choose: 'sms-code:telephone-02' });
    assert.equal(newest().to, OTHER);
  });
}

test('one number alone is not named beside other ways', async () => {
  const id = await node.idOf('alice');
  const { store } = node.world;
  await store.remove(id, 'telephone-01', store.now(id).version);
  const app = await node.giveApp('alice');
  const tab = await open(new PersonBrowser(), at('strong'));
  await password(tab);
  assert.deepEqual(ways(tab.page), ['sms-code']);
  assert.doesNotMatch(tab.page.text, /\+49/);
  assert.equal(statusOf(await submit(tab, { method: 'totp', code: node.codeOf(app) })), 'Success');
});
