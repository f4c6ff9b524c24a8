// The login page over HTTP: what it takes, what it refuses, and what people meet who do not go straight through.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { NOW, type OneNode, startOneNode } from '../support/one-node.ts';
import {
  authnRequest,
  formTokenOf,
  heading,
  PersonBrowser,
  redirectPath,
  samlResponse,
  statusOf,
} from '../support/person.ts';

let node: OneNode;
before(async () => {
  node = await startOneNode({ environment: { SIGNET_THROTTLE_ENABLED: 'false' } });
});
after(() => node.close());

async function loginPage(fields = {}) {
  const browser = new PersonBrowser();
  const { answer, flowPath } = await browser.start(node, { now: node.time.now, ...fields });
  assert.equal(heading(answer), 'Sign in');
  return { browser, page: answer, path: flowPath ?? assert.fail() };
}

test('a password signs in; RelayState comes back byte for byte; the flow cookie is gone', async () => {
  const relayState = `state "quotes" & <angle> ' ${'é'.repeat(100)} ${'x'.repeat(280)}`;
  const { browser, page, path } = await loginPage({ relayState });
  const answer = await browser.login(node, path, page);
  assert.equal(statusOf(answer), 'Success');
  const escaped = relayState
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
  assert.ok(answer.text.includes(`name="RelayState" value="${escaped}"`), answer.text.slice(0, 900));
  assert.deepEqual([...browser.cookies.keys()], ['__Host-signet_sso', '__Host-signet_device']);
});

test('a wrong password: the same page again, with the name, after a redirect', async () => {
  const { browser, page, path } = await loginPage();
  const posted = await browser.login(node, path, page, 'alice', 'wrong horse');
  assert.equal(posted.status, 303);
  const again = await browser.get(node, posted.headers.location ?? '');
  assert.match(again.text, /role="alert"/);
  assert.match(again.text, /The user name or the password is not right/);
  assert.match(again.text, /value="alice"/);
  assert.equal(statusOf(await browser.login(node, path, again)), 'Success');
});

test('a name that has no room in the cookie is not typed twice either: the answer itself shows it again', async () => {
  const { browser, page, path } = await loginPage();
  for (const [typed, shown] of [
    [`${'a'.repeat(53)}@example.org`, `${'a'.repeat(53)}@example.org`],
    ['ä'.repeat(33), 'ä'.repeat(33)],
    // Nobody's, and not thrown back six times as long.
    ['x'.repeat(10_000), 'x'.repeat(256)],
  ] as const) {
    const posted = await browser.login(node, path, page, typed, 'wrong horse');
    assert.equal(posted.status, 400);
    assert.match(posted.text, /The user name or the password is not right/);
    assert.ok(posted.text.includes(`value="${shown}"`), posted.text);
    assert.doesNotMatch(posted.text, /wrong horse/);
    const again = await browser.get(node, path);
    assert.ok(!again.text.includes(shown), 'kept nowhere');
    assert.equal(heading(again), 'Sign in');
  }
  assert.equal(statusOf(await browser.login(node, path, page)), 'Success');
});

// CWE-204: an unknown name must look the same as a wrong password, cookie lengths included.
test('an unknown name is told exactly what a wrong password is told', async () => {
  const seen = [];
  for (const name of ['alice', 'nobod']) {
    const { browser, page, path } = await loginPage();
    const posted = await browser.login(node, path, page, name, 'wrong horse');
    const again = await browser.get(node, path);
    const cookie = posted.setCookies[0] ?? '';
    seen.push({
      status: posted.status,
      length: cookie.length,
      // The flow's own id, which is random, stands in both forms.
      text: again.text.replace(/value="[^"]*"/g, '').replaceAll(`action="${path}"`, ''),
    });
  }
  assert.deepEqual(seen[0], seen[1]);
});

