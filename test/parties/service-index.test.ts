// Which addresses are a CAS service's, and which service's. Attack tests name what they defend against.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isProblems } from '../../src/parties/party-document.ts';
import { readService, type Service } from '../../src/parties/service.ts';
import { callbackDigest, createServiceIndex } from '../../src/parties/service-index.ts';

const URL_OF_WIKI = 'https://wiki.example.org/app';

function made(members: Record<string, unknown>): Service {
  const service = readService({ url: URL_OF_WIKI, ...members }, 'wiki.service.yaml');
  return isProblems(service) ? assert.fail(JSON.stringify(service)) : service;
}

const matches: readonly { readonly registered: string; readonly asked: readonly string[] }[] = [
  {
    registered: URL_OF_WIKI,
    asked: [
      URL_OF_WIKI,
      `${URL_OF_WIKI}/`,
      `${URL_OF_WIKI}/page?x=1&y=https://evil.example/`,
      `${URL_OF_WIKI}?x=/../..`,
      `${URL_OF_WIKI}#/route`,
      `${URL_OF_WIKI}/a%20b/c;jsessionid=1`,
      `${URL_OF_WIKI}/100%25/%C3%A9%E2%82%AC/a%2Bb/...`,
      `${URL_OF_WIKI}?back=%2e%2e%2f%00`,
      'https://WIKI.example.org:443/app',
      'HTTPS://wiki.example.org/app',
    ],
  },
  { registered: 'https://wiki.example.org/', asked: ['https://wiki.example.org', 'https://wiki.example.org//x'] },
  { registered: 'https://wiki.example.org:8443/app/', asked: ['https://wiki.example.org:8443/app'] },
  { registered: 'http://127.0.0.1:8080/', asked: ['http://127.0.0.1:8080/secret?a=b'] },
  { registered: 'https://[2001:db8::1]/', asked: ['https://[2001:db8::1]/a', 'https://[2001:DB8:0::1]/a'] },
];
for (const { registered, asked } of matches) {
  for (const text of asked) {
    test(`${text} is of ${registered}`, () => {
      assert.ok(createServiceIndex([made({ url: registered })]).find(text));
    });
  }
}

