// The CAS server over HTTP: every endpoint and what each tells, single sign-on from SAML, two nodes. CAS Protocol 3.0.3.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  APP,
  ask,
  type CasTold,
  casLogin,
  casPath,
  newTicket,
  type Params,
  samlRequest,
  samlValidate,
  ticketOf,
  validate,
} from '../support/cas.ts';
import { parseForms } from '../support/forms.ts';
import { type Answer, NOW, type OneNode, startOneNode } from '../support/one-node.ts';
import { formTokenOf, heading, PersonBrowser, statusOf } from '../support/person.ts';

const PAYROLL = 'https://payroll.example.org/';
const LIBRARY = 'https://library.example.org/cas';

let node: OneNode;
before(async () => {
  node = await startOneNode({
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    services: [
      { url: APP, name: 'Wiki', attributes: ['mail', { name: 'groups', from: 'isMemberOf' }] },
      { url: PAYROLL, assurance: { floor: 'aal2' } },
      { url: LIBRARY, user: 'mail' },
      { url: 'https://nobody.example.org/', user: 'employeeNumber' },
    ],
  });
});
after(() => node.close());

test('a password, then a ticket; it is good for one validation, and says who, when and how', async () => {
  const answer = await casLogin(node, new PersonBrowser());
  assert.equal(answer.status, 303);
  assert.match(answer.headers.location ?? '', /^https:\/\/wiki\.example\.org\/app\?ticket=ST-[A-Za-z0-9-]+$/);
  const ticket = ticketOf(answer);
  const told = await validate(node, ticket);
  assert.equal(told.kind, 'authenticationSuccess');
  assert.equal(told.user, 'alice');
  assert.deepEqual(told.attributes, [
    ['authenticationDate', new Date(NOW * 1000).toISOString().replace('.000', '')],
    ['longTermAuthenticationRequestTokenUsed', 'false'],
    ['isFromNewLogin', 'true'],
    ['mail', 'person@example.org'],
  ]);
  assert.equal((await validate(node, ticket)).code, 'INVALID_TICKET');
});

// §3.1.1, §3.2.1, §3.7: what clients must be able to take.
test('a ticket has at most 256 characters, all of them letters, digits and hyphens', async () => {
  for (let i = 0; i < 5; i += 1) assert.match(await newTicket(node), /^ST-[A-Za-z0-9]{1,253}$/);
});

test('single sign-on from SAML to CAS, to another service, and back, without a page', async () => {
  const browser = new PersonBrowser();
  const { answer, flowPath } = await browser.start(node, { now: node.time.now });
  assert.equal(statusOf(await browser.login(node, flowPath ?? '', answer)), 'Success');
  const first = await browser.get(node, casPath('login', { service: APP }));
  const told = await validate(node, ticketOf(first));
  assert.equal(told.user, 'alice');
  assert.deepEqual(told.attributes?.[2], ['isFromNewLogin', 'false']);
  const second = ticketOf(await browser.get(node, casPath('login', { service: LIBRARY })));
  assert.equal((await validate(node, second, { service: LIBRARY })).user, 'person@example.org');
  assert.equal(statusOf((await browser.start(node, { now: node.time.now })).answer), 'Success');
});

test('a ticket of one node is validated on another', async () => {
  const sibling = await node.sibling();
  try {
    const ticket = await newTicket(node);
    assert.equal((await validate(sibling, ticket)).user, 'alice');
    assert.equal((await validate(sibling, ticket)).code, 'INVALID_TICKET');
  } finally {
    await sibling.close();
  }
});

