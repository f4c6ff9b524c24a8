// Where people are sent, and what is written into answers. CWE-601, CWE-113, CWE-79, CWE-91, CWE-116; for services that are
// not what they look like: test/parties/service-index.test.ts.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  APP,
  ask,
  casLogin,
  casPath,
  newTicket,
  samlRequest,
  samlValidate,
  ticketOf,
  validate,
} from '../../support/cas.ts';
import { parseForms } from '../../support/forms.ts';
import { type OneNode, startOneNode } from '../../support/one-node.ts';
import { heading, PersonBrowser } from '../../support/person.ts';

const HOSTILE = [
  '</cas:user><cas:user>admin</cas:user>',
  ']]><!--&lt;"\'',
  '{"user":"admin"}\\",',
  '&admin;',
  '<script>alert(1)</script>',
];

let node: OneNode;
before(async () => {
  node = await startOneNode({
    environment: { SIGNET_THROTTLE_ENABLED: 'false' },
    attributes: new Map([
      ['mail', ['person@example.org']],
      ['description', HOSTILE],
      ['title', ['</saml1:AttributeValue><x/>']],
    ]),
    services: [
      {
        url: APP,
        attributes: ['description', { name: '__proto__', from: 'mail' }, { name: 'constructor', from: 'mail' }],
      },
      { url: 'https://titled.example.org/', user: 'title' },
    ],
  });
});
after(() => node.close());

const FOREIGN = [
  'https://evil.example/',
  'https://wiki.example.org.evil.example/app',
  'https://wiki.example.org@evil.example/app',
  'https://wiki.example.org/application',
  'https://wiki.example.org/app/..%2f..%2fevil',
  'https://wiki.example.org\\@evil.example/app',
  '//evil.example/app',
  'javascript:alert(1)//https://wiki.example.org/app',
  'data:text/html,<script>alert(1)</script>',
  `${APP}\r\nSet-Cookie: a=b`,
  `${APP}\u0000`,
  ' https://wiki.example.org/app',
];

for (const service of FOREIGN) {
  test(`nobody is sent to ${JSON.stringify(service)}`, async () => {
    const browser = new PersonBrowser();
    for (const rest of [{}, { gateway: 'true' }, { renew: 'true' }, { method: 'POST' }]) {
      const answer = await browser.get(node, casPath('login', { service, ...rest }));
      assert.equal(answer.status, 400);
      assert.equal(answer.headers.location, undefined);
      assert.equal(heading(answer), 'This application is not registered here');
      assert.doesNotMatch(answer.text, /evil|alert/);
    }
    const out = await browser.get(node, casPath('logout', { service }));
    assert.equal(out.headers.location, undefined);
    await casLogin(node, browser);
    const signedIn = await browser.get(node, casPath('login', { service, gateway: 'true' }));
    assert.equal(signedIn.status, 400);
    const page = await browser.get(node, casPath('logout', { service }));
    const [form] = parseForms(page.text);
    const fields = Object.fromEntries((form?.fields ?? []).map(({ name, value }) => [name, value]));
    const signedOut = await browser.post(node, '/logout', { ...fields, cas_service: service });
    assert.equal(signedOut.status, 200);
    assert.equal(signedOut.headers.location, undefined);
  });
}

// §2.3: anybody can write a link that signs somebody out.
test('a link to /cas/logout signs nobody out by itself', async () => {
  const browser = new PersonBrowser();
  await casLogin(node, browser);
  await browser.get(node, casPath('logout', { service: APP }));
  assert.match((await browser.get(node, casPath('login', { service: APP }))).headers.location ?? '', /ticket=ST-/);
  const posted = await browser.post(node, '/logout', { cas_service: APP });
  assert.equal(posted.status, 403);
});

test('a service that repeats gateway gets one answer each time, and never a page', async () => {
  const browser = new PersonBrowser();
  for (let i = 0; i < 5; i += 1) {
    const answer = await browser.get(node, casPath('login', { service: APP, gateway: 'true' }));
    assert.equal(answer.headers.location, APP);
    assert.equal(browser.cookies.size, 0, 'nothing is left behind');
  }
});

test('a ticket goes nowhere but into the query of the address that was asked for', async () => {
  const browser = new PersonBrowser();
  await casLogin(node, browser);
  for (const rest of ['', '/a', '?b=1', '?', '/a?b=1#c', '#c', '?next=https://evil.example/']) {
    const answer = await browser.get(node, casPath('login', { service: APP + rest }));
    const url = new URL(answer.headers.location ?? '');
    assert.equal(url.origin, 'https://wiki.example.org');
    assert.match(url.searchParams.get('ticket') ?? '', /^ST-/);
    assert.doesNotMatch(url.hash, /ticket/);
  }
});