const nameRows = [
  '',
  'a'.repeat(64),
  'a'.repeat(65),
  'ä'.repeat(200),
  '\u0000alice',
  '<script>alert(1)</script>',
  `"><script>alert(1)</script>${'x'.repeat(60)}`,
  'constructor',
  '__proto__',
];
for (const name of nameRows) {
  test(`a name like ${JSON.stringify(name.slice(0, 30))} is a wrong name, and never more`, async () => {
    const { browser, page, path } = await loginPage();
    const posted = await browser.login(node, path, page, name, 'wrong horse');
    // What fits into the cookie is shown after a redirect.
    assert.equal(posted.status, Buffer.byteLength(name) > 64 ? 400 : 303);
    const again = posted.status === 303 ? await browser.get(node, path) : posted;
    assert.match(again.text, /not right/);
    assert.ok(!again.text.includes('<script>alert'));
  });
}

test('cancelling goes back to the application with a refusal', async () => {
  const { browser, page, path } = await loginPage();
  const answer = await browser.post(node, path, { form_token: formTokenOf(page), cancel: '1' });
  assert.equal(statusOf(answer), 'RequestDenied');
});

// Login CSRF (CWE-352): somebody else's page must not sign a person in as the attacker.
const forged: readonly {
  name: string;
  headers: Record<string, string>;
  form?: Record<string, string>;
  cookies?: false;
  status: number;
}[] = [
  { name: 'from another site', headers: { 'Sec-Fetch-Site': 'cross-site' }, status: 403 },
  { name: 'from the same site, another origin', headers: { 'Sec-Fetch-Site': 'same-site' }, status: 403 },
  { name: 'typed, as no form ever is', headers: { 'Sec-Fetch-Site': 'none' }, status: 403 },
  { name: 'without a form token', headers: {}, form: { form_token: '' }, status: 403 },
  { name: 'with another flow’s form token', headers: {}, form: { form_token: 'AAAAAAAAAAAAAAAAAAAAAA' }, status: 403 },
  { name: 'without the flow cookie', headers: { Cookie: '' }, status: 410 },
];
for (const row of forged) {
  test(`a password posted ${row.name} is refused`, async () => {
    const { browser, page, path } = await loginPage();
    const form = { form_token: formTokenOf(page), username: 'alice', password: 'correct horse battery', ...row.form };
    const answer = await browser.post(node, path, form, row.headers);
    assert.equal(answer.status, row.status);
    assert.equal(samlResponse(answer), null);
    assert.ok(!answer.setCookies.some((line) => line.startsWith('__Host-signet_sso=') && !line.includes('Max-Age=0')));
  });
}

const originRows = [
  { name: 'our own origin', origin: 'https://idp.example.org', passes: true },
  { name: 'null, as sandboxed frames send it', origin: 'null', passes: false },
  { name: 'another origin', origin: 'https://evil.example', passes: false },
  { name: 'our name on another port', origin: 'https://idp.example.org:8443', passes: false },
  { name: 'our name over http', origin: 'http://idp.example.org', passes: false },
  { name: 'no origin', origin: undefined, passes: false },
];
for (const row of originRows) {
  test(`a browser without Sec-Fetch-Site: ${row.name} ${row.passes ? 'passes' : 'is refused'}`, async () => {
    const { browser, page, path } = await loginPage();
    const form = { form_token: formTokenOf(page), username: 'alice', password: 'correct horse battery' };
    const headers = { Cookie: browser.cookieHeader, ...(row.origin === undefined ? {} : { Origin: row.origin }) };
    const answer = await node.ask({ path, form, headers });
    assert.equal(samlResponse(answer) !== null, row.passes);
  });
}

