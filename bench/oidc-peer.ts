// Owns: the peer: oidc-provider with its in-memory adapter, doing what a warm node does. A process of its own.
// Its access tokens are opaque and cost no signature, as is its default; nothing is audited or measured.
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider } from 'oidc-provider';
import { BENCH_CALLBACK, type BenchAlgorithm, OIDC_ALGORITHMS } from './oidc-client.ts';

const [port = '0'] = process.argv.slice(2);

function jwk(algorithm: BenchAlgorithm): Readonly<Record<string, unknown>> {
  const { privateKey } =
    algorithm === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), alg: algorithm, use: 'sig', kid: algorithm };
}

const provider = new Provider(`http://localhost:${port}`, {
  clients: OIDC_ALGORITHMS.map((algorithm) => ({
    client_id: `bench-${algorithm.toLowerCase()}`,
    token_endpoint_auth_method: 'none',
    redirect_uris: [BENCH_CALLBACK],
    response_types: ['code'],
    grant_types: ['authorization_code'],
    id_token_signed_response_alg: algorithm,
  })),
  jwks: { keys: OIDC_ALGORITHMS.map(jwk) },
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  cookies: { keys: ['a key for cookies that are worth nothing'] },
  features: { devInteractions: { enabled: false } },
  findAccount: (_context: unknown, id: string) => ({
    accountId: id,
    claims: async () => ({ sub: id, email: 'alice.adams@example.org', email_verified: false }),
  }),
  interactions: { url: (_context: unknown, { uid }: { readonly uid: string }) => `/interaction/${uid}` },
  loadExistingGrant: async (context: {
    readonly oidc: { readonly client: { readonly clientId: string }; readonly session: { readonly accountId: string } };
  }) => {
    const { client, session } = context.oidc;
    const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
    grant.addOIDCScope('openid email');
    await grant.save();
    return grant;
  },
});

const serve = provider.callback();
createServer((request, response) => {
  // Whoever comes is signed in at once: only warm requests are measured.
  if (request.url?.startsWith('/interaction/') === true) {
    void provider.interactionFinished(request, response, { login: { accountId: 'person0' } });
  } else serve(request, response);
}).listen(Number(port), '127.0.0.1');
