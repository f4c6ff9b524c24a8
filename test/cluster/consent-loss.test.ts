// The page that asks for consent is shown by one node, which dies; the answer is taken by another, and kept where one is.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { type TestContext, test } from 'node:test';
import { ALICE, type Cluster, startCluster } from '../support/cluster.ts';
import { freePorts } from '../support/free-ports.ts';
import { HttpBrowser, type Page } from '../support/http-browser.ts';
import { CHALLENGE, VERIFIER } from '../support/oidc.ts';
import { headline, loginForm } from '../support/sign-in.ts';
import { requireTool } from '../support/tools.ts';

const HAPROXY = '/usr/sbin/haproxy';
/** Where the application would be: the browser arrives there. */
async function callback(t: TestContext): Promise<string> {
  const [port = 0] = await freePorts(1);
  const server = createServer((_, response) => response.end('<h1>here</h1>')).listen(port, '127.0.0.1');
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${port}/callback`;
}

const consentForm = (page: Page) => page.forms.find((form) => form.fields.some(({ name }) => name === 'consent'));

async function ask(cluster: Cluster, browser: HttpBrowser, redirectUri: string): Promise<Page> {
  const request = { client_id: 'wiki', redirect_uri: redirectUri, response_type: 'code', scope: 'openid email' };
  const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' };
  return browser.get(`${cluster.publicUrl}/oidc/authorize?${new URLSearchParams({ ...request, ...pkce })}`);
}

for (const directory of ['sql', 'yaml'] as const) {
  test(`directory: ${directory}: no answer is lost with the node that asked for it`, async (t) => {
    if (!requireTool(t, HAPROXY)) return;
    const redirectUri = await callback(t);
    const cluster = await startCluster({
      nodes: 2,
      parties: [],
      directory,
      clients: [
        {
          client_id: 'wiki',
          redirect_uris: [redirectUri],
          token_endpoint_auth_method: 'none',
          signet: { consent: 'ask' },
        },
      ],
    });
    t.after(cluster.close);
    const browser = new HttpBrowser();
    t.after(() => browser.close());
    const login = await ask(cluster, browser, redirectUri);
    const page = await browser.submit(login, loginForm(login) ?? assert.fail(headline(login)), {
      username: ALICE.name,
      password: ALICE.password,
    });
    const form = consentForm(page) ?? assert.fail(headline(page));
    assert.match(headline(page), /Tell wiki who you are\?/);
    const lastNode = () => browser.hops.filter(({ url }) => url.startsWith(cluster.publicUrl)).at(-1)?.node;
    const shownBy = cluster.nodes.findIndex(({ name }) => name === lastNode());
    assert.notEqual(shownBy, -1, 'nodes say which one they are');
    await cluster.kill9(shownBy);
    // The form has two buttons; the one that is pressed is sent.
    const fields = form.fields.filter(({ name }) => name !== 'cancel').map(({ name, value }) => [name, value] as const);
    const named = fields.some(([name]) => name === 'agree') ? fields : [...fields, ['agree', '1'] as const];
    const arrived = await browser.post(new URL(form.action, page.url).href, named, page.url);
    const code = new URL(arrived.url).searchParams.get('code');
    assert.ok(code, `${arrived.url}: ${headline(arrived)}`);
    assert.notEqual(lastNode(), cluster.nodes[shownBy]?.name);
    const told = await fetch(`${cluster.publicUrl}/oidc/token`, {
      method: 'POST',
      body: new URLSearchParams({
        ...{ grant_type: 'authorization_code', client_id: 'wiki', code },
        ...{ redirect_uri: redirectUri, code_verifier: VERIFIER },
      }),
    });
    assert.equal(told.status, 200, await told.text());
    await cluster.restart(shownBy);
    // Both nodes know it, or neither does.
    for (let i = 0; i < 4; i += 1) {
      const next = await ask(cluster, browser, redirectUri);
      assert.equal(consentForm(next) === undefined, directory === 'sql', headline(next));
    }
  });
}