test('frames, images and prefetches get no ticket', async () => {
  const browser = new PersonBrowser();
  await casLogin(node, browser);
  for (const headers of [
    { 'Sec-Fetch-Dest': 'iframe' },
    { 'Sec-Fetch-Dest': 'image' },
    { 'Sec-Purpose': 'prefetch' },
  ]) {
    const answer = await browser.get(node, casPath('login', { service: APP }), headers);
    assert.equal(answer.status, 403);
    assert.equal(answer.headers.location, undefined);
  }
});

test('the form that posts a ticket escapes the address', async () => {
  const service = `${APP}?a="><script>alert(1)</script>&b='`;
  const answer = await casLogin(node, new PersonBrowser(), { service, method: 'POST' });
  assert.doesNotMatch(answer.text, /<script>alert/);
  assert.equal(parseForms(answer.text)[0]?.action, service);
  assert.match(ticketOf(answer), /^ST-/);
});

test('attributes are text, whatever stands in them: XML', async () => {
  const told = await validate(node, await newTicket(node));
  assert.equal(told.user, 'alice');
  const values = told.attributes?.filter(([name]) => name === 'description').map(([, value]) => value);
  assert.deepEqual(values, HOSTILE);
  assert.equal(told.text.match(/<cas:user>/g)?.length, 1);
});

test('attributes are text, whatever stands in them: JSON', async () => {
  const path = casPath('p3/serviceValidate', { service: APP, ticket: await newTicket(node), format: 'JSON' });
  const answer = await node.ask({ path });
  assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  const success = JSON.parse(answer.text).serviceResponse.authenticationSuccess;
  assert.equal(success.user, 'alice');
  assert.deepEqual(success.attributes.description, HOSTILE);
  assert.ok(Object.hasOwn(success.attributes, '__proto__') && Object.hasOwn(success.attributes, 'constructor'));
});

test('attributes are text, whatever stands in them: SAML 1.1', async () => {
  const answer = await samlValidate(node, samlRequest(await newTicket(node)));
  assert.match(answer.text, /&lt;script&gt;alert\(1\)&lt;\/script&gt;/);
  assert.doesNotMatch(answer.text, /<script|<cas:user/);
});

// CWE-248: no request of anybody is a fault of the node's.
test('what XML cannot hold stands in no answer, whoever sent it', async () => {
  for (const character of ['\u0000', '\u0001', '\u001b', '\uffff', '\ud800']) {
    for (const body of ['x', samlRequest('ST-x')]) {
      const answer = await samlValidate(node, body, { TARGET: `${APP}${character}` });
      assert.match(answer.text, /^<soap:Envelope.*<saml1p:StatusMessage>/, JSON.stringify(character));
    }
    const told = await ask(node, 'serviceValidate', { service: `${APP}${character}`, ticket: `ST-${character}` });
    assert.equal(told.kind, 'authenticationFailure');
  }
  assert.doesNotMatch(node.written(), /"message":"fault"/);
});

test('a name is text too', async () => {
  const service = 'https://titled.example.org/';
  const told = await validate(node, await newTicket(node, { service }), { service });
  assert.equal(told.user, '</saml1:AttributeValue><x/>');
});

test('what is wrong is told without what was sent', async () => {
  const ticket = '"><script>alert(1)</script>';
  for (const service of [APP, 'https://evil.example/"><x>']) {
    for (const format of ['XML', 'JSON']) {
      const { text } = await node.ask({ path: casPath('serviceValidate', { service, ticket, format }) });
      assert.doesNotMatch(text, /alert|evil|"><x>/);
    }
  }
  const told = await ask(node, 'serviceValidate', { service: APP, ticket, pgtUrl: 'https://evil.example/' });
  assert.equal(told.code, 'INVALID_TICKET');
});

test('answers for programs are kept by nobody, and read by no script of another site', async () => {
  const path = casPath('serviceValidate', { service: APP, ticket: await newTicket(node) });
  const answer = await node.ask({ path, headers: { Origin: 'https://evil.example' } });
  assert.equal(answer.headers['cache-control'], 'no-store');
  assert.equal(answer.headers['access-control-allow-origin'], undefined);
});
