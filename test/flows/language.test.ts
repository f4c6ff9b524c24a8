// Whose wish counts for the language of the pages: the relying party's for this request, the browser's, the party's setting.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { casPath } from '../support/cas.ts';
import { parseForms } from '../support/forms.ts';
import { authorizePath, CALLBACK, codeOf, redeem } from '../support/oidc.ts';
import { type Answer, NOW, type OneNode, startOneNode } from '../support/one-node.ts';
import { formTokenOf, heading, PersonBrowser, redirectPath } from '../support/person.ts';

const APP = 'https://wiki.example.org/app';
const GERMAN_APP = 'https://amt.example.org/app';
const AFTERWARDS = 'https://wiki.example.org/out';
const GERMAN = { 'Accept-Language': 'de-DE,de;q=0.9' };
const FRENCH = { 'Accept-Language': 'fr' };
const ENGLISH = { 'Accept-Language': 'en-GB' };

let node: OneNode;
before(async () => {
  const client = {
    redirect_uris: [CALLBACK],
    token_endpoint_auth_method: 'none',
    post_logout_redirect_uris: [AFTERWARDS],
  };
  node = await startOneNode({
    clients: [
      { ...client, client_id: 'wiki' },
      { ...client, client_id: 'amt', signet: { language: 'de' } },
    ],
    services: [{ url: APP }, { url: GERMAN_APP, language: 'de' }],
  });
});
after(() => node.close());

const languageOf = ({ text }: Answer): string => /<html lang="([^"]*)">/.exec(text)?.[1] ?? text.slice(0, 200);
const oidc = (clientId: string, ui_locales?: string): string => authorizePath(clientId, { ui_locales });
const cas = (service: string, locale?: string): string => casPath('login', { service, locale });

for (const { name, path, headers, expect } of [
  { name: 'nobody wishes anything', path: oidc('wiki'), headers: {}, expect: 'en' },
  { name: 'the browser', path: oidc('wiki'), headers: GERMAN, expect: 'de' },
  { name: 'the client', path: oidc('wiki', 'de'), headers: ENGLISH, expect: 'de' },
  { name: 'the client’s second wish', path: oidc('wiki', 'fr-CA en'), headers: GERMAN, expect: 'en' },
  { name: 'the client wishes for what nobody speaks', path: oidc('wiki', 'fr'), headers: GERMAN, expect: 'de' },
  { name: 'no language at all', path: oidc('wiki', '"><script>'), headers: GERMAN, expect: 'de' },
  { name: 'its setting, where the browser speaks neither', path: oidc('amt'), headers: FRENCH, expect: 'de' },
  { name: 'the browser before the setting', path: oidc('amt'), headers: ENGLISH, expect: 'en' },
  { name: 'the wish before the setting', path: oidc('amt', 'en'), headers: {}, expect: 'en' },
  { name: 'a CAS service', path: cas(APP, 'de'), headers: ENGLISH, expect: 'de' },
  { name: 'a CAS service, of a country', path: cas(APP, 'de-AT'), headers: ENGLISH, expect: 'de' },
  { name: 'a CAS service wishes for no language', path: cas(APP, '../de'), headers: ENGLISH, expect: 'en' },
  { name: 'a CAS service’s setting', path: cas(GERMAN_APP), headers: FRENCH, expect: 'de' },
  {
    name: 'SAML says nothing',
    path: redirectPath({ publicUrl: 'https://idp.example.org' }, { now: NOW }),
    headers: GERMAN,
    expect: 'de',
  },
] as const) {
  test(`the login page: ${name}`, async () => {
    const browser = new PersonBrowser();
    const started = await browser.get(node, path, headers);
    const page = await browser.get(node, started.headers.location ?? '', headers);
    assert.equal(page.status, 200);
    assert.equal(languageOf(page), expect);
  });
}

test('every page of the flow is in it: what was wrong, that it is over, the form that goes back', async () => {
  const browser = new PersonBrowser();
  const started = await browser.get(
    node,
    authorizePath('wiki', { ui_locales: 'de', response_mode: 'form_post' }),
    ENGLISH,
  );
  const flow = started.headers.location ?? '';
  const page = await browser.get(node, flow, ENGLISH);
  await browser.login(node, flow, page, 'alice', 'wrong', ENGLISH);
  const again = await browser.get(node, flow, ENGLISH);
  assert.match(again.text, /Benutzername oder Passwort stimmen nicht/);
  const foreign = await browser.post(node, flow, { form_token: 'x' }, ENGLISH);
  assert.equal(heading(foreign), 'Das kam von einer anderen Website');
  const older = browser.copy();
  const answer = await browser.login(node, flow, page, 'alice', undefined, ENGLISH);
  assert.equal(parseForms(answer.text)[0]?.action, CALLBACK);
  assert.equal(languageOf(answer), 'de');
  assert.match(answer.text, /Drücken Sie den Knopf/);
  assert.equal(heading(await older.get(node, flow, ENGLISH)), 'Sie sind schon angemeldet');
});

test('a pushed request keeps it', async () => {
  const query = new URLSearchParams(authorizePath('wiki', { ui_locales: 'de' }).split('?')[1]);
  const pushed = await node.ask({ path: '/oidc/par', form: Object.fromEntries(query) });
  const { request_uri } = JSON.parse(pushed.text);
  const browser = new PersonBrowser();
  const started = await browser.get(
    node,
    `/oidc/authorize?${new URLSearchParams({ client_id: 'wiki', request_uri })}`,
    ENGLISH,
  );
  assert.equal(languageOf(await browser.get(node, started.headers.location ?? '', ENGLISH)), 'de');
});

// RP-Initiated Logout §2.
test('signing out, asked first and afterwards', async () => {
  const browser = new PersonBrowser();
  const told = await redeem(node, 'wiki', await codeOf(node, 'wiki', {}, browser));
  assert.equal(told.status, 200);
  const page = await browser.get(node, '/oidc/end-session?client_id=wiki&ui_locales=fr+de', ENGLISH);
  assert.equal(heading(page), 'Abmelden?');
  const [form] = parseForms(page.text);
  const fields = Object.fromEntries((form?.fields ?? []).map(({ name, value }) => [name, value]));
  assert.equal(fields.form_token, formTokenOf(page));
  const done = await browser.post(node, '/logout', fields, ENGLISH);
  assert.equal(heading(done), 'Sie sind abgemeldet');
});

test('discovery says which there are', async () => {
  const { text } = await node.ask({ path: '/.well-known/openid-configuration' });
  assert.deepEqual(JSON.parse(text).ui_locales_supported, ['en', 'de']);
});