test('renew asks again, and its ticket says so; a ticket of single sign-on does not pass where renew is set', async () => {
  const browser = new PersonBrowser();
  await casLogin(node, browser);
  const again = await browser.get(node, casPath('login', { service: APP, renew: 'true' }));
  assert.match(again.headers.location ?? '', /^\/flow\//);
  const fresh = ticketOf(await casLogin(node, browser, { service: APP, renew: 'true' }));
  assert.equal((await validate(node, fresh, { renew: 'true' })).user, 'alice');
  const reused = await newTicket(node, { service: APP }, browser);
  const refused = await validate(node, reused, { renew: 'true' });
  assert.equal(refused.code, 'INVALID_TICKET');
  assert.match(refused.text, /renew was set/);
  const unset = await newTicket(node, { service: APP, renew: 'false' }, browser);
  assert.equal((await validate(node, unset, { renew: '' })).user, 'alice');
});

test('gateway never shows a page: back without a ticket, or with one', async () => {
  const browser = new PersonBrowser();
  const service = `${APP}?page=1#top`;
  const without = await browser.get(node, casPath('login', { service, gateway: 'true' }));
  assert.equal(without.status, 303);
  assert.equal(without.headers.location, service);
  await casLogin(node, browser);
  const ticket = await browser.get(node, casPath('login', { service, gateway: 'true' }));
  assert.match(ticket.headers.location ?? '', /^https:\/\/wiki\.example\.org\/app\?page=1&ticket=ST-\w+#top$/);
  assert.equal((await validate(node, ticketOf(ticket), { service })).user, 'alice');
});

test('renew counts where both are set (§2.1.1)', async () => {
  const answer = await new PersonBrowser().get(
    node,
    casPath('login', { service: APP, gateway: 'true', renew: 'true' }),
  );
  assert.match(answer.headers.location ?? '', /^\/flow\//);
});

test('method=POST takes the ticket in a form', async () => {
  const answer = await casLogin(node, new PersonBrowser(), { service: `${APP}?a=1`, method: 'POST' });
  const [form] = parseForms(answer.text);
  assert.equal(form?.action, `${APP}?a=1`);
  assert.equal((await validate(node, ticketOf(answer), { service: `${APP}?a=1` })).user, 'alice');
});

test('without a service there is only the page of Signet itself', async () => {
  const answer = await new PersonBrowser().get(node, '/cas/login');
  assert.equal(answer.headers.location, '/');
  assert.equal((await new PersonBrowser().get(node, '/cas/login?service=')).headers.location, '/');
});

test('CAS 1.0: two lines', async () => {
  const read = async (parameters: Params): Promise<string> =>
    (await node.ask({ path: casPath('validate', parameters) })).text;
  const ticket = await newTicket(node);
  assert.equal(await read({ service: APP, ticket }), 'yes\nalice\n');
  assert.equal(await read({ service: APP, ticket }), 'no\n\n');
  assert.equal(await read({ ticket: await newTicket(node) }), 'no\n\n');
});

test('CAS 2.0 tells the name alone; CAS 3.0 the attributes of the policy', async () => {
  for (const endpoint of ['serviceValidate', 'proxyValidate']) {
    const told = await ask(node, endpoint, { service: APP, ticket: await newTicket(node) });
    assert.equal(told.user, 'alice');
    assert.equal(told.attributes, null);
    const three = await ask(node, `p3/${endpoint}`, { service: APP, ticket: await newTicket(node) });
    assert.ok(three.attributes?.some(([name]) => name === 'mail'));
  }
});

test('JSON', async () => {
  const read = async (ticket: string): Promise<unknown> => {
    const answer = await node.ask({ path: casPath('p3/serviceValidate', { service: APP, ticket, format: 'json' }) });
    assert.equal(answer.headers['content-type'], 'application/json');
    return JSON.parse(answer.text);
  };
  const ticket = await newTicket(node);
  assert.deepEqual(await read(ticket), {
    serviceResponse: {
      authenticationSuccess: {
        user: 'alice',
        attributes: {
          authenticationDate: new Date(NOW * 1000).toISOString().replace('.000', ''),
          longTermAuthenticationRequestTokenUsed: false,
          isFromNewLogin: true,
          mail: 'person@example.org',
        },
      },
    },
  });
  assert.deepEqual(await read(ticket), {
    serviceResponse: {
      authenticationFailure: {
        code: 'INVALID_TICKET',
        description: 'The ticket is unknown, has expired or was used before.',
      },
    },
  });
});

test('SAML 1.1: the ticket in a SOAP request, the answer an assertion', async () => {
  const ticket = await newTicket(node);
  const answer = await samlValidate(node, samlRequest(ticket));
  assert.match(answer.headers['content-type'] ?? '', /^text\/xml/);
  assert.match(answer.text, /<saml1p:StatusCode Value="saml1p:Success">/);
  assert.match(answer.text, /<saml1:NameIdentifier>alice<\/saml1:NameIdentifier>/);
  assert.match(answer.text, /<saml1:Audience>https:\/\/wiki\.example\.org\/app<\/saml1:Audience>/);
  assert.match(answer.text, /AttributeName="mail"[^>]*><saml1:AttributeValue>person@example\.org</);
  const again = await samlValidate(node, samlRequest(ticket));
  assert.match(again.text, /Value="saml1p:RequestDenied"/);
  assert.match(again.text, /<saml1p:StatusMessage>INVALID_TICKET: /);
});

const envelopes: readonly { readonly name: string; readonly body: (ticket: string) => string }[] = [
  { name: 'nothing', body: () => '' },
  { name: 'no XML', body: (ticket) => ticket },
  { name: 'a form', body: (ticket) => `ticket=${ticket}` },
  { name: 'a DOCTYPE', body: (ticket) => samlRequest(ticket).replace('?>', '?><!DOCTYPE x [<!ENTITY e "x">]>') },
  { name: 'a comment in the ticket', body: (ticket) => samlRequest(ticket.replace('ST-', 'ST-<!-- -->')) },
  {
    name: 'two tickets',
    body: (ticket) => samlRequest(`${ticket}</samlp:AssertionArtifact><samlp:AssertionArtifact>x`),
  },
  {
    name: 'another namespace',
    body: (ticket) => samlRequest(ticket).replace('SAML:1.0:protocol', 'SAML:2.0:protocol'),
  },
  { name: 'another version', body: (ticket) => samlRequest(ticket).replace('MajorVersion="1"', 'MajorVersion="2"') },
  { name: 'no body', body: (ticket) => samlRequest(ticket).replaceAll('SOAP-ENV:Body', 'SOAP-ENV:Tail') },
  { name: 'an element in the ticket', body: (ticket) => samlRequest(`<x>${ticket}</x>`) },
];
for (const { name, body } of envelopes) {
  test(`SAML 1.1, refused: ${name}`, async () => {
    const answer = await samlValidate(node, body(await newTicket(node)));
    assert.equal(answer.status, 200);
    assert.match(answer.text, /Value="saml1p:Requester"/);
    assert.doesNotMatch(answer.text, /alice/);
  });
}

test('SAML 1.1: a body that is too long is answered in the protocol', async () => {
  const answer = await samlValidate(node, samlRequest('x'.repeat(70_000)));
  assert.match(answer.text, /INTERNAL_ERROR/);
});

interface Row {
  readonly name: string;
  readonly code: string;
  readonly ask: () => Promise<CasTold>;
}

const VALIDATIONS = ['serviceValidate', 'proxyValidate', 'p3/serviceValidate', 'p3/proxyValidate'];
const rows: readonly Row[] = VALIDATIONS.flatMap((endpoint): Row[] => {
  const with_ =
    (parameters: (ticket: string) => Params): Row['ask'] =>
    async () =>
      ask(node, endpoint, parameters(await newTicket(node)));
  return [
    { name: 'no service', code: 'INVALID_REQUEST', ask: with_((ticket) => ({ ticket })) },
    { name: 'an empty service', code: 'INVALID_REQUEST', ask: with_((ticket) => ({ ticket, service: '' })) },
    { name: 'no ticket', code: 'INVALID_REQUEST', ask: with_(() => ({ service: APP })) },
    { name: 'nothing', code: 'INVALID_REQUEST', ask: with_(() => ({})) },
    {
      name: 'an unknown format',
      code: 'INVALID_REQUEST',
      ask: with_((ticket) => ({ service: APP, ticket, format: 'YAML' })),
    },
    { name: 'a ticket that is none', code: 'INVALID_TICKET', ask: with_(() => ({ service: APP, ticket: 'ST-1-abc' })) },
    {
      name: 'a ticket too long',
      code: 'INVALID_REQUEST',
      ask: with_(() => ({ service: APP, ticket: `ST-${'a'.repeat(260)}` })),
    },
    { name: 'another service', code: 'INVALID_SERVICE', ask: with_((ticket) => ({ service: LIBRARY, ticket })) },
    { name: 'another page', code: 'INVALID_SERVICE', ask: with_((ticket) => ({ service: `${APP}/x`, ticket })) },
    {
      name: 'no service of ours',
      code: 'UNAUTHORIZED_SERVICE',
      ask: with_((ticket) => ({ service: 'https://evil.example/', ticket })),
    },
    {
      name: 'a service that is no proxy',
      code: 'UNAUTHORIZED_SERVICE_PROXY',
      ask: with_((ticket) => ({ service: APP, ticket, pgtUrl: `${APP}/cb` })),
    },
  ].map((row) => ({ ...row, name: `${endpoint}: ${row.name}` }));
});
for (const row of rows) {
  test(`${row.name} is ${row.code}`, async () => {
    const told = await row.ask();
    assert.equal(told.kind, 'authenticationFailure');
    assert.equal(told.code, row.code);
    assert.equal(told.user, null);
  });
}

test('a parameter that stands twice is refused everywhere', async () => {
  const ticket = await newTicket(node);
  const twice = `service=${encodeURIComponent(APP)}&ticket=${ticket}&ticket=${ticket}`;
  for (const endpoint of VALIDATIONS) {
    const { text } = await node.ask({ path: `/cas/${endpoint}?${twice}` });
    assert.match(text, /code="INVALID_REQUEST"/);
  }
  assert.equal((await node.ask({ path: `/cas/validate?${twice}` })).text, 'no\n\n');
  const service = encodeURIComponent(APP);
  const page = await new PersonBrowser().get(node, `/cas/login?service=${service}&service=${service}`);
  assert.equal(page.status, 400);
});

test('a ticket is used up by a validation for another service (§2.5.3)', async () => {
  const ticket = await newTicket(node);
  assert.equal((await validate(node, ticket, { service: LIBRARY })).code, 'INVALID_SERVICE');
  assert.equal((await validate(node, ticket)).code, 'INVALID_TICKET');
});

test('a ticket ends: ten seconds, and ten more for a node whose clock is behind', async () => {
  const [early, late] = [await newTicket(node), await newTicket(node)];
  try {
    node.travelTo(NOW + 19);
    assert.equal((await validate(node, early)).user, 'alice');
    node.travelTo(NOW + 20);
    assert.equal((await validate(node, late)).code, 'INVALID_TICKET');
  } finally {
    node.travelTo(NOW);
  }
});

test('what a client may write in two ways is one service; what it may not, is not', async () => {
  const same: readonly (readonly [string, string])[] = [
    [APP, 'https://WIKI.example.org:443/app'],
    [`${APP}#top`, APP],
    [`${APP}?ticket=ST-old&a=1`, `${APP}?a=1`],
    [`${APP}/x;jsessionid=123?a=1`, `${APP}/x?a=1`],
  ];
  for (const [asked, shown] of same) {
    const ticket = await newTicket(node, { service: asked });
    assert.equal((await validate(node, ticket, { service: shown })).user, 'alice', `${asked} and ${shown}`);
  }
  const others: readonly (readonly [string, string])[] = [
    [APP, `${APP}/`],
    [`${APP}?a=1`, `${APP}?a=2`],
    [`${APP}?a=1`, APP],
    [`${APP}/a%20b`, `${APP}/a b`],
    [`${APP}/x`, `${APP}/X`],
  ];
  for (const [asked, shown] of others) {
    const ticket = await newTicket(node, { service: asked });
    assert.match((await validate(node, ticket, { service: shown })).code ?? '', /SERVICE/, `${asked} and ${shown}`);
  }
});

test('a ticket of before in the address is taken out, so that there are never two', async () => {
  const answer = await casLogin(node, new PersonBrowser(), { service: `${APP}?a=1&ticket=ST-old&%74icket=x&b=2` });
  assert.match(answer.headers.location ?? '', /\/app\?a=1&b=2&ticket=ST-\w+$/);
});

test('whoever has no name for the service is told so by nobody else', async () => {
  const service = 'https://nobody.example.org/';
  const told = await validate(node, await newTicket(node, { service }), { service });
  assert.equal(told.code, 'INTERNAL_ERROR');
});

test('signing out ends tickets that were not validated yet', async () => {
  const browser = new PersonBrowser();
  const ticket = ticketOf(await casLogin(node, browser));
  const page = await browser.get(node, '/logout');
  await browser.post(node, '/logout', { form_token: formTokenOf(page) });
  assert.equal((await validate(node, ticket)).code, 'INVALID_TICKET');
});

test('more proof than there is: the person reads a page, the service gets nothing', async () => {
  const browser = new PersonBrowser();
  const answer = await casLogin(node, browser, { service: PAYROLL });
  assert.equal(answer.status, 403, answer.headers.location);
  assert.equal(heading(answer), 'You could not be identified well enough');
});

test('who cancels reads a page; the service gets nothing', async () => {
  const browser = new PersonBrowser();
  const started = await browser.get(node, casPath('login', { service: APP }));
  const location = started.headers.location ?? '';
  const page = await browser.get(node, location);
  const answer: Answer = await browser.post(node, location, { form_token: formTokenOf(page), cancel: '1' });
  assert.equal(answer.status, 403);
  assert.equal(heading(answer), 'You have cancelled');
});

test('logout asks first, and goes to a registered service only', async () => {
  const browser = new PersonBrowser();
  await casLogin(node, browser);
  const path = casPath('logout', { service: `${APP}/bye` });
  const page = await browser.get(node, path);
  assert.equal(heading(page), 'Sign out?');
  const [form] = parseForms(page.text);
  const fields = Object.fromEntries((form?.fields ?? []).map(({ name, value }) => [name, value]));
  const out = await browser.post(node, '/logout', fields);
  assert.equal(out.headers.location, `${APP}/bye`);
  // Nobody is signed in any more: there is nothing to ask.
  assert.equal((await browser.get(node, path)).headers.location, `${APP}/bye`);
  const unknown = await browser.get(node, casPath('logout', { service: 'https://evil.example/', url: APP }));
  assert.equal(unknown.status, 200);
  assert.equal(unknown.headers.location, undefined);
});