const embedded = [
  { name: 'a frame', headers: { 'Sec-Fetch-Dest': 'iframe' } },
  { name: 'an image', headers: { 'Sec-Fetch-Dest': 'image' } },
  { name: 'a fetch', headers: { 'Sec-Fetch-Dest': 'empty' } },
  { name: 'a prefetch', headers: { 'Sec-Purpose': 'prefetch' } },
  { name: 'a prerender', headers: { 'Sec-Purpose': 'prefetch;prerender' } },
  { name: 'an old prefetch', headers: { Purpose: 'prefetch' } },
];
for (const row of embedded) {
  test(`${row.name} gets no assertion and no cookie, signed in or not`, async () => {
    const person = new PersonBrowser();
    await person.signIn(node);
    for (const browser of [new PersonBrowser(), person]) {
      const answer = await browser.get(node, redirectPath(node, { now: NOW }), row.headers);
      assert.equal(answer.status, 403);
      assert.equal(samlResponse(answer), null);
      assert.deepEqual(answer.setCookies, []);
    }
    const { path, browser } = await loginPage();
    const shown = await browser.get(node, path, row.headers);
    assert.equal(shown.status, 403);
  });
}

test('a cookie of one tab does not open another tab’s flow', async () => {
  const one = await loginPage();
  const two = await loginPage();
  const [name = ''] = [...two.browser.cookies.keys()];
  const [stolen = ''] = [...one.browser.cookies.values()];
  two.browser.cookies.set(name, stolen);
  const answer = await two.browser.get(node, two.path);
  assert.equal(answer.status, 410);
});

test('two tabs: the second is let in without a password when the first has signed in', async () => {
  const browser = new PersonBrowser();
  const first = await browser.start(node, { now: NOW });
  const second = await browser.start(node, { now: NOW, relayState: 'second' });
  await browser.login(node, first.flowPath ?? '', first.answer);
  const reloaded = await browser.get(node, second.flowPath ?? '');
  assert.equal(statusOf(reloaded), 'Success');
  assert.match(reloaded.text, /value="second"/);
});

test('two tabs: a password typed in the second is still good after the first has signed in', async () => {
  const browser = new PersonBrowser();
  const first = await browser.start(node, { now: NOW });
  const second = await browser.start(node, { now: NOW });
  await browser.login(node, first.flowPath ?? '', first.answer);
  assert.equal(statusOf(await browser.login(node, second.flowPath ?? '', second.answer)), 'Success');
});

test('back, after it is done: plain words, and nothing is asked', async () => {
  const { browser, page, path } = await loginPage();
  await browser.login(node, path, page);
  assert.equal(heading(await browser.get(node, path)), 'You are signed in already');
});

test('an older copy of the browser cannot finish the flow again', async () => {
  const { browser, page, path } = await loginPage({ forceAuthn: true });
  const older = browser.copy();
  assert.equal(statusOf(await browser.login(node, path, page)), 'Success');
  const again = await older.login(node, path, page);
  assert.equal(samlResponse(again), null);
  assert.equal(again.status, 410);
  const replay = node
    .written()
    .split('\n')
    .findLast((line) => line.includes('"event.action":"replay"'));
  const { 'event.reason': reason, 'user.name': name } = JSON.parse(replay ?? assert.fail());
  assert.deepEqual([reason, name], ['finished', 'alice']);
});

// CWE-294: a flow's cookie opens for a minute after its end, so what it was used for is remembered as long.
test('an older copy cannot finish the flow again in the minute that its cookie opens after its end', async () => {
  const { browser, page, path } = await loginPage({ forceAuthn: true });
  const older = browser.copy();
  try {
    node.travelTo(NOW + 8 * 3600 - 1);
    assert.equal(statusOf(await browser.login(node, path, page)), 'Success');
    node.travelTo(NOW + 8 * 3600 + 1);
    assert.equal(samlResponse(await older.login(node, path, page)), null);
  } finally {
    node.travelTo(NOW);
  }
});

test('a balancer’s repeat of the same request is answered again, with the same session', async () => {
  const { browser, page, path } = await loginPage();
  const repeat = browser.copy();
  const headers = { 'X-Request-Id': 'proxy-1' };
  const first = await browser.login(node, path, page, 'alice', undefined, headers);
  const second = await repeat.login(node, path, page, 'alice', undefined, headers);
  assert.equal(statusOf(second), 'Success');
  const index = (xml: string | null) => /SessionIndex="([^"]+)"/.exec(xml ?? '')?.[1];
  assert.equal(index(samlResponse(second)), index(samlResponse(first)));
});

