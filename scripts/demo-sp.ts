// Owns: the demo service provider's HTTP side: routes, its own cookie, who is signed in here.
// Leaves to saml-sp.ts: SAML. Leaves to demo-sp-page.ts: HTML. Everything is in memory and ends with the process.
import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { SamlStatusError } from '@node-saml/node-saml';
import {
  AUTO_SUBMIT_SCRIPT,
  type HomePage,
  homePage,
  messagePage,
  postPage,
  type SignInView,
  STYLE_SHEET,
} from './demo-sp-page.ts';
import {
  type IdpDescription,
  makeSamlSp,
  newRequestId,
  type RequestOptions,
  type SamlAnswer,
  type SpIdentity,
  spMetadata,
} from './saml-sp.ts';
import type { TimedStep } from './trail.ts';

export interface DemoSpSettings {
  readonly port: number;
  readonly identity: SpIdentity;
  readonly idp: IdpDescription;
  readonly idpLogoutUrl: string;
  /** The other demo SP, to try single sign-on with. */
  readonly other: { readonly title: string; readonly url: string } | null;
  /** What the balancer saw between two times: it stands between all browsers and the nodes, the SP does not. */
  readonly trail: (fromMs: number, toMs: number) => readonly TimedStep[];
}

export interface DemoSp {
  readonly close: () => Promise<void>;
}

/** A request that this SP sent and whose answer has not come. */
interface Pending {
  readonly browser: string;
  readonly startedMs: number;
  readonly options: RequestOptions;
}

interface Arrival {
  readonly pending: Pending;
  readonly answer: SamlAnswer;
  readonly endedMs: number;
}

interface State {
  readonly settings: DemoSpSettings;
  readonly saml: ReturnType<typeof makeSamlSp>;
  readonly cookie: string;
  readonly pending: Map<string, Pending>;
  readonly arrivals: Map<string, Arrival>;
  readonly signedIn: Map<string, Arrival>;
}

const BODY_MAX_BYTES = 262_144;
const ENTRIES_MAX = 1000;

/** Starts one SP on 127.0.0.1; rejects when the port is taken. */
export async function startDemoSp(settings: DemoSpSettings): Promise<DemoSp> {
  const state: State = {
    settings,
    saml: makeSamlSp(settings.identity, settings.idp),
    // Cookies ignore ports: two SPs on 127.0.0.1 need two names.
    cookie: `demo_sp_${settings.port}`,
    pending: new Map(),
    arrivals: new Map(),
    signedIn: new Map(),
  };
  const server = createServer((request, response) => {
    serve(state, request, response).catch((error: unknown) => {
      sendHtml(response, 500, messagePage(settings.identity.title, 'Something went wrong', String(error)));
    });
  });
  await listen(server, settings.port);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve());
  });
}

async function serve(state: State, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', state.settings.identity.baseUrl);
  switch (`${request.method} ${url.pathname}`) {
    case 'GET /':
      return sendHtml(response, 200, homePage(describe(state, browserOf(state, request))));
    case 'GET /login':
      return login(state, request, response, url.searchParams);
    case 'POST /acs':
      return assertionConsumer(state, request, response);
    case 'GET /arrived':
      return arrived(state, request, response, url.searchParams.get('id') ?? '');
    case 'POST /forget':
      return forget(state, request, response);
    case 'GET /metadata':
      return send(response, 200, 'application/samlmetadata+xml', spMetadata(state.settings.identity));
    case 'GET /style.css':
      return send(response, 200, 'text/css; charset=utf-8', STYLE_SHEET);
    case 'GET /auto-submit.js':
      return send(response, 200, 'text/javascript; charset=utf-8', AUTO_SUBMIT_SCRIPT);
    default:
      return sendHtml(response, 404, messagePage(state.settings.identity.title, 'Not here', 'There is no such page.'));
  }
}

/** Sends the browser to the IdP: `?binding=post`, `?force=1`, `?passive=1`. */
async function login(state: State, request: IncomingMessage, response: ServerResponse, query: URLSearchParams) {
  const options: RequestOptions = {
    binding: query.get('binding') === 'post' ? 'post' : 'redirect',
    forceAuthn: query.get('force') === '1',
    passive: query.get('passive') === '1',
  };
  const browser = browserOf(state, request) ?? randomBytes(18).toString('base64url');
  const id = newRequestId();
  remember(state.pending, id, { browser, startedMs: Date.now(), options });
  setBrowser(state, response, browser);
  const outgoing = await state.saml.request(options, id);
  if (outgoing.kind === 'redirect') return redirect(response, 302, outgoing.url);
  return sendHtml(response, 200, postPage(state.settings.identity.title, outgoing.action, outgoing.fields));
}

