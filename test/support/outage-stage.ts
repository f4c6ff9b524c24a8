// Owns: people and programs in the middle of everything, in each protocol, before something breaks; and what each of them
// is then told, in one word. Leaves to the tests: what breaks, and what the words should be.
import assert from 'node:assert/strict';
import { APP, casPath, newTicket } from './cas.ts';
import { authorizePath, CALLBACK, codeOf, VERIFIER } from './oidc.ts';
import { AS_WIKI, attackedClients, tokens } from './oidc-clients.ts';
import { type Answer, type OneNode, type OneNodeOptions, startOneNode } from './one-node.ts';
import { formTokenOf, heading, PersonBrowser, redirectPath, samlResponse, statusOf } from './person.ts';

/** Longer than any of them may be kept waiting: twice the timeouts of the database, and a slow machine. */
const PATIENCE_MS = 8000;

export async function outageNode(options: OneNodeOptions = {}): Promise<OneNode> {
  const environment = {
    SIGNET_THROTTLE_ENABLED: 'false',
    SIGNET_DATABASE_CONNECT_TIMEOUT: '1',
    SIGNET_DATABASE_STATEMENT_TIMEOUT: '2',
    ...options.environment,
  };
  return startOneNode({ clients: await attackedClients(), services: [{ url: APP }], ...options, environment });
}

/** Each is asked once: codes, tickets and refresh tokens are good for one use. */
export type Asked = Readonly<Record<string, () => Promise<Answer>>>;

/** Everybody who may be under way. `signedIn` is a browser whose session exists; another has each protocol's login page. */
export async function everybodyUnderWay(node: OneNode): Promise<Asked> {
  const signedIn = new PersonBrowser();
  const { access_token: token = '', refresh_token: refreshToken = '' } = await tokens(node, {}, signedIn);
  const code = await codeOf(node, 'wiki', {}, signedIn);
  const ticket = await newTicket(node, { service: APP }, signedIn);
  const leaving = new PersonBrowser();
  await leaving.signIn(node, 'bob');
  const logoutPage = await leaving.get(node, '/logout');
  const saml = (more = {}) => redirectPath(node, { now: node.time.now, ...more });
  const atLogin = async (path: string): Promise<() => Promise<Answer>> => {
    const person = new PersonBrowser();
    const { location = '' } = (await person.get(node, path)).headers;
    const page = await person.get(node, location);
    assert.equal(heading(page), 'Sign in');
    return () => person.login(node, location, page);
  };
  const reader = new PersonBrowser();
  const { flowPath } = await reader.start(node, { now: node.time.now });
  const program = (path: string, form: Readonly<Record<string, string>>) => () =>
    node.ask({ path, form, headers: AS_WIKI });
  const sso = (path: string | (() => string)) => () =>
    signedIn.copy().get(node, typeof path === 'string' ? path : path());
  const here = { redirect_uri: CALLBACK, code_verifier: VERIFIER };
  return {
    'SAML: sign-in': await atLogin(saml()),
    'SAML: single sign-on': sso(() => saml()),
    'SAML: passive': sso(() => saml({ passive: true })),
    'OIDC: sign-in': await atLogin(authorizePath('wiki')),
    'OIDC: single sign-on': sso(authorizePath('wiki')),
    'OIDC: prompt=none': sso(authorizePath('wiki', { prompt: 'none' })),
    'OIDC: token': program('/oidc/token', { grant_type: 'authorization_code', code, ...here }),
    'OIDC: refresh': program('/oidc/token', { grant_type: 'refresh_token', refresh_token: refreshToken }),
    'OIDC: userinfo': () => node.ask({ path: '/oidc/userinfo', headers: { Authorization: `Bearer ${token}` } }),
    'OIDC: introspection': program('/oidc/introspect', { token }),
    'CAS: sign-in': await atLogin(casPath('login', { service: APP })),
    'CAS: single sign-on': sso(casPath('login', { service: APP })),
    'CAS: gateway': sso(casPath('login', { service: APP, gateway: 'true' })),
    'CAS: serviceValidate': () => node.ask({ path: casPath('serviceValidate', { service: APP, ticket }) }),
    'page: login, again': () => reader.get(node, flowPath ?? ''),
    'page: portal': sso('/'),
    'page: account': sso('/account'),
    'page: sign out': () => leaving.post(node, '/logout', { form_token: formTokenOf(logoutPage) }),
  };
}

/** Asks all of them at once, and says in a word what each was told. Whatever happens: soon, and in their own terms. */
export async function toldEach(asked: Asked): Promise<Readonly<Record<string, string>>> {
  const told = await Promise.all(
    Object.entries(asked).map(async ([name, ask]) => {
      const late = new Promise<never>((_, reject) => {
        setTimeout(() => reject(new Error(`${name}: nothing within ${PATIENCE_MS} ms`)), PATIENCE_MS).unref();
      });
      const answer = await Promise.race([ask(), late]);
      assert.notEqual(answer.status, 500, name);
      // RFC 9110 §15.6.4: whoever is told that it does not work now is told when to come back.
      if (answer.status === 503) assert.match(answer.headers['retry-after'] ?? '', /^[1-9]\d*$/, name);
      // CWE-209.
      assert.doesNotMatch(answer.text, /postgres|sqlite|ECONN|\.ts:\d/i, name);
      return [name, wordOf(answer)] as const;
    }),
  );
  return Object.fromEntries(told);
}

function wordOf(answer: Answer): string {
  const { status, headers, text } = answer;
  if (samlResponse(answer) !== null) return statusOf(answer);
  if (headers.location !== undefined) {
    const { pathname, searchParams } = new URL(headers.location, 'https://idp.example.org');
    if (pathname.startsWith('/flow/')) return 'a page';
    const [what] = ['error', 'code', 'ticket'].filter((name) => searchParams.has(name));
    return what === 'error' ? (searchParams.get('error') ?? '') : (what ?? 'without ticket');
  }
  if (headers['content-type']?.startsWith('application/json')) {
    const body = JSON.parse(text) as { readonly error?: string };
    return body.error === undefined ? String(status) : `${status} ${body.error}`;
  }
  const [, code] = /authenticationFailure code="([A-Z_]+)"/.exec(text) ?? [];
  if (code !== undefined) return code;
  if (text.includes('authenticationSuccess')) return 'validated';
  // Nobody is to be led to enrol something because what they have cannot be read.
  const offers = /account\/add\/|name="enrol"/.test(text) ? ', offers to enrol' : '';
  return status === 200 ? `${heading(answer)}${offers}` : `${status}${offers}`;
}

/** Who asks for what, and what they are told. */
export type Table = Readonly<Record<string, string>>;

/** While nothing is broken. */
export const WORKS: Table = {
  'SAML: sign-in': 'Success',
  'SAML: single sign-on': 'Success',
  'SAML: passive': 'Success',
  'OIDC: sign-in': 'code',
  'OIDC: single sign-on': 'code',
  'OIDC: prompt=none': 'code',
  'OIDC: token': '200',
  'OIDC: refresh': '200',
  'OIDC: userinfo': '200',
  'OIDC: introspection': '200',
  'CAS: sign-in': 'ticket',
  'CAS: single sign-on': 'ticket',
  'CAS: gateway': 'ticket',
  'CAS: serviceValidate': 'validated',
  'page: login, again': 'Sign in',
  'page: portal': 'You are signed in',
  'page: account': 'Your account, offers to enrol',
  'page: sign out': 'You are signed out',
};
