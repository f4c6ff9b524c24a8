// Owns: putting the OpenID Provider together from its parts. Leaves to web/oidc-desk.ts: HTTP; to each file: its part.
import type { ProtocolAdapter } from '../../core/protocol-adapter.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { PartyRegistry } from '../../parties/party-registry.ts';
import type { Sealer } from '../../sealer/seal.ts';
import type { StableSecret } from '../../sealer/stable-secret.ts';
import type { SigningKeySet } from '../../signing/key-set-folder.ts';
import { createAuthorizationResponder } from './authorization-response.ts';
import { type AuthorizeEndpoint, createAuthorizeEndpoint } from './authorize-endpoint.ts';
import { createClientKeys } from './client-keys.ts';
import { createCodes } from './codes.ts';
import { discoveryDocument, jwksDocument } from './discovery.ts';
import { createIdTokens } from './id-token.ts';
import { readIdTokenHint } from './id-token-hint.ts';
import { createJwtSigner } from './jwt.ts';
import { createOidcAdapter } from './oidc-adapter.ts';
import { createPushedRequests } from './pushed-request.ts';
import { createSubjects } from './subject.ts';

export interface OidcDeps {
  /** The public URL, exactly as configured. */
  readonly issuer: string;
  readonly registry: PartyRegistry;
  readonly sealer: Sealer;
  readonly stableSecret: StableSecret;
  readonly keys: () => SigningKeySet;
  readonly clock: Clock;
  readonly random: Random;
  /** How far clocks may be apart, in seconds. */
  readonly skew: number;
}

export interface OidcProvider {
  readonly adapter: ProtocolAdapter & { readonly protocol: 'oidc' };
  readonly authorize: AuthorizeEndpoint;
  /** JSON. */
  readonly discovery: () => string;
  /** JSON. */
  readonly jwks: () => string;
}

export function createOidcProvider(deps: OidcDeps): OidcProvider {
  const { issuer, registry, sealer, stableSecret, keys, clock, random, skew } = deps;
  const sign = createJwtSigner(keys);
  const responder = createAuthorizationResponder(issuer, sign);
  const subjectOf = createSubjects(stableSecret);
  const issueIdToken = createIdTokens({
    issuer,
    sign,
    subjectOf,
    sidFor: (client, sid) => stableSecret.sessionIndex(client.relyingParty.key, sid),
  });
  const codes = createCodes(sealer);
  const clientKeys = createClientKeys();
  const pushed = createPushedRequests(sealer, random);
  const hintedSubject = (token: string) => readIdTokenHint(token, issuer, keys());
  return {
    adapter: createOidcAdapter({ registry, codes, issueIdToken, responder, subjectOf, clock }),
    authorize: createAuthorizeEndpoint({ issuer, registry, clientKeys, pushed, responder, hintedSubject, clock, skew }),
    discovery: perKeySet(keys, (set) => discoveryDocument(issuer, set)),
    jwks: perKeySet(keys, jwksDocument),
  };
}

/** The document's text, made again only when the keys change. */
function perKeySet(keys: () => SigningKeySet, make: (set: SigningKeySet) => object): () => string {
  let made: { readonly set: SigningKeySet; readonly text: string } | null = null;
  return () => {
    const set = keys();
    if (made?.set !== set) made = { set, text: JSON.stringify(make(set)) };
    return made.text;
  };
}
