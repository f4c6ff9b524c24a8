// Owns: which address leads to which desk. Leaves to http/app.ts: serving them; to wire.ts: everything they are made of.
import { createHash } from 'node:crypto';
import type { Config } from './config/config.ts';
import type { MethodName } from './core/authentication-event.ts';
import type { RelyingPartyKey } from './core/authentication-request.ts';
import { keptIn } from './core/consent.ts';
import type { RelyingParty } from './core/relying-party.ts';
import type { Reply } from './core/reply.ts';
import type { Session } from './core/session.ts';
import type { SessionJournal, SessionRow } from './core/session-journal.ts';
import type { Route } from './http/app.ts';
import type { Clock } from './lib/clock.ts';
import type { HashPool } from './methods/hash-pool.ts';
import type { PasswordMethod } from './methods/password.ts';
import { provedDestinations } from './methods/proved-destinations.ts';
import type { Throttle } from './methods/throttle.ts';
import { createAccountRoutes } from './node/account-routes.ts';
import { casSignOut, createCasRoutes } from './node/cas-routes.ts';
import type { NodeFactors } from './node/factors.ts';
import { createOidcRoutes } from './node/oidc-routes.ts';
import { portalTiles } from './node/portal-tiles.ts';
import type { Parts } from './parts.ts';
import type { CasServer } from './protocols/cas/cas-server.ts';
import type { OidcProvider } from './protocols/oidc/oidc-provider.ts';
import type { SamlAdapter } from './protocols/saml/saml-adapter.ts';
import type { SsoEndpoint } from './protocols/saml/sso-endpoint.ts';
import type { SessionList } from './state/sql-sessions.ts';
import { ACCOUNT_PARTY } from './web/account-adapter.ts';
import { createAnswerDesk } from './web/answer-desk.ts';
import type { Desk } from './web/desk.ts';
import type { EnrolmentCookie } from './web/enrolment-cookie.ts';
import { createEnrolmentDesk } from './web/enrolment-desk.ts';
import { createHomeDesk } from './web/home-desk.ts';
import { createLoginDesk } from './web/login-desk.ts';
import { createLoginEnrolment } from './web/login-enrolment.ts';
import { createLogoutDesk } from './web/logout-desk.ts';
import type { RequestFacts } from './web/request-facts.ts';
import type { Asset } from './web/theme.ts';

export const SSO_PATH = '/saml/idp/sso';
export const METADATA_PATH = '/saml/idp/metadata';

const ASSETS_PATH = '/assets/';
/** The script that asks for security keys and passkeys. */
export const SCRIPT_PATH = `${ASSETS_PATH}webauthn.js`;

export interface Saml {
  readonly adapter: SamlAdapter;
  readonly endpoint: SsoEndpoint;
}

export interface RouteParts {
  readonly config: Config;
  readonly parts: Parts;
  readonly desk: Desk;
  readonly saml: Saml;
  readonly oidc: OidcProvider;
  readonly cas: CasServer;
  readonly password: PasswordMethod;
  readonly throttle: Throttle;
  /** Null without a database. */
  readonly journal: (SessionJournal & SessionList) | null;
  readonly factors: NodeFactors;
  readonly enrolmentCookie: EnrolmentCookie;
  readonly pool: HashPool;
  readonly assets: ReadonlyMap<string, Asset>;
  readonly clock: Clock;
}

