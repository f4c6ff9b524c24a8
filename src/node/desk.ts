// Owns: the one desk of a node: its cookies, its pages, its audit log. Leaves to web/: what desks do with them.
import { createAuditLog } from '../audit/audit-log.ts';
import type { Config } from '../config/config.ts';
import type { SpentStore } from '../core/revocation.ts';
import { encodeBase64url } from '../lib/base64url.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { Parts } from '../parts.ts';
import { ACCESS_TOKEN_SECONDS } from '../protocols/oidc/access-token.ts';
import type { Sealer } from '../sealer/seal.ts';
import type { SpentTable } from '../state/spent-table.ts';
import { cookieName } from '../web/cookie-header.ts';
import type { Desk } from '../web/desk.ts';
import { createDeviceCookie } from '../web/device-cookie.ts';
import { createEnrolmentCookie, type EnrolmentCookie } from '../web/enrolment-cookie.ts';
import { createFlowCookies } from '../web/flow-cookies.ts';
import { createFormTokens } from '../web/form-token.ts';
import { linksOf } from '../web/page-links.ts';
import { createSessionCookie } from '../web/session-cookie.ts';
import { languageOf, wordsIn } from '../web/words.ts';
import type { NodeContext } from './node-context.ts';

export interface DeskParts {
  readonly parts: Parts;
  readonly sealer: Sealer;
  readonly adapters: Desk['adapters'];
  readonly metrics: Metrics;
  /** What this node alone remembers as spent. */
  readonly spentHere: SpentTable;
  /** Where codes and tickets are spent: the same, or the database. */
  readonly once: SpentStore;
}

export function createDesk(
  config: Config,
  context: NodeContext,
  { parts, sealer, adapters, metrics, spentHere, once }: DeskParts,
): Desk {
  const { random, log } = context;
  const secure = !config.plainHttp;
  const { revocations } = parts;
  const { pages } = parts.theme;
  const sessionName = cookieName('signet_sso', secure);
  const deviceName = cookieName('signet_device', secure);
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
      otherNames: [sessionName, enrolmentCookieName(config), deviceName],
      secure,
      sealer,
      revocations,
      random,
    }),
    devices: createDeviceCookie({ name: deviceName, sealer, revocations, random }),
    forms: createFormTokens(parts.stableSecret.derive('form-token')),
    pages,
    adapters,
    directory: parts.directories,
    spent: once,
    spentHere,
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
      const words = wordsIn(language);
      return pages.message(language, status, {
        ...words.pages[name],
        reference: facts.requestId,
        links: linksOf(name, words),
      });
    },
    sidRevocationSeconds: sidRevocationSeconds(config),
  };
}

function enrolmentCookieName({ plainHttp }: Config): string {
  return cookieName('signet_enrol', !plainHttp);
}

/** What somebody is enrolling. */
export function createNodeEnrolmentCookie(config: Config, { revocations }: Parts, sealer: Sealer): EnrolmentCookie {
  return createEnrolmentCookie({ name: enrolmentCookieName(config), sealer, revocations });
}

/**
 * A copy of the session's cookie is idle before long, but refresh tokens and proxy-granting tickets live until the session
 * would have ended, and a last access token for some minutes more: forgotten before, the end of the session would not be theirs.
 */
export function sidRevocationSeconds({
  session,
  revocations,
  skew,
}: Pick<Config, 'session' | 'revocations' | 'skew'>): number {
  return session.absolute + ACCESS_TOKEN_SECONDS + revocations.poll + skew;
}
