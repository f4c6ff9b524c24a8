// A page without a server of its own signs people in: authorization code with PKCE (RFC 7636) and tokens bound to a key of
// this browser (DPoP, RFC 9449), with nothing but what browsers have. The key cannot be read by any script, this one
// included; a token that leaks is of no use without it. Tokens are kept in memory only, and are gone with the page.

const { issuer, clientId } = document.body.dataset;
const redirectUri = new URL('./', location.href).href;
const element = (id) => document.getElementById(id);
const encode = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const text = (value) => new TextEncoder().encode(value);
const sha256 = async (value) => encode(await crypto.subtle.digest('SHA-256', text(value)));
const random = () => encode(crypto.getRandomValues(new Uint8Array(32)));

let endpoints;
let key;
let tokens;
/** The provider says which nonce it wants in the next proof. */
let nonce;

/** Kept by the browser while the person is away signing in: only as something to sign with, never as bytes. */
async function ownKey() {
  const open = indexedDB.open('signet-example', 1);
  open.onupgradeneeded = () => open.result.createObjectStore('keys');
  const database = await finished(open);
  const kept = await finished(database.transaction('keys').objectStore('keys').get('dpop'));
  if (kept !== undefined) return kept;
  const made = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  await finished(database.transaction('keys', 'readwrite').objectStore('keys').put(made, 'dpop'));
  return made;
}

function finished(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/** A proof that this request comes from whoever has the key (RFC 9449 §4.2). */
async function proof(method, url, accessToken) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', key.publicKey);
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } };
  const claims = { jti: random(), htm: method, htu: url, iat: Math.floor(Date.now() / 1000), nonce };
  if (accessToken !== undefined) claims.ath = await sha256(accessToken);
  const input = [header, claims].map((part) => encode(text(JSON.stringify(part)))).join('.');
  const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, text(input));
  return `${input}.${encode(signature)}`;
}

/** Sends a request with its proof, and once more when the provider wants another nonce. */
async function withProof(method, url, { accessToken, body } = {}) {
  const attempt = async () => {
    const headers = { DPoP: await proof(method, url, accessToken) };
    if (accessToken !== undefined) headers.Authorization = `DPoP ${accessToken}`;
    return fetch(url, { method, headers, body, credentials: 'omit' });
  };
  const first = await attempt();
  const wanted = first.headers.get('DPoP-Nonce');
  if (first.ok || wanted === null) return first;
  nonce = wanted;
  return attempt();
}

async function ask(form) {
  const body = new URLSearchParams({ client_id: clientId, ...form });
  const answer = await withProof('POST', endpoints.token_endpoint, { body });
  const said = await answer.json();
  if (!answer.ok) throw new Error(`${said.error}: ${said.error_description}`);
  if (said.token_type !== 'DPoP') throw new Error('these tokens are not bound to the key');
  tokens = { ...tokens, ...said };
}

async function signIn() {
  const [state, verifier] = [random(), random()];
  sessionStorage.setItem('sign-in', JSON.stringify({ state, verifier }));
  const query = new URLSearchParams({
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid profile email',
    state,
    code_challenge: await sha256(verifier),
    code_challenge_method: 'S256',
  });
  location.assign(`${endpoints.authorization_endpoint}?${query}`);
}

/** The person comes back: what was not asked for here, or comes from elsewhere, is not believed (RFC 9207). */
async function comeBack(answer) {
  history.replaceState(null, '', redirectUri);
  const begun = JSON.parse(sessionStorage.getItem('sign-in') ?? '{}');
  sessionStorage.removeItem('sign-in');
  if (answer.get('state') !== begun.state || answer.get('iss') !== issuer)
    throw new Error('not an answer to this page');
  if (answer.has('error')) throw new Error(answer.get('error'));
  const { verifier } = begun;
  const code = answer.get('code');
  await ask({ grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: verifier });
  await show();
}

async function show() {
  const answer = await withProof('GET', endpoints.userinfo_endpoint, { accessToken: tokens.access_token });
  if (!answer.ok) throw new Error('the access token is not good any more');
  const person = await answer.json();
  element('who').textContent = `Signed in as ${person.name ?? person.sub}`;
  element('sign-in').hidden = true;
  for (const id of ['again', 'refresh', 'sign-out']) element(id).hidden = false;
  element('refresh').hidden = tokens.refresh_token === undefined;
}

async function refresh() {
  await ask({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
  await show();
  element('what').textContent = 'Refreshed';
}

function signOut() {
  const query = new URLSearchParams({ id_token_hint: tokens.id_token, post_logout_redirect_uri: redirectUri });
  location.assign(`${endpoints.end_session_endpoint}?${query}`);
}

/** Whatever goes wrong is said, and the person may begin again. */
const doing = (work) => () =>
  work().catch((error) => {
    element('what').textContent = `That did not work: ${error.message}`;
  });

async function start() {
  endpoints = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  if (endpoints.issuer !== issuer) throw new Error('this is another provider');
  key = await ownKey();
  element('sign-in').disabled = false;
  const answer = new URLSearchParams(location.search);
  if (answer.has('state')) await comeBack(answer);
}

element('sign-in').addEventListener('click', doing(signIn));
element('again').addEventListener('click', doing(show));
element('refresh').addEventListener('click', doing(refresh));
element('sign-out').addEventListener('click', signOut);
doing(start)();
