// What a stolen, forged or borrowed ticket is good for: nothing. CWE-294, CWE-345, CWE-347; CVE-2022-39369's class: a ticket
// taken at one service and shown for another.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli } from '../../../src/cli/signet.ts';
import { encodeBase62 } from '../../../src/lib/base62.ts';
import { systemRandom } from '../../../src/lib/random.ts';
import { sealedValueOf } from '../../../src/protocols/cas/tickets.ts';
import {
  decodeServiceTicket,
  encodeServiceTicket,
  type ServiceTicket,
} from '../../../src/sealed/service-ticket-body.ts';
import { decodeCbor, encodeCbor } from '../../../src/sealer/cbor.ts';
import { casSt, PURPOSES } from '../../../src/sealer/purpose.ts';
import { createSealer, type Sealer } from '../../../src/sealer/seal.ts';
import { APP, ask, casLogin, casPath, newTicket, ticketOf, validate } from '../../support/cas.ts';
import { NOW, type OneNode, startOneNode } from '../../support/one-node.ts';
import { PersonBrowser } from '../../support/person.ts';

const OTHER = 'https://other.example.org/';
/** Inside APP, with a floor of its own. */
const ADMIN = `${APP}/admin`;

let node: OneNode;
let sealer: Sealer;
before(async () => {
  node = await startOneNode({
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    services: [{ url: APP, attributes: ['mail'] }, { url: OTHER }, { url: ADMIN, assurance: { floor: 'aal2' } }],
  });
  const ring = node.node.parts.keyring.current;
  sealer = createSealer({
    ring,
    reread: () => false,
    clock: () => node.time.now,
    random: systemRandom(),
    observe: () => {},
  });
});
after(() => node.close());

const asTicket = (token: string, prefix = 'ST-'): string => `${prefix}${encodeBase62(Buffer.from(token, 'base64url'))}`;

async function isRefused(ticket: string, on = node): Promise<void> {
  for (const endpoint of ['serviceValidate', 'p3/proxyValidate']) {
    const told = await ask(on, endpoint, { service: APP, ticket });
    assert.match(told.code ?? '', /^INVALID_(TICKET|REQUEST)$/);
    assert.equal(told.user, null);
  }
}

/** A body that a node of this release would take, but for what is changed. */
async function bodyOf(change: Partial<ServiceTicket> = {}): Promise<Uint8Array> {
  const value = sealedValueOf('ST-', await newTicket(node)) ?? '';
  const opened = sealer.open(casSt, '', value) ?? assert.fail();
  const ticket = decodeServiceTicket(opened.body, opened.iat) ?? assert.fail();
  return encodeServiceTicket({ ...ticket, id: systemRandom()(8), ...change }, NOW);
}

function sealed(body: Uint8Array, purpose = casSt, iat = NOW, exp = NOW + 10): string {
  const value = sealer.seal(purpose, { context: '', iat, exp, body });
  return 'token' in value ? value.token : assert.fail(value.refused);
}

test('what these tests forge would be taken, were it not for what is wrong with it', async () => {
  assert.equal((await validate(node, asTicket(sealed(await bodyOf())))).user, 'alice');
});

test('a value of any other purpose is no ticket', async () => {
  const body = await bodyOf();
  for (const purpose of PURPOSES.values()) {
    if (purpose === casSt) continue;
    for (const context of ['', APP, 'wiki']) {
      const value = sealer.seal(purpose, { context, iat: NOW, exp: NOW + 10, body });
      if ('token' in value) for (const prefix of ['ST-', 'PT-']) await isRefused(asTicket(value.token, prefix));
    }
  }
});

test('cookies of the person are no tickets', async () => {
  const browser = new PersonBrowser();
  await casLogin(node, browser);
  await browser.get(node, casPath('login', { service: APP, renew: 'true' }));
  assert.ok(browser.cookies.size >= 2);
  for (const value of browser.cookies.values()) {
    await isRefused(value);
    await isRefused(`ST-${value}`);
    await isRefused(asTicket(value));
  }
});