/** The POST comes from another site, so our own Lax cookie is not with it: it is asked for at /arrived, after a 303. */
async function assertionConsumer(state: State, request: IncomingMessage, response: ServerResponse) {
  const { title } = state.settings.identity;
  const form = new URLSearchParams(await readBody(request));
  // Opened from the IdP's page of applications: nobody here asked, so the response could be somebody else's, brought by
  // a stranger's page (login CSRF). It is not even read: the SP asks by itself, and single sign-on answers at once.
  if (!form.has('RelayState')) return redirect(response, 303, '/login');
  try {
    const answer = await state.saml.accept(form.get('SAMLResponse') ?? '');
    // NoPassive carries no assertion, so nothing but RelayState names the request it answers.
    const id = answer === null ? (form.get('RelayState') ?? '') : answer.inResponseTo;
    const pending = state.pending.get(id);
    state.pending.delete(id);
    if (pending === undefined)
      return sendHtml(response, 400, messagePage(title, 'Not expected', 'No such request is open here.'));
    const arrival = randomBytes(18).toString('base64url');
    remember(state.arrivals, arrival, { pending, answer, endedMs: Date.now() });
    return redirect(response, 303, `/arrived?id=${arrival}`);
  } catch (error) {
    const heading =
      error instanceof SamlStatusError ? 'The identity provider said no' : 'This response was not accepted';
    return sendHtml(response, 403, messagePage(title, heading, error instanceof Error ? error.message : 'unknown'));
  }
}

/** Only the browser that asked may take the answer, or anybody could sign a stranger in as themselves. */
function arrived(state: State, request: IncomingMessage, response: ServerResponse, id: string): void {
  const { title } = state.settings.identity;
  const arrival = state.arrivals.get(id);
  state.arrivals.delete(id);
  if (arrival === undefined) {
    redirect(response, 303, '/');
  } else if (browserOf(state, request) !== arrival.pending.browser) {
    sendHtml(response, 403, messagePage(title, 'Another browser asked', 'This sign-in was begun elsewhere.'));
  } else if (arrival.answer === null) {
    sendHtml(response, 200, messagePage(title, 'Nobody is signed in', 'The identity provider answered NoPassive.'));
  } else {
    state.signedIn.delete(arrival.pending.browser);
    const browser = randomBytes(18).toString('base64url');
    remember(state.signedIn, browser, arrival);
    setBrowser(state, response, browser);
    redirect(response, 303, '/');
  }
}

function forget(state: State, request: IncomingMessage, response: ServerResponse): void {
  if (request.headers['sec-fetch-site'] !== 'cross-site') state.signedIn.delete(browserOf(state, request) ?? '');
  redirect(response, 303, '/');
}

function describe(state: State, browser: string | null): HomePage {
  const { identity, idpLogoutUrl, other, trail } = state.settings;
  const arrival = state.signedIn.get(browser ?? '');
  const view: SignInView | null =
    arrival === undefined || arrival.answer === null
      ? null
      : {
          answer: arrival.answer,
          startedMs: arrival.pending.startedMs,
          endedMs: arrival.endedMs,
          binding: arrival.pending.options.binding,
          steps: trail(arrival.pending.startedMs, arrival.endedMs),
        };
  return { title: identity.title, view, other, idpLogoutUrl };
}

function browserOf(state: State, request: IncomingMessage): string | null {
  const pairs = (request.headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  return pairs.find(([name]) => name === state.cookie)?.[1] ?? null;
}

function setBrowser(state: State, response: ServerResponse, browser: string): void {
  response.setHeader('Set-Cookie', `${state.cookie}=${browser}; Path=/; HttpOnly; SameSite=Lax`);
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  const oldest = map.keys().next().value;
  if (map.size > ENTRIES_MAX && oldest !== undefined) map.delete(oldest);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = chunk as Buffer;
    length += bytes.length;
    if (length > BODY_MAX_BYTES) throw new Error('the posted form is too long');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function redirect(response: ServerResponse, status: 302 | 303, location: string): void {
  response.writeHead(status, { Location: location, 'Cache-Control': 'no-store' }).end();
}

function sendHtml(response: ServerResponse, status: number, html: string): void {
  send(response, status, 'text/html; charset=utf-8', html);
}

function send(response: ServerResponse, status: number, contentType: string, text: string): void {
  response.writeHead(status, {
    'Content-Type': contentType,
    'Cache-Control': 'no-store',
    // No form-action: Chromium applies it to the redirects that follow a form post, and would stop sign-ins.
    'Content-Security-Policy':
      "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'same-origin',
  });
  response.end(text);
}