// Apereo CAS: service definitions as unanchored regular expressions; CWE-601, CWE-20, CVE-2021-42567's class: the address
// that is judged and the one that the browser goes to must be one.
const confusions = [
  'https://wiki.example.org.evil.example/app',
  'https://evil.example/https://wiki.example.org/app',
  'https://evil.example/app',
  'https://wiki.example.org@evil.example/app',
  'https://wiki.example.org:443@evil.example/app',
  'https://evil.example\\@wiki.example.org/app',
  'https:\\\\wiki.example.org\\app',
  'https:/wiki.example.org/app',
  'https:wiki.example.org/app',
  '//wiki.example.org/app',
  '/app',
  'http://wiki.example.org/app',
  'https://wiki.example.org:444/app',
  'https://wiki.example.org:80/app',
  'https://wiki.example.org./app',
  'https://wiki.example.org/application',
  'https://wiki.example.org/app.evil',
  'https://wiki.example.org/app;x/evil',
  'https://wiki.example.org/APP',
  'https://wiki.example.org/',
  'https://wiki.example.org//app',
  'https://wiki.example.org/./app',
  'https://wiki.example.org/app/../evil',
  'https://wiki.example.org/app/..',
  'https://wiki.example.org/app/..;/evil',
  'https://wiki.example.org/app/.;x/evil',
  'https://wiki.example.org/app/%2e%2e/evil',
  'https://wiki.example.org/app/.%2E/evil',
  'https://wiki.example.org/app%2fevil',
  'https://wiki.example.org/app/%5cevil',
  'https://wiki.example.org/app/%252e%252e/evil',
  'https://wiki.example.org/app/%25252fevil',
  'https://wiki.example.org/app/%25%32%65%25%32%65/evil',
  'https://wiki.example.org/app/%2%35%36%36/evil',
  'https://wiki.example.org/app/%25%2532%2566evil',
  'https://wiki.example.org/app/..%3bx/evil',
  'https://wiki.example.org/app/..%253b/evil',
  'https://wiki.example.org/app/..%00/evil',
  'https://wiki.example.org/app/..%2509/evil',
  'https://wiki.example.org/app/..%0d%0a/evil',
  'https://wiki.example.org/app/%c0%ae%c0%ae/evil',
  'https://wiki.example.org/app/%25c0%25afevil',
  'https://wiki.example.org/app/%u002e%u002e/evil',
  'https://wiki.example.org/app/%%32%65%%32%65/evil',
  'https://wiki.example.org/app/%',
  'https://wiki.example.org/app/%2',
  'https://wiki.example.org/%61pp',
  'https://wiki.example.org/app\r\nSet-Cookie: a=b',
  'https://wiki.example.org/app\u0000',
  'https://wiki.example.org/app /',
  ' https://wiki.example.org/app',
  'https://wiki.example.org/app\t',
  'https://wiki.example.org\t.evil.example/app',
  'https://wiki%2eexample.org/app',
  'https://wiki。example.org/app',
  'https://ｗiki.example.org/app',
  'https://wiki.example.org/app/\u202e',
  'javascript:https://wiki.example.org/app',
  'data:text/html,https://wiki.example.org/app',
  'blob:https://wiki.example.org/app',
  'view-source:https://wiki.example.org/app',
  `${URL_OF_WIKI}/${'x'.repeat(1024)}`,
  '',
];
for (const text of confusions) {
  test(`not of ${URL_OF_WIKI}: ${JSON.stringify(text).slice(0, 70)}`, () => {
    assert.equal(createServiceIndex([made({})]).find(text), null);
  });
}

test('an exact service is one text', () => {
  const index = createServiceIndex([made({ url: `${URL_OF_WIKI}?tenant=a`, match: 'exact' })]);
  assert.ok(index.find(`${URL_OF_WIKI}?tenant=a`));
  for (const other of [
    URL_OF_WIKI,
    `${URL_OF_WIKI}?tenant=a&x=1`,
    `${URL_OF_WIKI}?tenant=a#x`,
    `${URL_OF_WIKI}/?tenant=a`,
  ]) {
    assert.equal(index.find(other), null, other);
  }
});

test('the most specific service wins, whatever the order of the files', () => {
  const all = [
    made({ url: 'https://wiki.example.org/' }),
    made({ url: `${URL_OF_WIKI}/admin` }),
    made({}),
    made({ url: `${URL_OF_WIKI}/admin/x`, match: 'exact' }),
  ];
  for (const services of [all, [...all].reverse()]) {
    const index = createServiceIndex(services);
    const keyOf = (text: string) => index.find(text)?.settings.url;
    assert.equal(keyOf('https://wiki.example.org/other'), 'https://wiki.example.org/');
    assert.equal(keyOf(`${URL_OF_WIKI}/x`), URL_OF_WIKI);
    assert.equal(keyOf(`${URL_OF_WIKI}/admin/y`), `${URL_OF_WIKI}/admin`);
    assert.equal(keyOf(`${URL_OF_WIKI}/admin/x`), `${URL_OF_WIKI}/admin/x`);
  }
});
test('a callback is found again by its digest, and shared by services', () => {
  const proxy = { callbackUrls: ['https://wiki.example.org/cb'] };
  const index = createServiceIndex([made({ proxy }), made({ url: 'https://other.example.org/', proxy })]);
  assert.equal(index.findCallback(callbackDigest('https://wiki.example.org/cb')), 'https://wiki.example.org/cb');
  assert.equal(index.findCallback('00000000'), null);
  assert.deepEqual(index.problems, []);
});