test('a repeat on another node makes the same session', async () => {
  const other = await node.sibling();
  try {
    const { browser, page, path } = await loginPage();
    const repeat = browser.copy();
    const headers = { 'X-Request-Id': 'proxy-2' };
    const first = await browser.login(node, path, page, 'alice', undefined, headers);
    const second = await repeat.login(other, path, page, 'alice', undefined, headers);
    const index = (xml: string | null) => /SessionIndex="([^"]+)"/.exec(xml ?? '')?.[1];
    assert.ok(index(samlResponse(first)));
    assert.equal(index(samlResponse(second)), index(samlResponse(first)));
  } finally {
    await other.close();
  }
});

test('an AuthnRequest that one session has claimed is refused to another, and answered again to the same', async () => {
  const id = '_claimed';
  const alice = new PersonBrowser();
  await alice.signIn(node);
  const path = redirectPath(node, { now: NOW, id });
  assert.equal(statusOf(await alice.get(node, path)), 'Success');
  assert.equal(statusOf(await alice.get(node, path)), 'Success');
  const bob = new PersonBrowser();
  await bob.signIn(node, 'bob');
  const refused = await bob.get(node, path);
  assert.equal(refused.status, 410);
  assert.equal(heading(refused), 'This sign-in request was used before');
});

test('a POSTed request goes on after a 303, where the session counts', async () => {
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const message = Buffer.from(authnRequest(node, { now: NOW })).toString('base64');
  const posted = await browser.postFromElsewhere(node, '/saml/idp/sso', { SAMLRequest: message, RelayState: 'r' });
  assert.equal(posted.status, 303);
  assert.equal(statusOf(await browser.get(node, posted.headers.location ?? '')), 'Success');
});

test('an expired login context starts over with its parameters; after eight hours a page says what to do', async () => {
  const started = NOW;
  const { browser, page, path } = await loginPage({ relayState: 'kept' });
  node.travelTo(started + 7 * 3600);
  const answer = await browser.login(node, path, page);
  assert.equal(statusOf(answer), 'Success');
  assert.match(answer.text, /value="kept"/);
  node.travelTo(started);
  const late = await loginPage();
  node.travelTo(started + 8 * 3600 + 61);
  const gone = await late.browser.get(node, late.path);
  assert.equal(heading(gone), 'This sign-in page is no longer in use');
  node.travelTo(started);
});

test('ForceAuthn asks although the person is signed in, and says why', async () => {
  const browser = new PersonBrowser();
  await browser.signIn(node);
  const { answer } = await browser.start(node, { now: NOW, forceAuthn: true });
  assert.equal(heading(answer), 'Sign in');
  assert.match(answer.text, /confirm once more that it is you/);
  assert.match(answer.text, /value="alice"/);
});

const garbage = [
  { name: 'no message', path: '/saml/idp/sso' },
  { name: 'no base64', path: '/saml/idp/sso?SAMLRequest=%%%' },
  {
    name: 'base64 of nothing',
    path: `/saml/idp/sso?SAMLRequest=${encodeURIComponent(Buffer.from('hello').toString('base64'))}`,
  },
  {
    name: 'deflated nonsense',
    path: `/saml/idp/sso?SAMLRequest=${encodeURIComponent(deflateRawSync('hello').toString('base64'))}`,
  },
  { name: 'a flow that is none', path: '/flow/..%2f..%2fetc' },
  { name: 'a long flow id', path: `/flow/${'a'.repeat(500)}` },
  { name: 'a broken escape', path: '/flow/%E0%A4%A' },
  { name: 'an unknown page', path: '/admin' },
  { name: 'a prototype name', path: '/__proto__' },
];
for (const row of garbage) {
  test(`${row.name}: a page in plain words with a reference, never a trace`, async () => {
    const answer = await new PersonBrowser().get(node, row.path);
    assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status));
    assert.match(answer.text, /<h1>[^<]+<\/h1>/);
    assert.doesNotMatch(answer.text, /\bat \w+ \(|node_modules|Error:/);
    assert.equal(answer.headers['x-powered-by'], undefined);
  });
}

