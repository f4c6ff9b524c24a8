// A web application signs people in with Signet: authorization code with PKCE, by openid-client.
//   node examples/web/app.js ISSUER CLIENT_ID CLIENT_SECRET       it listens on http://127.0.0.1:3000, or on $PORT
import { createServer } from 'node:http';
import * as oidc from 'openid-client';

const [issuer, clientId, secret] = process.argv.slice(2);
const port = Number(process.env.PORT ?? 3000);
const redirect_uri = `http://127.0.0.1:${port}/callback`;
// Plain http is for trying it on one machine; openid-client has to be told.
const options = issuer.startsWith('http:') ? { execute: [oidc.allowInsecureRequests] } : {};
// RFC 7591's default, which Signet takes too; openid-client's own would be client_secret_post.
const authentication = oidc.ClientSecretBasic(secret);
const config = await oidc.discovery(new URL(issuer), clientId, undefined, authentication, options);

/** Sends the browser to Signet. What the answer is checked with waits in this browser alone, for as long as it is open. */
async function begin(response) {
  const [verifier, state] = [oidc.randomPKCECodeVerifier(), oidc.randomState()];
  const code_challenge = await oidc.calculatePKCECodeChallenge(verifier);
  const asked = { redirect_uri, scope: 'openid profile email', state, code_challenge, code_challenge_method: 'S256' };
  const headers = {
    Location: oidc.buildAuthorizationUrl(config, asked).href,
    'Set-Cookie': `sign_in=${state}.${verifier}; HttpOnly; SameSite=Lax; Path=/callback`,
  };
  response.writeHead(303, headers).end();
}

/** The code becomes tokens, the access token says more of the person. An application would begin its own session here. */
async function finish(url, request, response) {
  const [, state, verifier] = /(?:^|; )sign_in=([\w-]+)\.([\w-]+)/.exec(request.headers.cookie ?? '') ?? [];
  const checks = { expectedState: state, pkceCodeVerifier: verifier };
  const tokens = await oidc.authorizationCodeGrant(config, url, checks);
  const person = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
  response.writeHead(200, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' });
  response.end(`Signed in: ${JSON.stringify(person)}\n`);
}

createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', redirect_uri);
  try {
    if (url.pathname === '/callback') await finish(url, request, response);
    else if (url.pathname === '/') await begin(response);
    else response.writeHead(404).end();
  } catch (error) {
    // Refused, forged, or come twice: nobody is signed in. What exactly is for the log.
    console.error(error.code ?? error.name, error.error ?? '');
    response.writeHead(400, { 'Content-Type': 'text/plain' }).end('Not signed in.\n');
  }
}).listen(port, '127.0.0.1', () => console.log(`open http://127.0.0.1:${port}`));