export function createRoutes({
  config,
  parts,
  desk,
  saml,
  oidc,
  cas,
  password,
  throttle,
  factors,
  enrolmentCookie,
  pool,
  journal,
  assets,
  clock,
}: RouteParts): Route[] {
  const { publicOrigin } = config;
  const { consents } = parts.shared;
  const partyOf = (key: RelyingPartyKey): RelyingParty | null =>
    key === ACCOUNT_PARTY.key ? ACCOUNT_PARTY : (parts.parties.relyingParty(key) ?? null);
  const { credentials, announcer } = factors;
  const forgetFailures = async (session: Session, proved: readonly MethodName[], { address, now }: RequestFacts) => {
    const sentTo = credentials === null ? [] : await provedDestinations(credentials, session, proved);
    await throttle.finished(session.accountId, proved, address, now, sentTo);
  };
  const answers = createAnswerDesk({
    desk,
    requestClaim: ({ answerTo }) => (answerTo.protocol === 'saml' ? saml.adapter.requestClaim(answerTo) : null),
    onFinished: (session, proved, facts) =>
      Promise.all([
        forgetFailures(session, proved, facts),
        journal?.record(sessionRow(session, facts, config.session.absolute)),
      ]),
    onJoined: ({ sid, created }, relyingParty, { now }) => {
      const expiresAt = created + config.session.absolute;
      parts.shared.participants?.joined({ sid, relyingParty, at: now, expiresAt });
    },
    keepConsent: async (accountId, key, digest, now) =>
      keptIn(consents, partyOf(key)?.consent)?.record(accountId, key, { digest, agreedAt: now }) ?? true,
    onAnswered: (key) => {
      // The account's own pages are told nothing that was not theirs before.
      if (key !== ACCOUNT_PARTY.key) desk.metrics.assertions.inc({ sp: key.replace(/^saml:/, '') });
    },
  });
  const enrolments =
    credentials === null
      ? null
      : createEnrolmentDesk({
          ...{ desk, answers, announcer },
          cookie: enrolmentCookie,
          store: credentials,
          enrolments: factors.enrolments,
        });
  const login = createLoginDesk({
    desk,
    answers,
    password,
    ...factors,
    enrolment: enrolments === null ? null : createLoginEnrolment(desk, enrolments, partyOf),
    relyingParty: partyOf,
    consents,
    publicOrigin,
  });
  const partyName = (hash: string): string | null => parts.parties.relyingPartyByHash(hash)?.displayName ?? null;
  const logout = createLogoutDesk({
    desk,
    answers,
    partyName,
    publicOrigin,
    signOutRequest: async (form) => {
      const service = casSignOut(cas, form);
      if (service !== null) return service;
      const request = await oidc.endSession(form);
      return 'problem' in request ? null : request;
    },
  });
  const home = createHomeDesk({
    desk,
    publicOrigin,
    action: SSO_PATH,
    tiles: () => portalTiles(parts.parties, config.publicUrl),
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
        if (new Set(query.keys()).size !== query.size) return desk.page('badRequest', 400, facts);
        return login.begin(
          saml.endpoint.init(
            initParameters((name) => query.get(name)),
            'get',
          ),
          facts,
        );
      },
    },
    ...createOidcRoutes({
      provider: oidc,
      login,
      logout,
      metrics: desk.metrics,
      log: desk.log,
      badRequest: (facts) => desk.page('badRequest', 400, facts),
    }),
    ...createCasRoutes({ server: cas, login, logout, metrics: desk.metrics, log: desk.log }),
    { method: 'GET', path: '/flow/:id', handle: (facts, id) => login.show(id, facts) },
    { method: 'POST', path: '/flow/:id', handle: (facts, id) => login.submit(id, facts) },
    { method: 'GET', path: '/logout', handle: (facts) => logout.show(facts) },
    { method: 'POST', path: '/logout', handle: (facts) => logout.submit(facts) },
    { method: 'GET', path: '/', handle: (facts) => home.show(facts) },
    ...createAccountRoutes({
      ...{ config, parts, desk, answers, login, factors, enrolments, pool, clock },
      sessions: journal,
      onSession: async (session, facts) => journal?.record(sessionRow(session, facts, config.session.absolute)),
    }),
    ...[...assets].map(([name, asset]): Route => {
      const reply = assetReply(asset);
      return { method: 'GET', path: `${ASSETS_PATH}${name}`, handle: async () => reply };
    }),
  ];

  async function fromPortal(facts: RequestFacts): Promise<Reply> {
    const refusal = await home.refusePortalPost(facts);
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

/** Seconds that browsers may keep styles and scripts. */
const ASSET_MAX_AGE = 300;

function assetReply({ contentType, text }: Asset): Reply {
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 16)}"`;
  const headers = { 'Cache-Control': `public, max-age=${ASSET_MAX_AGE}`, ETag: etag };
  return { kind: 'body', status: 200, contentType, text, headers };
}

function sessionRow(session: Session, facts: RequestFacts, absolute: number): SessionRow {
  return {
    sid: session.sid,
    accountId: session.accountId,
    createdAt: session.created,
    expiresAt: session.created + absolute,
    methods: [...new Set(session.events.map(({ method }) => method))],
    address: facts.address,
    userAgent: facts.headers['user-agent'] ?? null,
  };
}
