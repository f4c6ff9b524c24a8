// The tests' own browser: if it were wrong about cookies, redirects or forms, sign-in tests would prove nothing.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage } from 'node:http';
import { type TestContext, test } from 'node:test';
import { parseForms } from './forms.ts';
import { HttpBrowser } from './http-browser.ts';

type Answer = {
  readonly status?: number;
  readonly headers?: Record<string, string | string[]>;
  readonly text?: string;
};

async function site(t: TestContext, answer: (request: IncomingMessage, body: string) => Answer): Promise<string> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { status = 200, headers = {}, text = '' } = answer(request, Buffer.concat(chunks).toString());
    response.writeHead(status, { 'Content-Type': 'text/html', ...headers }).end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
}

function browserFor(t: TestContext): HttpBrowser {
  const browser = new HttpBrowser({ timeoutMs: 500, redirectsMax: 3 });
  t.after(() => browser.close());
  return browser;
}

test('cookies: kept per host, replaced, expired', async (t) => {
  const lines: Record<string, string[]> = {
    '/set': ['a=1; Path=/; HttpOnly', 'b=2=2; Path=/; Max-Age=60', 'p=3; Path=/only'],
    '/expire': ['a=; Path=/; Max-Age=0', 'b=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
  };
  const base = await site(t, (request) => ({
    headers: { 'Set-Cookie': lines[request.url ?? ''] ?? [] },
    text: request.headers.cookie ?? 'none',
  }));
  const browser = browserFor(t);
  assert.equal((await browser.get(`${base}/`)).text, 'none');
  await browser.get(`${base}/set`);
  assert.equal((await browser.get(`${base}/`)).text, 'a=1; b=2=2');
  assert.equal((await browser.get(`${base}/only/x`)).text, 'a=1; b=2=2; p=3');
  assert.equal(
    (await browser.get(`${base.replace('127.0.0.1', '127.0.0.2')}/`).catch(() => null))?.text ?? 'none',
    'none',
  );
  await browser.get(`${base}/expire`);
  assert.equal((await browser.get(`${base}/`)).text, 'none');
});

const redirects = [
  { status: 302, expect: 'GET ' },
  { status: 303, expect: 'GET ' },
  { status: 307, expect: 'POST x=1' },
] as const;
for (const { status, expect } of redirects) {
  test(`a POST that is answered ${status} goes on as ${expect}`, async (t) => {
    const base = await site(t, (request, body) =>
      request.url === '/from' ? { status, headers: { Location: '/to' } } : { text: `${request.method} ${body}` },
    );
    assert.equal((await browserFor(t).post(`${base}/from`, [['x', '1']], null)).text, expect);
  });
}

test('a circle of redirects ends with an error, as does silence', async (t) => {
  const base = await site(t, () => ({ status: 302, headers: { Location: '/' } }));
  await assert.rejects(browserFor(t).get(base), /more than 3 redirects/);
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  t.after(() => {
    silent.close();
    silent.closeAllConnections();
  });
  await new Promise((resolve) => silent.once('listening', resolve));
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  await assert.rejects(browserFor(t).get(`http://127.0.0.1:${port}/`), /no answer in 500 ms/);
});

test('it says where a navigation came from, as browsers do', async (t) => {
  const base = await site(t, ({ headers }) => ({
    text: `<form method="post" action="/next"></form>${headers['sec-fetch-site']} ${headers.origin}`,
  }));
  const browser = browserFor(t);
  const typed = await browser.get(`${base}/`);
  assert.match(typed.text, /none undefined$/);
  assert.match((await browser.post(`${base}/`, [], 'http://localhost:1/')).text, /cross-site http:\/\/localhost:1$/);
  const [form] = typed.forms;
  assert.ok(form);
  assert.match((await browser.submit(typed, form)).text, new RegExp(`same-origin ${base}$`));
  assert.throws(() => browser.submit(typed, form, { password: 'x' }), /no field password/);
});

const pages = [
  { name: 'no form', html: '<p>form</p>', expect: [] },
  {
    name: 'entities, quotes, an empty action',
    html: `<FORM METHOD=POST><input name="a&amp;b" value='&quot;&#x41;&#66;&lt;&unknown;' type=hidden><input type="submit"></FORM>`,
    expect: [{ action: '', method: 'post', fields: [{ name: 'a&b', value: '"AB<&unknown;', type: 'hidden' }] }],
  },
  {
    name: 'only the first button counts',
    html: '<form><button name="go" value="1">Go</button><button name="cancel" value="1">Cancel</button><input type="submit" name="z"></form>',
    expect: [{ action: '', method: 'get', fields: [{ name: 'go', value: '1', type: 'submit' }] }],
  },
  {
    name: 'a first button without a name, as on the login page',
    html: '<form><input name="u"><button type="submit">Go</button><button type="submit" name="cancel" value="1">No</button></form>',
    expect: [{ action: '', method: 'get', fields: [{ name: 'u', value: '', type: 'text' }] }],
  },
  {
    name: 'two forms, an unchecked box, a checked one',
    html: '<form action="/x"><input type="checkbox" name="no"><input type="checkbox" name="yes" value="1" checked></form><form method="POST" action="https://a/?b=1&amp;c=2"></form>',
    expect: [
      { action: '/x', method: 'get', fields: [{ name: 'yes', value: '1', type: 'checkbox' }] },
      { action: 'https://a/?b=1&c=2', method: 'post', fields: [] },
    ],
  },
];
for (const { name, html, expect } of pages) {
  test(`forms: ${name}`, () => assert.deepEqual(parseForms(html), expect));
}
