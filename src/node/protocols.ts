// Owns: the IdP, the OpenID Provider and the CAS server as they follow from a node's configuration and parts, and the IdP's own
// metadata. Leaves to protocols/: what they do; to routes.ts: where they answer.
import type { Config } from '../config/config.ts';
import type { Body } from '../core/reply.ts';
import type { SpentStore } from '../core/revocation.ts';
import type { Random } from '../lib/random.ts';
import type { Parts } from '../parts.ts';
import { type CasServer, createCasServer } from '../protocols/cas/cas-server.ts';
import { createCallbackDelivery } from '../protocols/cas/proxy-callback.ts';
import { createOidcProvider, type OidcProvider } from '../protocols/oidc/oidc-provider.ts';
import { createMetadataEndpoint } from '../protocols/saml/metadata-endpoint.ts';
import { createPreparedParties } from '../protocols/saml/prepared-party.ts';
import { createSamlAdapter } from '../protocols/saml/saml-adapter.ts';
import { createSsoEndpoint } from '../protocols/saml/sso-endpoint.ts';
import { type Saml, SSO_PATH } from '../routes.ts';
import type { Sealer } from '../sealer/seal.ts';
import type { NodeContext } from './node-context.ts';

type Context = Pick<NodeContext, 'clock' | 'random'>;

export function createSaml(config: Config, context: Context, parts: Parts, sealer: Sealer): Saml {
  const prepared = createPreparedParties(parts.signers, config.saml.wantAuthnRequestsSigned);
  const shared = {
    entityId: config.entityId,
    registry: parts.parties,
    prepared,
    sealer,
    clock: context.clock,
    random: context.random,
  };
  return {
    adapter: createSamlAdapter({
      ...shared,
      stableSecret: parts.stableSecret,
      kidByPrefix: (prefix) => {
        const hex = Buffer.from(prefix).toString('hex');
        return parts.keyring.current().keys.find((key) => key.kid.startsWith(hex))?.kid ?? null;
      },
      assertionLifetime: config.saml.assertionLifetime,
      skew: config.skew,
      sessionAbsolute: config.session.absolute,
      issueInstantSkew: config.saml.issueInstantSkew,
      scope: config.saml.scopes[0] ?? new URL(config.publicUrl).hostname,
    }),
    endpoint: createSsoEndpoint({
      ...shared,
      ssoUrl: `${config.publicUrl}${SSO_PATH}`,
      issueInstantSkew: config.saml.issueInstantSkew,
    }),
  };
}

/** `once`: where codes are spent. */
export function createOidc(
  config: Config,
  context: Context,
  parts: Parts,
  sealer: Sealer,
  once: SpentStore,
): OidcProvider {
  return createOidcProvider({
    issuer: config.publicUrl,
    registry: parts.parties,
    sealer,
    stableSecret: parts.stableSecret,
    keys: parts.signingKeys.oidc.current,
    clock: context.clock,
    random: context.random,
    skew: config.skew,
    spent: once,
    sharedSpent: parts.shared.database !== null,
    revocations: parts.revocations,
    directory: parts.directories,
    consents: parts.shared.consents,
    sessionAbsolute: config.session.absolute,
  });
}

/** `once`: where tickets are spent. */
export function createCas(config: Config, context: Context, parts: Parts, sealer: Sealer, once: SpentStore): CasServer {
  return createCasServer({
    issuer: config.publicUrl,
    registry: parts.parties,
    sealer,
    clock: context.clock,
    random: context.random,
    spent: once,
    revocations: parts.revocations,
    directory: parts.directories,
    consents: parts.shared.consents,
    skew: config.skew,
    deliver: createCallbackDelivery({ ...parts.casCallbacks, timeout: config.cas.callbackTimeout }),
    ticketSeconds: config.cas.ticketSeconds,
    sessionAbsolute: config.session.absolute,
  });
}

export function ownMetadata(config: Config, parts: Parts, random: Random): () => Promise<Body> {
  return createMetadataEndpoint({
    metadata: {
      entityId: config.entityId,
      ssoUrl: `${config.publicUrl}${SSO_PATH}`,
      wantAuthnRequestsSigned: config.saml.wantAuthnRequestsSigned,
      errorUrl: config.saml.errorUrl ?? null,
      scopes: config.saml.scopes,
      displayName: config.saml.displayName ?? null,
      cacheDuration: config.saml.metadataRefresh,
    },
    keys: parts.signingKeys.saml.current,
    signers: parts.signers,
    sign: config.saml.signMetadata,
    random,
  });
}
