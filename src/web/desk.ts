// Owns: what every desk (a group of controllers) works with. node/desk.ts makes the one there is.
import type { Directory } from '../core/account.ts';
import type { AuditEvent } from '../core/audit-event.ts';
import type { ProtocolName } from '../core/authentication-request.ts';
import type { ProtocolAdapter } from '../core/protocol-adapter.ts';
import type { Reply } from '../core/reply.ts';
import type { LocalSpent, Revocations, SpentStore } from '../core/revocation.ts';
import type { Random } from '../lib/random.ts';
import type { Metrics } from '../metrics/metrics.ts';
import type { DeviceCookie } from './device-cookie.ts';
import type { FlowCookies } from './flow-cookies.ts';
import type { FormTokens } from './form-token.ts';
import type { Pages } from './pages.ts';
import type { RequestFacts } from './request-facts.ts';
import type { SessionCookie } from './session-cookie.ts';
import type { PageName } from './words.ts';

/** The log as controllers see it: a message and fields, never a secret, token or sealed value. */
export interface Log {
  readonly info: (message: string, fields: Readonly<Record<string, unknown>>) => void;
}

export interface Desk {
  readonly sessions: SessionCookie;
  readonly flows: FlowCookies;
  readonly devices: DeviceCookie;
  readonly forms: FormTokens;
  readonly pages: Pages;
  readonly adapters: Readonly<Record<ProtocolName, ProtocolAdapter>>;
  readonly directory: Directory;
  readonly spent: SpentStore;
  readonly spentHere: LocalSpent;
  readonly revocations: Revocations;
  readonly metrics: Metrics;
  readonly random: Random;
  readonly log: Log;
  readonly audit: (event: AuditEvent) => void;
  readonly page: (name: PageName, status: number, facts: RequestFacts) => Reply;
  /** Seconds that a sid's revocation is kept: until nothing opens that ends with a session of now. */
  readonly sidRevocationSeconds: number;
}
