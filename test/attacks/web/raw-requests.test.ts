// What no browser sends: messages whose end is unclear (CWE-444, RFC 9112 §11.2), other methods, other spellings of an
// address (CWE-178), bodies that are bombs (CWE-409). And what every answer to a browser carries (CWE-1021, CWE-525).
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { NOW, type OneNode, startOneNode } from '../../support/one-node.ts';
import { PersonBrowser, redirectPath, samlResponse } from '../../support/person.ts';

const APP = 'https://wiki.example.org/app';
const HOST = 'Host: idp.example.org\r\n';
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n';
const CLOSE = 'Connection: close\r\n';

let node: OneNode;
let browser: PersonBrowser;
before(async () => {
  node = await startOneNode({ services: [{ url: APP }] });
  browser = new PersonBrowser();
  await browser.signIn(node);
});
after(() => node.close());

/** Everything that comes back until the node hangs up; it must, or the test's own time runs out. */
function exchange(request: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(node.port, '127.0.0.1', () => socket.write(request));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // Refused in the middle of what is still being sent.
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

const statuses = (text: string): readonly number[] =>
  [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));

const SECOND = `GET /cas/login?service=${encodeURIComponent(APP)} HTTP/1.1\r\n${HOST}\r\n`;
const unclear: readonly { readonly name: string; readonly request: string; readonly status?: number }[] = [
  { name: 'both lengths', request: post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${SECOND}`) },
  { name: 'both, turned round', request: post('Transfer-Encoding: chunked\r\nContent-Length: 0\r\n', SECOND) },
  { name: 'two lengths', request: post('Content-Length: 3\r\nContent-Length: 0\r\n', `a=1${SECOND}`) },
  { name: 'a list of lengths', request: post('Content-Length: 3, 3\r\n', `a=1${SECOND}`) },
  { name: 'a length with a sign', request: post('Content-Length: +3\r\n', `a=1${SECOND}`) },
  { name: 'a length in hex', request: post('Content-Length: 0x3\r\n', `a=1${SECOND}`) },
  { name: 'an unknown coding', request: post('Transfer-Encoding: xchunked\r\n', `0\r\n\r\n${SECOND}`) },
  { name: 'chunked, but not last', request: post('Transfer-Encoding: chunked, identity\r\n', `0\r\n\r\n${SECOND}`) },
  { name: 'a blank before the colon', request: post('Transfer-Encoding : chunked\r\n', `0\r\n\r\n${SECOND}`) },
  { name: 'a folded line', request: post('Transfer-Encoding:\r\n chunked\r\n', `0\r\n\r\n${SECOND}`) },
  { name: 'lines that end in LF', request: `GET / HTTP/1.1\n${HOST}\n${SECOND}` },
  { name: 'a CR inside a header', request: `GET / HTTP/1.1\r\nHost: a\rContent-Length: 0\r\n\r\n${SECOND}` },
  { name: 'a chunk that ends in LF', request: post('Transfer-Encoding: chunked\r\n', `3\na=1\r\n0\r\n\r\n${SECOND}`) },
  { name: 'a chunk longer than it says', request: post('Transfer-Encoding: chunked\r\n', `1\r\na=1\r\n0\r\n\r\n`) },
  {
    name: 'a chunk with a long extension',
    request: post('Transfer-Encoding: chunked\r\n', `3;${'x'.repeat(20_000)}\r\na=1\r\n0\r\n\r\n`),
    status: 413,
  },
  { name: 'a NUL', request: `GET / HTTP/1.1\r\nHost: a\u0000b\r\n\r\n${SECOND}` },
  { name: 'no host', request: `GET / HTTP/1.1\r\n\r\n` },
  { name: 'headers of 20,000 bytes', request: `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, status: 431 },
];

function post(headers: string, body: string): string {
  return `POST /oidc/token HTTP/1.1\r\n${HOST}${FORM}${headers}\r\n${body}`;
}

for (const { name, request, status = 400 } of unclear) {
  test(`a message with ${name} is refused, and nothing behind it is read`, async () => {
    assert.deepEqual(statuses(await exchange(request)), [status]);
  });
}

const METHODS = ['OPTIONS', 'TRACE', 'PUT', 'PATCH', 'DELETE', 'PROPFIND'];
const bySession = (method: string, path: string, headers = ''): Promise<string> =>
  exchange(`${method} ${path} HTTP/1.1\r\n${HOST}Cookie: ${browser.cookieHeader}\r\n${headers}${CLOSE}\r\n`);

test('another method gets nothing that GET or POST would get, and ends nothing', async () => {
  for (const path of [redirectPath(node, { now: NOW }), '/logout', '/account', '/oidc/token', '/cas/validate']) {
    for (const method of METHODS) {
      const answer = await bySession(method, path);
      const expected = path === '/oidc/token' && method === 'OPTIONS' ? 204 : 404;
      assert.deepEqual(statuses(answer), [expected], `${method} ${path}`);
      assert.doesNotMatch(answer, /set-cookie|SAMLResponse|signet_/i, `${method} ${path}`);
    }
  }
  for (const header of ['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override']) {
    const answer = await bySession('GET', '/oidc/token?_method=POST', `${header}: POST\r\n`);
    assert.deepEqual(statuses(answer), [405], header);
  }
  assert.ok(samlResponse(await browser.copy().signIn(node)), 'still signed in');
});

