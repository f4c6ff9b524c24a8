// Owns: putting the OpenID Provider together from its parts. Leaves to web/oidc-desk.ts: HTTP; to each file: its part.
import type { Directory } from '../../core/account.ts';
import type { ConsentStore } from '../../core/consent.ts';
import type { ProtocolAdapter } from '../../core/protocol-adapter.ts';
import type { Revocations, SpentStore } from '../../core/revocation.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { Client } from '../../parties/client.ts';
import type { PartyRegistry } from '../../parties/party-registry.ts';
import type { Sealer } from '../../sealer/seal.ts';
import type { StableSecret } from '../../sealer/stable-secret.ts';
import type { SigningKeySet } from '../../signing/key-set-folder.ts';
import { createAccessTokens } from './access-token.ts';
import { createAgreementJudge } from './agreements.ts';
import { createAuthorizationResponder } from './authorization-response.ts';
import { type AuthorizeEndpoint, createAuthorizeEndpoint } from './authorize-endpoint.ts';
import { createClientAuthentication, type ProgramRequest } from './client-authentication.ts';
import { createClientKeys } from './client-keys.ts';
import { createCodeGrant } from './code-grant.ts';
import { createCodes } from './codes.ts';
import { discoveryDocument, jwksDocument, OIDC_PATHS } from './discovery.ts';
import { createDpop } from './dpop.ts';
import { createEndSession, type ReadEndSession } from './end-session.ts';
import { createFamilies } from './families.ts';
import { createGrantJudge } from './grant-state.ts';
import { createIdTokens } from './id-token.ts';
import { readIdTokenHint } from './id-token-hint.ts';
import { createTokenServices, type TokenServices } from './introspection.ts';
import { createJwtSigner } from './jwt.ts';
import { createOidcAdapter } from './oidc-adapter.ts';
import { createParEndpoint } from './par-endpoint.ts';
import { createPushedRequests } from './pushed-request.ts';
import { createRefreshGrant } from './refresh-grant.ts';
import { createRefreshPolicy } from './refresh-policy.ts';
import { createRefreshTokens } from './refresh-tokens.ts';
import { createSubjects } from './subject.ts';
import { createTokenEndpoint, type ProgramAnswer, type TokenEndpoint } from './token-endpoint.ts';
import { createTokenIssuer } from './token-issue.ts';
import { createUserinfo, type Userinfo } from './userinfo.ts';

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
  readonly spent: SpentStore;
  /** Single use is remembered over the whole cluster. */
  readonly sharedSpent: boolean;
  readonly revocations: Revocations;
  readonly directory: Pick<Directory, 'findById'>;
  /** Null: what people agree to is kept nowhere. */
  readonly consents: Pick<ConsentStore, 'find'> | null;
  /** Absolute lifetime of a session, in seconds. */
  readonly sessionAbsolute: number;
}

export interface OidcProvider {
  readonly token: TokenEndpoint;
  readonly userinfo: Userinfo;
  readonly par: (request: ProgramRequest) => Promise<ProgramAnswer>;
  readonly services: TokenServices;
  readonly endSession: ReadEndSession;
  readonly isClientOrigin: (origin: string) => boolean;
  readonly adapter: ProtocolAdapter & { readonly protocol: 'oidc' };
  readonly authorize: AuthorizeEndpoint;
  /** JSON. */
  readonly discovery: () => string;
  /** JSON. */
  readonly jwks: () => string;
}

export function createOidcProvider(deps: OidcDeps): OidcProvider {
  const { issuer, registry, sealer, stableSecret, keys, clock, random, skew, spent } = deps;
  const sign = createJwtSigner(keys);
  const responder = createAuthorizationResponder(issuer, sign);
  const subjectOf = createSubjects(stableSecret);
  const sidFor = (client: Client, sid: Uint8Array): string => stableSecret.sessionIndex(client.relyingParty.key, sid);
  const issueIdToken = createIdTokens({ issuer, sign, subjectOf, sidFor });
  const codes = createCodes(sealer);
  const clientKeys = createClientKeys();
  const pushed = createPushedRequests(sealer, random);
  const hintedSubject = (token: string) => readIdTokenHint(token, issuer, keys());
  const authorize = createAuthorizeEndpoint({
    issuer,
    registry,
    clientKeys,
    pushed,
    responder,
    hintedSubject,
    keys,
    clock,
    skew,
  });
  const families = createFamilies(spent);
  const agreement = createAgreementJudge(deps.consents, skew);
  const judge = createGrantJudge({ revocations: deps.revocations, families, directory: deps.directory, agreement });
  const accessTokens = createAccessTokens({ issuer, sealer, sign, keys, registry });
  const refreshTokens = createRefreshTokens(sealer);
  const issue = createTokenIssuer({ accessTokens, refreshTokens, issueIdToken, subjectOf, sidFor });
  const refreshPolicy = createRefreshPolicy({ shared: deps.sharedSpent, sessionAbsolute: deps.sessionAbsolute });
  const authentication = createClientAuthentication({ issuer, registry, keys: clientKeys, spent, skew });
  const dpop = createDpop({ sealer, spent, skew });
  const at = (path: string): string => `${issuer}${path}`;
  const held = { spent, families, judge, issue };
  return {
    token: createTokenEndpoint({
      authentication,
      keys,
      dpop,
      url: at(OIDC_PATHS.token),
      grants: new Map([
        ['authorization_code', createCodeGrant({ ...held, codes, refreshPolicy })],
        ['refresh_token', createRefreshGrant({ ...held, refreshTokens, refreshPolicy })],
      ]),
    }),
    userinfo: createUserinfo({
      issuer,
      url: at(OIDC_PATHS.userinfo),
      accessTokens,
      dpop,
      judge,
      refreshPolicy,
      subjectOf,
      sign,
      keys,
    }),
    par: createParEndpoint({
      issuer,
      url: at(OIDC_PATHS.par),
      authentication,
      keys,
      clientKeys,
      dpop,
      pushed,
      examine: authorize.examine,
      skew,
    }),
    services: createTokenServices({ authentication, accessTokens, refreshTokens, judge, families, refreshPolicy }),
    endSession: createEndSession({ registry, hintedSubject, sidFor }),
    isClientOrigin: registry.isClientOrigin,
    adapter: createOidcAdapter({ registry, codes, issueIdToken, responder, subjectOf, keys, clock }),
    authorize,
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
