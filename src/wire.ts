// Owns: putting a node together: the only file that knows every concrete part. Leaves to main.ts: sockets and signals.
import type { RequestListener } from 'node:http';
import type { Writable } from 'node:stream';
import type { Logger } from 'winston';
import { createAuditLog } from './audit/audit-log.ts';
import type { Config } from './config/config.ts';
import type { Body } from './core/reply.ts';
import type { SpentStore } from './core/revocation.ts';
import { createApp } from './http/app.ts';
import { createManagement } from './http/management.ts';
import { createRequestReader } from './http/read-request.ts';
import { securityHeaders } from './http/security-headers.ts';
import { createSender } from './http/send-reply.ts';
import { encodeBase64url } from './lib/base64url.ts';
import type { Clock } from './lib/clock.ts';
import type { Random } from './lib/random.ts';
import { defaultHashWorkers, HASH_POOL_DEFAULTS, type HashPool, openHashPool } from './methods/hash-pool.ts';
import { createPasswordMethod, type PasswordMethod } from './methods/password.ts';
import { createThrottle, type Throttle, type ThrottlePolicy } from './methods/throttle.ts';
import { createMetrics, type Metrics } from './metrics/metrics.ts';
import { createNodeFactors } from './node-factors.ts';
import { type NodeView, notReady, refreshGauges, ringReports, statusOf } from './node-status.ts';
import { openParts, type Parts } from './parts.ts';
import { createCasServer } from './protocols/cas/cas-server.ts';
import { createCallbackDelivery } from './protocols/cas/proxy-callback.ts';
import { createOidcProvider } from './protocols/oidc/oidc-provider.ts';
import { createMetadataEndpoint } from './protocols/saml/metadata-endpoint.ts';
import { createPreparedParties } from './protocols/saml/prepared-party.ts';
import { createSamlAdapter } from './protocols/saml/saml-adapter.ts';
import { createSsoEndpoint } from './protocols/saml/sso-endpoint.ts';
import { createRoutes, METADATA_PATH, type Saml, SCRIPT_PATH, SSO_PATH } from './routes.ts';
import { createSealer, type Sealer } from './sealer/seal.ts';
import { SIGNING_KEYS_PATH, signingKeysDocument } from './signing-sets.ts';
import { createSpentTable, type SpentTable } from './state/spent-table.ts';
import { createSqlSessions } from './state/sql-sessions.ts';
import { createAccountAdapter } from './web/account-adapter.ts';
import { cookieName } from './web/cookie-header.ts';
import type { Desk } from './web/desk.ts';
import { createEnrolmentCookie } from './web/enrolment-cookie.ts';
import { createFlowCookies } from './web/flow-cookies.ts';
import { createFormTokens } from './web/form-token.ts';
import type { Pages } from './web/pages.ts';
import { createSessionCookie } from './web/session-cookie.ts';
import { languageOf, wordsIn } from './web/words.ts';

