// Owns: the audit stream: one JSON line an event, ECS field names, each line chained to the one before it on this node.
// Leaves to the operator: shipping and keeping it (docs/operations.md, Audit).
import { hash } from 'node:crypto';
import type { Writable } from 'node:stream';
import type { AuditEvent } from '../core/audit-event.ts';
import { encodeBase64url } from '../lib/base64url.ts';

export interface AuditLog {
  readonly write: (event: AuditEvent) => void;
}

/** The hash that the first line of a process names as its predecessor. */
export const CHAIN_START = '0'.repeat(64);

/**
 * @param instance a name for this run of this node, so that chains of two runs cannot be taken for one
 * @param nowMilliseconds the clock, in milliseconds since 1970
 */
export function createAuditLog(
  stream: Writable,
  node: string,
  instance: string,
  nowMilliseconds: () => number,
): AuditLog {
  let sequence = 0;
  let previous = CHAIN_START;
  return {
    write(event) {
      sequence += 1;
      const line = JSON.stringify(toEcs(event, { node, instance, sequence, previous, at: nowMilliseconds() }));
      previous = hash('sha256', line);
      stream.write(`${line}\n`);
    },
  };
}

interface Place {
  readonly node: string;
  readonly instance: string;
  readonly sequence: number;
  readonly previous: string;
  readonly at: number;
}

function toEcs(event: AuditEvent, place: Place): Readonly<Record<string, unknown>> {
  return {
    '@timestamp': new Date(place.at).toISOString(),
    'event.id': `${place.instance}-${place.sequence}`,
    'event.category': 'authentication',
    'event.action': event.action,
    'event.outcome': event.outcome,
    'event.reason': event.reason ?? undefined,
    'user.id': event.accountId ?? undefined,
    'user.name': event.loginName ?? undefined,
    'signet.session': event.sid === null ? undefined : encodeBase64url(event.sid),
    'source.ip': event.address ?? undefined,
    'user_agent.original': event.userAgent?.slice(0, 256),
    'http.request.id': event.requestId,
    'signet.relying_party': event.relyingParty ?? undefined,
    'signet.methods': event.methods,
    'signet.aal': event.assurance ?? undefined,
    'signet.node': place.node,
    'signet.instance': place.instance,
    'signet.sequence': place.sequence,
    'signet.previous': place.previous,
  };
}
