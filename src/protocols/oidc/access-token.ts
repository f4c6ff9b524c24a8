// Owns: access tokens: JWTs of RFC 9068 for whoever serves an API, with a sealed part inside that only this provider
// reads: whose it is, and from which code it came. Leaves to callers: proofs of possession.
import type { EpochSeconds } from '../../lib/clock.ts';
import type { Client } from '../../parties/client.ts';
import type { PartyRegistry } from '../../parties/party-registry.ts';
import { type AccessGrant, decodeAccess, encodeAccess } from '../../sealed/access-body.ts';
import { type Ancestor, isLineageRevoked, sealFrom } from '../../sealed/lineage.ts';
import { REFRESH_LINEAGE_MAX } from '../../sealed/refresh-body.ts';
import { oidcAccess } from '../../sealer/purpose.ts';
import type { Sealer } from '../../sealer/seal.ts';
import type { SigningKeySet } from '../../signing/key-set-folder.ts';
import { createAccessSignatures } from './access-signature.ts';
import { ownAlgorithm, SIGNED_SECONDS, type SignJwt } from './jwt.ts';
import type { Scope } from './scopes.ts';

export const ACCESS_TOKEN_SECONDS = SIGNED_SECONDS;
const TYPE = 'at+jwt';

export interface AccessTokenFacts {
  readonly client: Client;
  readonly subject: string;
  readonly scopes: readonly Scope[];
  /** Resources (RFC 8707); empty: the token is for userinfo. */
  readonly audiences: readonly string[];
  /** base64url thumbprint; null for a bearer token. */
  readonly dpopKey: string | null;
  readonly authTime: EpochSeconds;
  readonly acr: string | undefined;
  readonly amr: readonly string[];
  readonly sid: string;
  /** The same when a balancer repeats the request. */
  readonly id: string;
  readonly grant: Omit<AccessGrant, 'lineage'>;
  readonly ancestors: readonly Ancestor[];
}

export interface OpenAccessToken {
  readonly client: Client;
  readonly grant: AccessGrant;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly audiences: readonly string[];
  /** base64url thumbprint; null for a bearer token. */
  readonly dpopKey: string | null;
  readonly iat: EpochSeconds;
  readonly exp: EpochSeconds;
}

export interface AccessTokens {
  /** Null when no key seals, or it would descend from more keys than can be told. */
  readonly issue: (facts: AccessTokenFacts, now: EpochSeconds) => Promise<string | null>;
  /** Null for anything but a live token that was issued here, under keys of which none is revoked. */
  readonly open: (token: string, now: EpochSeconds) => Promise<OpenAccessToken | null>;
}

export function createAccessTokens(deps: {
  readonly issuer: string;
  readonly sealer: Sealer;
  readonly sign: SignJwt;
  readonly keys: () => SigningKeySet;
  readonly registry: Pick<PartyRegistry, 'findClient'>;
}): AccessTokens {
  const { issuer, sealer, sign, keys, registry } = deps;
  const signatures = createAccessSignatures();
  return {
    issue: async (facts, now) => {
      const { client } = facts;
      const clientId = client.metadata.client_id;
      const exp = now + ACCESS_TOKEN_SECONDS;
      const sealed = sealFrom(sealer, oidcAccess, facts.ancestors, {
        context: clientId,
        iat: now,
        exp,
        lineageMax: REFRESH_LINEAGE_MAX,
        body: (lineage) => encodeAccess({ ...facts.grant, lineage }),
      });
      if ('refused' in sealed) return null;
      const [only] = facts.audiences;
      const algorithm = only === undefined ? ownAlgorithm(keys()) : client.metadata.id_token_signed_response_alg;
      const token = await sign(algorithm, TYPE, {
        iss: issuer,
        sub: facts.subject,
        aud: facts.audiences.length > 1 ? facts.audiences : (only ?? issuer),
        client_id: clientId,
        iat: now,
        exp,
        jti: facts.id,
        scope: facts.scopes.join(' '),
        auth_time: facts.authTime,
        acr: facts.acr,
        amr: facts.amr,
        sid: facts.sid,
        cnf: facts.dpopKey === null ? undefined : { jkt: facts.dpopKey },
        // Opaque to clients and APIs.
        ref: sealed.token,
      });
      signatures.made(token);
      return token;
    },
    open: async (token, now) => {
      const claims = readClaims(await signatures.verify(token, TYPE, keys().keys), issuer, now);
      if (claims === null) return null;
      const { client_id: clientId, ref, aud, iat, exp, cnf } = claims;
      const client = typeof clientId === 'string' ? registry.findClient(clientId) : undefined;
      const opened = client === undefined ? null : sealer.open(oidcAccess, client.metadata.client_id, ref);
      const grant = opened === null ? null : decodeAccess(opened.body);
      if (client === undefined || opened === null || grant === null) return null;
      if (isLineageRevoked(sealer, { kid: opened.kid, lineage: grant.lineage })) return null;
      const audiences = (Array.isArray(aud) ? aud : [aud]).filter((one) => typeof one === 'string');
      return { client, grant, claims, audiences, dpopKey: thumbprintIn(cnf), iat: Number(iat), exp: Number(exp) };
    },
  };
}

function thumbprintIn(cnf: unknown): string | null {
  if (typeof cnf !== 'object' || cnf === null || !('jkt' in cnf)) return null;
  return typeof cnf.jkt === 'string' ? cnf.jkt : null;
}

function readClaims(text: string | null, issuer: string, now: EpochSeconds): Readonly<Record<string, unknown>> | null {
  // Written by this provider: its signature was good.
  const claims: unknown = text === null ? null : JSON.parse(text);
  if (typeof claims !== 'object' || claims === null) return null;
  const record = claims as Readonly<Record<string, unknown>>;
  return record.iss === issuer && typeof record.exp === 'number' && now < record.exp ? record : null;
}