export interface NodeContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly audit: Writable;
  /** Audit lines lost since the start. */
  readonly auditLost: () => number;
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
    onBackend: ({ backend, operation, seconds, failed }) => {
      metrics.backendDuration.observe({ backend, operation }, seconds);
      if (failed !== null) metrics.backendErrors.inc({ backend, reason: failed });
    },
    look: false,
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
  const spent = createSpentTable(config.spent.capacity, random);
  const once = parts.shared.spent(spent);
  const oidc = createOidcProvider({
    issuer: config.publicUrl,
    registry: parts.parties,
    sealer,
    stableSecret: parts.stableSecret,
    keys: parts.signingKeys.oidc.current,
    clock,
    random,
    skew: config.skew,
    spent: once,
    sharedSpent: parts.shared.database !== null,
    revocations: parts.revocations,
    directory: parts.directories,
    sessionAbsolute: config.session.absolute,
  });
  const cas = createCasServer({
    issuer: config.publicUrl,
    registry: parts.parties,
    sealer,
    clock,
    random,
    spent: once,
    revocations: parts.revocations,
    directory: parts.directories,
    deliver: createCallbackDelivery({ ...parts.casCallbacks, timeout: config.cas.callbackTimeout }),
    ticketSeconds: config.cas.ticketSeconds,
    sessionAbsolute: config.session.absolute,
  });
  const pool = openPool(config, log);
  const { database } = parts.shared;
  const journal = database === null ? null : createSqlSessions(database);
  const desk = createDesk(
    config,
    context,
    parts,
    sealer,
    { saml: saml.adapter, oidc: oidc.adapter, cas: cas.adapter, account: createAccountAdapter() },
    metrics,
    spent,
    once,
    parts.theme.pages,
  );
  const view: NodeView = {
    config,
    version: context.version,
    parts,
    sealer,
    pool,
    spent,
    metrics,
    auditLost: context.auditLost,
    draining: () => draining,
  };
  const passwords = createPassword(config, context, parts, pool);
  const routes = createRoutes({
    config,
    parts,
    desk,
    saml,
    oidc,
    cas,
    ...passwords,
    pool,
    journal,
    assets: parts.theme.assets,
    factors: createNodeFactors(config, {
      ...{ parts, metrics, log, clock, random },
      spent: once,
      throttle: passwords.throttle,
    }),
    enrolmentCookie: createEnrolmentCookie({
      name: enrolmentCookieName(config),
      sealer,
      revocations: parts.revocations,
    }),
  });
  const documents = new Map<string, () => Promise<{ contentType: string; text: string }>>();
  const metadata = ownMetadata(config, parts, random);
  if (config.saml.publicMetadata) routes.push({ method: 'GET', path: METADATA_PATH, handle: metadata });
  else documents.set(METADATA_PATH, metadata);
  documents.set(SIGNING_KEYS_PATH, async () => signingKeysDocument(parts.signingKeys));

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
      headers: securityHeaders(!config.plainHttp, `${config.publicOrigin}${SCRIPT_PATH}`),
      secure: !config.plainHttp,
      nodeHeader: config.nodeHeader ? config.nodeName : null,
      draining: () => draining,
    }),
    metrics,
    page: desk.page,
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
    refresh: () => refreshGauges(view),
    notReady: () => notReady(view),
    ringReports: ringReports(parts, config.nodeName, clock),
    status: () => statusOf(view),
  });
  return {
    parts,
    publicListener,
    managementListener,
    drain: () => {
      draining = true;
    },
    close: async () => {
      await pool.close();
      await parts.close();
    },
  };
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

function enrolmentCookieName({ plainHttp }: Config): string {
  return cookieName('signet_enrol', !plainHttp);
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
  adapters: Desk['adapters'],
  metrics: Metrics,
  local: SpentTable,
  once: SpentStore,
  pages: Pages,
): Desk {
  const { random, log } = context;
  const secure = !config.plainHttp;
  const { revocations } = parts;
  const sessionName = cookieName('signet_sso', secure);
  const instance = encodeBase64url(random(9));
  const auditLog = createAuditLog(context.audit, config.nodeName, instance, Date.now);
  return {
    sessions: createSessionCookie({
      name: sessionName,
      sealer,
      revocations,
      policy: config.session,
      skew: config.skew,
      onParticipantsDropped: (count) => metrics.participantsDropped.inc(count),
    }),
    flows: createFlowCookies({
      prefix: cookieName('signet_f_', secure),
      otherNames: [sessionName, enrolmentCookieName(config)],
      secure,
      sealer,
      revocations,
      random,
    }),
    forms: createFormTokens(parts.stableSecret.derive('form-token')),
    pages,
    adapters,
    directory: parts.directories,
    spent: once,
    spentHere: local,
    revocations,
    metrics,
    random,
    log: { info: (message, fields) => log.info(message, fields) },
    audit: (event) => {
      auditLog.write(event);
      parts.shared.audit?.write(event);
    },
    page: (name, status, facts) => {
      const language = languageOf(facts);
      const said = wordsIn(language).pages[name];
      return pages.message(language, status, { ...said, reference: facts.requestId });
    },
    sidRevocationSeconds: config.session.idle + config.revocations.poll + config.skew,
  };
}

function createPassword(
  config: Config,
  { random, log }: NodeContext,
  parts: Parts,
  pool: HashPool,
): { readonly password: PasswordMethod; readonly throttle: Throttle } {
  const throttle = createThrottle({
    policy: throttlePolicy(config, parts.shared.database === null),
    store: parts.shared.attempts,
    capacity: config.throttle.capacity,
    onAddressUnknown: onceOnly(() => warnForward(log)),
  });
  const { directories } = parts;
  const defaultCost = config.password.argon2;
  return {
    throttle,
    password: createPasswordMethod({ directories, pool, throttle, defaultCost, random }),
  };
}

/** What nodes count by themselves is divided among them, so that together they let no more through than one would. */
function throttlePolicy({ throttle, cluster }: Config, countsAlone: boolean): ThrottlePolicy {
  const share = (failures: number): number => Math.max(1, Math.floor(failures / cluster.expectedNodes));
  return {
    ...throttle,
    accountFailures: countsAlone ? share(throttle.accountFailures) : throttle.accountFailures,
    addressFailures: share(throttle.addressFailures),
  };
}

function ownMetadata(config: Config, parts: Parts, random: Random): () => Promise<Body> {
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
