// Owns: putting a node together: the only file that knows every concrete part. Leaves to main.ts: sockets and signals.
import { createHash } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { Logger } from 'winston';
import { createAuditLog } from './audit/audit-log.ts';
import type { Config } from './config/config.ts';
import type { RelyingPartyKey } from './core/authentication-request.ts';
import type { RelyingParty } from './core/relying-party.ts';
import type { Reply } from './core/reply.ts';
import { createApp, type Route } from './http/app.ts';
import { createManagement } from './http/management.ts';
import { createRequestReader } from './http/read-request.ts';
import { securityHeaders } from './http/security-headers.ts';
import { createSender } from './http/send-reply.ts';
import { encodeBase64url } from './lib/base64url.ts';
import type { Clock } from './lib/clock.ts';
import type { Random } from './lib/random.ts';
import { defaultHashWorkers, HASH_POOL_DEFAULTS, type HashPool, openHashPool } from './methods/hash-pool.ts';
import { createPasswordMethod } from './methods/password.ts';
import { createThrottle } from './methods/throttle.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { openParts, type Parts } from './parts.ts';
import { createMetadataEndpoint } from './protocols/saml/metadata-endpoint.ts';
import { createPreparedParties } from './protocols/saml/prepared-party.ts';
import { createSamlAdapter, type SamlAdapter } from './protocols/saml/saml-adapter.ts';
import { createSsoEndpoint, type SsoEndpoint } from './protocols/saml/sso-endpoint.ts';
import { createSealer, type Sealer } from './sealer/seal.ts';
import { createSpentTable } from './state/spent-table.ts';
import { createAnswerDesk } from './web/answer-desk.ts';
import { cookieName } from './web/cookie-header.ts';
import type { Desk } from './web/desk.ts';
import { createFlowCookies } from './web/flow-cookies.ts';
import { createFormTokens } from './web/form-token.ts';
import { createHomeDesk } from './web/home-desk.ts';
import { createLoginDesk } from './web/login-desk.ts';
import { createLogoutDesk } from './web/logout-desk.ts';
import { createPages } from './web/pages.ts';
import type { RequestFacts } from './web/request-facts.ts';
import { createSessionCookie } from './web/session-cookie.ts';
import { type PageName, pageWords } from './web/words.ts';

export interface NodeContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly audit: Writable;
  readonly version: string;
}

export interface SignetNode {
  readonly parts: Parts;
  readonly publicListener: RequestListener;
  readonly managementListener: RequestListener;
  /** From now on not ready, and every answer asks for the connection to be closed. */
  readonly drain: () => void;
  readonly close: () => Promise<void>;
}

const SSO_PATH = '/saml/idp/sso';
const METADATA_PATH = '/saml/idp/metadata';