const bodies = [
  { name: 'a repeated field', text: 'SAMLRequest=a&SAMLRequest=b', status: 400 },
  { name: 'too many fields', text: Array.from({ length: 60 }, (_, i) => `f${i}=1`).join('&'), status: 413 },
  { name: 'too large', text: `SAMLRequest=${'a'.repeat(300_000)}`, status: 413 },
];
for (const row of bodies) {
  test(`a form with ${row.name} is refused with a page`, async () => {
    const answer = await node.ask({ path: '/saml/idp/sso', body: row.text });
    assert.equal(answer.status, row.status);
    assert.match(answer.text, /<h1>/);
  });
}

test('every answer carries the security headers; no form-action, so that sign-ins can end elsewhere', async () => {
  const { page } = await loginPage();
  const csp = String(page.headers['content-security-policy']);
  assert.match(csp, /default-src 'none'/);
  assert.match(csp, /frame-ancestors 'none'/);
  assert.doesNotMatch(csp, /unsafe-inline|form-action/);
  assert.equal(page.headers['referrer-policy'], 'same-origin');
  assert.equal(page.headers['cache-control'], 'no-store');
  assert.match(String(page.headers['strict-transport-security']), /max-age=\d+/);
});

test('neither passwords nor cookies nor responses are ever written to the log or the audit', async () => {
  const { browser, page, path } = await loginPage();
  const [flowCookie = ''] = [...browser.cookies.values()];
  await browser.login(node, path, page, 'alice', 'a wrong secret word');
  const answer = await browser.login(node, path, page);
  const written = node.written();
  assert.match(written, /"event.action":"login"/);
  assert.match(written, /"event.action":"login-failed"/);
  for (const secret of [
    'correct horse battery',
    'a wrong secret word',
    flowCookie,
    ...browser.cookies.values(),
    samlResponse(answer) ?? '-',
  ]) {
    assert.ok(!written.includes(secret));
  }
});

test('a failed password names the account in the audit, and a name that nobody has is not written down', async () => {
  for (const name of ['alice', 'my secret typed in the wrong field']) {
    const { browser, page, path } = await loginPage();
    await browser.login(node, path, page, name, 'wrong horse');
  }
  const failed = node
    .written()
    .split('\n')
    .filter((line) => line.includes('"login-failed"'));
  assert.match(failed.at(-2) ?? '', /"user.id":"[\w-]{22}"/);
  assert.doesNotMatch(failed.at(-1) ?? '', /user\.id|my secret/);
});

// CWE-400: what costs nothing must not take room in the table that everybody's sign-in needs.
test('refusals take no room in the replay table: nobody can fill it without signing in', async () => {
  const small = await startOneNode({ environment: { SIGNET_SPENT_CAPACITY: '100' } });
  try {
    for (let i = 0; i < 300; i += 1) {
      const browser = new PersonBrowser();
      const message = Buffer.from(authnRequest(small, { now: NOW, passive: true })).toString('base64');
      const posted = await browser.postFromElsewhere(small, '/saml/idp/sso', { SAMLRequest: message });
      assert.equal(statusOf(await browser.get(small, posted.headers.location ?? '')), 'NoPassive');
    }
    await new PersonBrowser().signIn(small);
  } finally {
    await small.close();
  }
});

test('/saml/idp/init with a parameter twice is refused', async () => {
  const answer = await new PersonBrowser().get(node, '/saml/idp/init?sp=a&sp=b');
  assert.equal(answer.status, 400);
});