test('HEAD is told about an answer, and not the answer', async () => {
  const answer = await bySession('HEAD', redirectPath(node, { now: NOW }));
  assert.deepEqual(statuses(answer), [200]);
  assert.equal(answer.slice(answer.indexOf('\r\n\r\n')), '\r\n\r\n');
});

// A proxy that limits or refuses by path sees one address; the node must not know another for the same thing.
const SPELLINGS = [
  '/CAS/login',
  '/cas/Login',
  '/cas/login/',
  '//cas/login',
  '/cas//login',
  '/./cas/login',
  '/x/../cas/login',
  '/%63as/login',
  '/cas%2flogin',
  '/cas/login;x=1',
  '/cas/login%20',
  '/cas\\login',
  '/oidc/Authorize',
  '/oidc/authorize/',
  '/SAML/idp/sso',
  '/saml/idp/sso/',
  '/ACCOUNT',
  '/account/',
  '/account/Password',
  '/Logout',
  '/FLOW/AAAAAAAA',
  '/flow/AAAAAAAA/',
];
for (const path of SPELLINGS) {
  test(`${path} is no address`, async () => {
    for (const method of ['GET', 'POST']) {
      const answer = await exchange(
        `${method} ${path}?service=${encodeURIComponent(APP)} HTTP/1.1\r\n${HOST}Content-Length: 0\r\n${CLOSE}\r\n`,
      );
      assert.deepEqual(statuses(answer), [404], method);
    }
  });
}

const BOMB = gzipSync(Buffer.alloc(20_000_000, 'a'));
const bodies: readonly { readonly name: string; readonly headers: string; readonly body: string | Buffer }[] = [
  { name: '20 MB in gzip', headers: `${FORM}Content-Encoding: gzip\r\n`, body: BOMB },
  { name: 'gzip that is none', headers: `${FORM}Content-Encoding: gzip\r\n`, body: 'a=1' },
  { name: 'an unknown encoding', headers: `${FORM}Content-Encoding: zstd, gzip\r\n`, body: 'a=1' },
  { name: 'UTF-7', headers: FORM.replace('\r\n', '; charset=utf-7\r\n'), body: 'a=1' },
  { name: '300,000 bytes', headers: FORM, body: `a=${'x'.repeat(300_000)}` },
  { name: '1,000 fields', headers: FORM, body: '&'.repeat(1000) },
  { name: 'one field 40 times', headers: FORM, body: `a=1${'&a=1'.repeat(40)}` },
];
for (const { name, headers, body } of bodies) {
  test(`a body of ${name} is refused in words, at once`, async () => {
    for (const path of ['/oidc/token', '/saml/idp/sso', '/flow/AAAAAAAA']) {
      const head = `POST ${path} HTTP/1.1\r\n${HOST}${headers}Content-Length: ${body.length}\r\n${CLOSE}\r\n`;
      const started = performance.now();
      const answer = await exchange(Buffer.concat([Buffer.from(head), Buffer.from(body)]));
      assert.ok(performance.now() - started < 2000);
      assert.match(answer, /^HTTP\/1\.1 4(?:00|13|15) /, path);
      assert.match(answer, path === '/oidc/token' ? /"error":"invalid_request"/ : /The request could not be read/);
    }
  });
}

test('a body in another form is no form: nothing of it is read', async () => {
  const json = JSON.stringify({ sp: 'https://sp.example.org/metadata', username: 'alice' });
  for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x']) {
    for (const [path, status] of [
      ['/saml/idp/sso', 400],
      ['/flow/AAAAAAAA', 403],
      ['/logout', 403],
      ['/oidc/token', 401],
    ] as const) {
      const answer = await node.ask({ path, body: json, headers: { 'Content-Type': type } });
      assert.equal(answer.status, status, `${type} ${path}`);
    }
  }
});

test('whatever is answered to a browser is kept by nobody, framed by nobody, and names no program', async () => {
  const signedIn = browser.copy();
  const { location = '' } = (await new PersonBrowser().get(node, redirectPath(node, { now: NOW }))).headers;
  const paths = ['/', '/account', '/account/password', '/logout', '/sign-in', '/nothing', location, '/flow/%zz'];
  for (const path of [...paths, redirectPath(node, { now: NOW }), '/cas/login', '/oidc/authorize', '/saml/idp/sso']) {
    const { headers, status } = await signedIn.get(node, path);
    assert.equal(headers['cache-control'], 'no-store', path);
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/, path);
    assert.equal(headers['x-frame-options'], 'DENY', path);
    assert.equal(headers['x-content-type-options'], 'nosniff', path);
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin', path);
    assert.match(String(headers['strict-transport-security']), /^max-age=31536000/, path);
    assert.equal(headers.server ?? headers['x-powered-by'] ?? null, null, path);
    assert.ok(status < 500, `${status} ${path}`);
  }
});

test('nothing of this was a fault', () => {
  assert.doesNotMatch(node.written(), /"message":"fault"/);
});