/** @throws ProblemsError with everything that keeps this node from starting. */
export async function createNode(config: Config, context: NodeContext): Promise<SignetNode> {
  const { clock, random, log } = context;
  const metrics = createMetrics(context.version);
  const parts = await openParts(config, {
    clock,
    random,
    onEvent: ({ part, level, message }) => {
      log.log(level, message, { part });
      if (level === 'error') metrics.loadErrors.inc({ what: part });
    },
  });
  let draining = false;
  const sealer = createSealer({
    ring: parts.keyring.current,
    reread: parts.keyring.reread,
    clock,
    random,
    observe: (purpose, result) => metrics.unseals.inc({ purpose, result }),
  });
  const saml = createSaml(config, context, parts, sealer);
  const pool = openPool(config, log);
  const desk = createDesk(config, context, parts, sealer, saml.adapter, metrics);
  const routes = createRoutes(config, context, parts, desk, saml, pool);
  const documents = new Map<string, () => Promise<{ contentType: string; text: string }>>();
  const metadata = await ownMetadata(config, parts, random);
  if (config.saml.publicMetadata) routes.push({ method: 'GET', path: METADATA_PATH, handle: async () => metadata });
  else documents.set(METADATA_PATH, async () => ({ contentType: metadata.contentType, text: metadata.text }));

  const page = (name: PageName, status: number, reference: string): Reply =>
    desk.pages.message(status, { ...pageWords[name], reference });
  const publicListener = createApp({
    routes,
    read: createRequestReader({
      isProxy: parts.isProxy,
      clock,
      random,
      onUntrustedForward: onceOnly(() => warnForward(log)),
    }),
    sender: createSender({
      pages: desk.pages,
      headers: securityHeaders(!config.plainHttp),
      secure: !config.plainHttp,
      nodeHeader: config.nodeHeader ? config.nodeName : null,
      draining: () => draining,
    }),
    metrics,
    page,
    onFault: (error, requestId, route) =>
      log.error('fault', {
        requestId,
        route,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
  });
  const managementListener = createManagement({
    metrics,
    documents,
    refresh: () => refreshGauges(metrics, parts, pool),
    notReady: () => notReady(parts, sealer, draining),
    status: () => statusOf(config, context, parts, sealer, pool, draining),
  });
  return {
    parts,
    publicListener,
    managementListener,
    drain: () => {
      draining = true;
    },
    close: async () => {
      parts.close();
      await pool.close();
    },
  };
}

interface Saml {
  readonly adapter: SamlAdapter;
  readonly endpoint: SsoEndpoint;
}

function createSaml(config: Config, context: NodeContext, parts: Parts, sealer: Sealer): Saml {
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

function openPool(config: Config, log: Logger): HashPool {
  return openHashPool({
    ...HASH_POOL_DEFAULTS,
    workers: config.password.workers ?? defaultHashWorkers(),
    queue: config.password.queue,
    onEvent: (event) => log.info('hash process', { ...event }),
  });
}

function createDesk(
  config: Config,
  context: NodeContext,
  parts: Parts,
  sealer: Sealer,
  adapter: SamlAdapter,
  metrics: Metrics,
): Desk {
  const { random, log } = context;
  const secure = !config.plainHttp;
  const { revocations } = parts;
  const sessionName = cookieName('signet_sso', secure);
  const pages = createPages(join(import.meta.dirname, 'web', 'pages'));
  const instance = encodeBase64url(random(9));
  const auditLog = createAuditLog(context.audit, config.nodeName, instance, Date.now);
  return {
    sessions: createSessionCookie({
      name: sessionName,
      sealer,
      revocations,
      policy: config.session,
      onParticipantsDropped: (count) => metrics.participantsDropped.inc(count),
    }),
    flows: createFlowCookies({
      prefix: cookieName('signet_f_', secure),
      sessionName,
      secure,
      sealer,
      revocations,
      random,
    }),
    forms: createFormTokens(parts.stableSecret.derive('form-token')),
    pages,
    adapters: { saml: adapter },
    directory: parts.directory,
    spent: createSpentTable(config.spent.capacity, random),
    revocations,
    metrics,
    random,
    log: { info: (message, fields) => log.info(message, fields) },
    audit: auditLog.write,
    page: (name, status, facts) => pages.message(status, { ...pageWords[name], reference: facts.requestId }),
    sidRevocationSeconds: config.session.idle + config.revocations.poll + config.skew,
  };
}

function createRoutes(
  config: Config,
  context: NodeContext,
  parts: Parts,
  desk: Desk,
  saml: Saml,
  pool: HashPool,
): Route[] {
  const { random, log } = context;
  const { publicOrigin } = config;
  const throttle = createThrottle({
    policy: config.throttle,
    capacity: config.throttle.capacity,
    onAddressUnknown: onceOnly(() => warnForward(log)),
  });
  const password = createPasswordMethod({
    directory: parts.directory,
    hashes: parts.directory,
    pool,
    throttle,
    defaultCost: config.password.argon2,
    random,
  });
  const partyOf = (key: RelyingPartyKey): RelyingParty | null =>
    parts.parties.find(key.slice('saml:'.length))?.relyingParty ?? null;
  const answers = createAnswerDesk({
    desk,
    requestClaim: ({ answerTo }) => saml.adapter.requestClaim(answerTo),
    onFinished: throttle.finished,
    onAnswered: (relyingParty) => desk.metrics.assertions.inc({ sp: relyingParty.slice('saml:'.length) }),
  });
  const login = createLoginDesk({ desk, answers, password, relyingParty: partyOf, publicOrigin });
  const partyName = (hash: string): string | null => parts.parties.findByHash(hash)?.relyingParty.displayName ?? null;
  const logout = createLogoutDesk({ desk, answers, partyName, publicOrigin });
  const home = createHomeDesk({
    desk,
    publicOrigin,
    action: SSO_PATH,
    portalParties: () =>
      parts.parties
        .all()
        .filter((party) => party.settings.idpInitiated.allowed)
        .map((party) => ({ id: party.metadata.entityId, displayName: party.relyingParty.displayName })),
  });
  const count = (binding: string, arrival: { readonly kind: string }): void =>
    desk.metrics.samlMessages.inc({ binding, type: 'AuthnRequest', outcome: arrival.kind });
  return [
    {
      method: 'GET',
      path: SSO_PATH,
      direct: true,
      handle: async (facts) => {
        const arrival = await saml.endpoint.receiveRedirect(facts.rawQuery);
        count('redirect', arrival);
        return login.begin(arrival, facts);
      },
    },
    {
      method: 'POST',
      path: SSO_PATH,
      handle: async (facts) => {
        if (facts.form.has('sp')) return fromPortal(facts);
        const arrival = await saml.endpoint.receivePost(facts.form);
        count('post', arrival);
        return login.begin(arrival, facts);
      },
    },
    {
      method: 'GET',
      path: '/saml/idp/init',
      handle: async (facts) => {
        const query = new URLSearchParams(facts.rawQuery);
        return login.begin(
          saml.endpoint.init(
            initParameters((name) => query.get(name)),
            'get',
          ),
          facts,
        );
      },
    },
    { method: 'GET', path: '/flow/:id', handle: (facts, id) => login.show(id, facts) },
    { method: 'POST', path: '/flow/:id', handle: (facts, id) => login.submit(id, facts) },
    { method: 'GET', path: '/logout', handle: (facts) => logout.show(facts) },
    { method: 'POST', path: '/logout', handle: (facts) => logout.submit(facts) },
    { method: 'GET', path: '/', handle: (facts) => home.show(facts) },
    { method: 'GET', path: '/assets/signet.css', handle: async () => stylesheet(desk.pages.stylesheet) },
  ];

  async function fromPortal(facts: RequestFacts): Promise<Reply> {
    const refusal = home.refusePortalPost(facts);
    if (refusal !== null) return refusal;
    // Our own page posts on the same site, so the session's cookie is there: answered at once, like a GET.
    return login.begin(
      saml.endpoint.init(
        initParameters((name) => facts.form.get(name) ?? null),
        'get',
      ),
      facts,
    );
  }
}

function initParameters(read: (name: string) => string | null): {
  readonly sp: string;
  readonly relayState: string | null;
  readonly withMessage: boolean;
} {
  const withMessage = read('SAMLRequest') !== null || read('SAMLResponse') !== null;
  return { sp: read('sp') ?? '', relayState: read('RelayState'), withMessage };
}

function stylesheet(text: string): Reply {
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"`;
  return {
    kind: 'body',
    status: 200,
    contentType: 'text/css; charset=utf-8',
    text,
    headers: { 'Cache-Control': 'public, max-age=300', ETag: etag },
  };
}

async function ownMetadata(config: Config, parts: Parts, random: Random) {
  const next = parts.nextCertificate === null ? [] : [parts.nextCertificate.base64];
  const { reply } = await createMetadataEndpoint(
    {
      entityId: config.entityId,
      ssoUrl: `${config.publicUrl}${SSO_PATH}`,
      certificates: [...parts.signers.certificates, ...next],
      wantAuthnRequestsSigned: config.saml.wantAuthnRequestsSigned,
      errorUrl: config.saml.errorUrl ?? null,
      scopes: config.saml.scopes,
      displayName: config.saml.displayName ?? null,
    },
    config.saml.signMetadata ? parts.signers.preferred : null,
    random,
  );
  return reply;
}

/** Not the directory, not drift of the keyring: all nodes would go at once. */
function notReady(parts: Parts, sealer: Sealer, draining: boolean): readonly string[] {
  const reasons: string[] = [];
  if (draining) reasons.push('draining');
  if (sealer.primaryKid() === null) reasons.push('no key can seal');
  if (!parts.revocations.status().everLoaded) reasons.push('the revocation feed has never been read');
  return reasons;
}

function statusOf(
  config: Config,
  context: NodeContext,
  parts: Parts,
  sealer: Sealer,
  pool: HashPool,
  draining: boolean,
): Readonly<Record<string, unknown>> {
  const { revocations } = parts;
  return {
    version: context.version,
    node: config.nodeName,
    entityId: config.entityId,
    ready: notReady(parts, sealer, draining).length === 0,
    draining,
    keyring: parts.keyring.status(),
    people: parts.directory.status().people,
    parties: parts.parties.all().length,
    partyProblems: parts.parties.problems(),
    revocations: revocations.status(),
    hashing: pool.status(),
    signingCertificateEnds: new Date(parts.signingCertificate.notAfter * 1000).toISOString(),
  };
}

function refreshGauges(metrics: Metrics, parts: Parts, pool: HashPool): void {
  const ring = parts.keyring.status();
  metrics.keyringSerial.set(ring.serial);
  metrics.keyringKey.reset();
  for (const { kid, state } of ring.keys) metrics.keyringKey.set({ kid, state }, 1);
  metrics.keyringPrimary.reset();
  if (ring.primary !== null) metrics.keyringPrimary.set({ kid: ring.primary.kid }, 1);
  metrics.metadataExpiry.reset();
  for (const { metadata } of parts.parties.all()) {
    if (metadata.validUntil !== null) metrics.metadataExpiry.set({ sp: metadata.entityId }, metadata.validUntil);
  }
  metrics.certificateExpiry.set(parts.signingCertificate.notAfter);
  metrics.hashQueue.set(pool.status().queued);
  metrics.revocationAge.set(parts.revocations.status().age);
}

function onceOnly(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}

function warnForward(log: Logger): void {
  log.error(
    'X-Forwarded-For comes from a peer that is not in trustedProxies: client addresses are unknown, and addresses are not throttled',
  );
}