test('a ticket is no cookie', async () => {
  const ticket = sealedValueOf('ST-', await newTicket(node)) ?? '';
  const browser = new PersonBrowser();
  for (const value of [ticket, `ST-${ticket}`]) {
    browser.cookies.set('__Host-signet_sso', value);
    const answer = await browser.get(node, casPath('login', { service: APP }));
    assert.match(answer.headers.location ?? '', /^\/flow\//);
  }
});

test('one bit of a ticket is enough', async () => {
  const value = Buffer.from(sealedValueOf('ST-', await newTicket(node)) ?? '', 'base64url');
  for (let i = 0; i < value.length; i += 1) {
    const changed = Buffer.from(value);
    changed[i] = (changed[i] ?? 0) ^ (1 << (i % 8));
    assert.equal((await validate(node, asTicket(changed.toString('base64url')))).code, 'INVALID_TICKET', `byte ${i}`);
  }
  assert.equal((await validate(node, asTicket(value.toString('base64url')))).user, 'alice', 'it was good all the time');
});

const spellings: readonly { readonly name: string; readonly of: (ticket: string) => string }[] = [
  { name: 'without its prefix', of: (ticket) => ticket.slice(3) },
  { name: 'with its prefix in lower case', of: (ticket) => ticket.replace('ST-', 'st-') },
  { name: 'with its prefix twice', of: (ticket) => `ST-${ticket}` },
  { name: 'cut off', of: (ticket) => ticket.slice(0, -1) },
  { name: 'longer', of: (ticket) => `${ticket}0` },
  { name: 'with a space behind it', of: (ticket) => `${ticket} ` },
  { name: 'with a line feed behind it', of: (ticket) => `${ticket}\n` },
  { name: 'with a zero byte in it', of: (ticket) => `${ticket.slice(0, 20)}\u0000${ticket.slice(20)}` },
  { name: 'as base64url', of: (ticket) => `ST-${sealedValueOf('ST-', ticket)}` },
  { name: 'of a later CAS server', of: () => 'ST-1-abcDEF123-cas01.example.org' },
  { name: 'of a property of objects', of: () => 'ST-constructor' },
];
for (const { name, of } of spellings) {
  test(`a ticket ${name} is none, and the ticket itself is still good`, async () => {
    const ticket = await newTicket(node);
    await isRefused(of(ticket));
    assert.equal((await validate(node, ticket)).user, 'alice');
  });
}

test("a body of another release's, or none, is no ticket", async () => {
  const body = await bodyOf();
  const map = decodeCbor(body);
  assert.ok(map instanceof Map);
  const bodies = [
    Buffer.of(0xa0),
    Buffer.alloc(0),
    Buffer.from('ticket'),
    encodeCbor(new Map([...map, [9, 1]])),
    encodeCbor(new Map([...map].filter(([key]) => key !== 6))),
    encodeCbor(new Map([...map, [5, [0, 0, 9]]])),
    Buffer.concat([body, Buffer.of(0)]),
  ];
  for (const one of bodies) await isRefused(asTicket(sealed(one)));
});

test('a ticket from tomorrow, from yesterday, or for longer than there are any', async () => {
  await isRefused(asTicket(sealed(await bodyOf(), casSt, NOW + 61, NOW + 71)));
  await isRefused(asTicket(sealed(await bodyOf(), casSt, NOW - 60, NOW - 10)));
  assert.ok('refused' in sealer.seal(casSt, { context: '', iat: NOW, exp: NOW + 61, body: await bodyOf() }));
});

test("another installation's ticket", async () => {
  const other = await startOneNode({ services: [{ url: APP }] });
  try {
    await isRefused(await newTicket(other));
  } finally {
    await other.close();
  }
});

test('a ticket for one service is not good for another, and not for its owner afterwards', async () => {
  const ticket = await newTicket(node, { service: OTHER });
  assert.equal((await validate(node, ticket)).code, 'INVALID_SERVICE');
  assert.equal((await validate(node, ticket, { service: OTHER })).code, 'INVALID_TICKET');
});

test('the same ticket a hundred times at once is good once', async () => {
  const ticket = await newTicket(node);
  const all = await Promise.all(Array.from({ length: 100 }, () => validate(node, ticket)));
  assert.equal(all.filter(({ user }) => user === 'alice').length, 1);
});

test("a balancer's repeat of one validation is answered again, anybody else's is a replay", async () => {
  const ticket = ticketOf(await casLogin(node, new PersonBrowser()));
  const path = casPath('p3/serviceValidate', { service: APP, ticket });
  const told = async (id: string): Promise<boolean> =>
    (await node.ask({ path, headers: { 'X-Request-Id': id } })).text.includes('alice');
  assert.equal(await told('one'), true);
  assert.equal(await told('one'), true);
  assert.equal(await told('two'), false);
  assert.equal((await node.ask({ path })).text.includes('alice'), false);
  node.travelTo(NOW + 8);
  try {
    assert.equal(await told('one'), true);
  } finally {
    node.travelTo(NOW);
  }
});

test('a revoked key ends its own tickets and those that descend from it; nothing else', async () => {
  const own = await startOneNode({ services: [{ url: APP }] });
  try {
    const [{ kid: leaked } = assert.fail()] = own.node.parts.keyring.current().keys;
    const before = await newTicket(own);
    const config = join(own.config.folder, 'signet.yaml');
    const said: string[] = [];
    const io = {
      out: (text: string) => said.push(text),
      err: (text: string) => said.push(text),
      readStdin: async () => '',
      askSecret: async () => null,
      clock: () => NOW,
      random: systemRandom(),
      environment: {},
    };
    const code = await runCli(['keys', 'revoke', '--all', '--replace', '--reason', 'leak', '--config', config], io);
    assert.equal(code, 0, said.join(''));
    own.travelTo(NOW + 1);
    await isRefused(before, own);
    const ring = own.node.parts.keyring.current;
    const ownSealer = createSealer({
      ring,
      reread: () => false,
      clock: () => NOW,
      random: systemRandom(),
      observe: () => {},
    });
    const value = sealedValueOf('ST-', await newTicket(own)) ?? '';
    const opened = ownSealer.open(casSt, '', value) ?? assert.fail();
    const ticket = decodeServiceTicket(opened.body, opened.iat) ?? assert.fail();
    const withLineage = (lineage: ServiceTicket['lineage'], id: number): string => {
      const body = encodeServiceTicket({ ...ticket, lineage, id: Buffer.alloc(8, id) }, NOW + 1);
      const made = ownSealer.seal(casSt, { context: '', iat: NOW + 1, exp: NOW + 11, body });
      return 'token' in made ? asTicket(made.token) : assert.fail(made.refused);
    };
    await isRefused(withLineage([leaked.slice(0, 4)], 1), own);
    const other = leaked.startsWith('0000') ? '1111' : '0000';
    assert.equal((await validate(own, withLineage([other], 2))).user, 'alice');
  } finally {
    await own.close();
  }
});

// CWE-863: the address in the ticket's name is the one that is validated, but for what clients write in two ways; the service
// whose policy held must be the same for both.
test('a floor is not passed by asking for a page under the policy of the service around it', async () => {
  const browser = new PersonBrowser();
  await casLogin(node, browser);
  const direct = await browser.get(node, casPath('login', { service: ADMIN, gateway: 'true' }));
  assert.equal(direct.headers.location, ADMIN, 'a password alone is not enough for it');
  for (const service of [`${ADMIN};jsessionid=1`, `${APP};jsessionid=1/admin`, `${APP}/%61dmin`, `${APP}//admin`]) {
    const answer = await browser.get(node, casPath('login', { service }));
    assert.deepEqual([answer.status, answer.headers.location], [400, undefined], service);
  }
  const ticket = ticketOf(await browser.get(node, casPath('login', { service: APP })));
  const told = await ask(node, 'p3/serviceValidate', { service: `${ADMIN};jsessionid=1`, ticket });
  assert.equal(told.code, 'UNAUTHORIZED_SERVICE');
});