test('two callbacks that a ticket cannot tell apart are told, and neither is used', () => {
  const callbackUrls = twins();
  const index = createServiceIndex([made({ proxy: { callbackUrls } })]);
  assert.equal(index.problems.length, 1);
  assert.equal(index.findCallback(callbackDigest(callbackUrls[0] ?? '')), null);
});

/** Two addresses whose digests are alike: among 200,000 there is almost surely a pair, and the first is always the same. */
function twins(): readonly string[] {
  const seen = new Map<string, string>();
  for (let i = 0; ; i += 1) {
    const url = `https://wiki.example.org/cb/${i}`;
    const before = seen.get(callbackDigest(url));
    if (before !== undefined) return [before, url];
    seen.set(callbackDigest(url), url);
  }
}

// CWE-863, CWE-178, CWE-180: a page with a floor of its own is not reached under the policy of the site around it by writing
// its address in another way, which the server behind it reads as the same.
const disguises: readonly { readonly registered: Record<string, unknown>; readonly asked: readonly string[] }[] = [
  {
    registered: { url: `${URL_OF_WIKI}/admin` },
    asked: [
      `${URL_OF_WIKI}/admin;jsessionid=1`,
      `${URL_OF_WIKI};x/admin/page`,
      `${URL_OF_WIKI}/admin;x/y;z`,
      `${URL_OF_WIKI}//admin`,
      `${URL_OF_WIKI}/;/admin`,
      `${URL_OF_WIKI}/%61dmin`,
      `${URL_OF_WIKI}/%2561dmin`,
      `${URL_OF_WIKI}/%25%36%31dmin`,
      `${URL_OF_WIKI}/%41dmin`,
      `${URL_OF_WIKI}/ADMIN`,
      `https://wiki.example.org//app/admin`,
    ],
  },
  {
    registered: { url: `${URL_OF_WIKI}/admin?tenant=a-1`, match: 'exact' },
    asked: [
      `${URL_OF_WIKI}/admin?tenant=a-1#x`,
      `${URL_OF_WIKI}/admin?tenant=a-1&ticket=ST-1`,
      `${URL_OF_WIKI}/admin?%74icket=ST-1&tenant=a-1`,
      `${URL_OF_WIKI}/admin/?tenant=a-1`,
      `${URL_OF_WIKI}/admin;jsessionid=1?tenant=a-1`,
      `https://WIKI.example.org/app/admin?tenant=a-1`,
      `https://wiki.example.org:443/app/admin?tenant=a-1`,
    ],
  },
];
for (const { registered, asked } of disguises) {
  for (const text of asked) {
    test(`${text} is not asked for under the policy of what surrounds ${registered.url}`, () => {
      const around = made({});
      for (const services of [
        [around, made(registered)],
        [made(registered), around],
      ]) {
        assert.equal(createServiceIndex(services).find(text), null);
      }
    });
  }
}

test('of other pages around it nothing is refused', () => {
  const all = [
    made({}),
    made({ url: `${URL_OF_WIKI}/admin` }),
    made({ url: `${URL_OF_WIKI}/Admin` }),
    made({ url: `${URL_OF_WIKI}/callback?a=b`, match: 'exact' }),
  ];
  const index = createServiceIndex(all);
  const urlOf = (text: string) => index.find(text)?.settings.url;
  for (const rest of ['', '/', '/administration', '/%2a', '//x', '/x;y', '/callback', '/callback?a=c', '#/admin'])
    assert.equal(urlOf(`${URL_OF_WIKI}${rest}`), URL_OF_WIKI, rest);
  assert.equal(urlOf(`${URL_OF_WIKI}/Admin`), `${URL_OF_WIKI}/Admin`);
  assert.equal(urlOf(`${URL_OF_WIKI}/admin;jsessionid=1`), undefined);
  assert.equal(urlOf(`${URL_OF_WIKI}/admin/page;jsessionid=1`), `${URL_OF_WIKI}/admin`);
});
