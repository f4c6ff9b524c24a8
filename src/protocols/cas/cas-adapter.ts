// Owns: answering a CAS service at the end of a sign-in: back to its address with a ticket, or without one, or a page.
// Leaves to validation.ts: what a ticket is good for.
import { createHash } from 'node:crypto';
import { assuranceOf } from '../../core/assurance.ts';
import { newestOf } from '../../core/authentication-event.ts';
import type { PendingAnswer } from '../../core/authentication-request.ts';
import type { Authenticated } from '../../core/authentication-result.ts';
import { shownAddress } from '../../core/consent.ts';
import type { Answer, AnswerContext, ProtocolAdapter, Refused } from '../../core/protocol-adapter.ts';
import type { Reply } from '../../core/reply.ts';
import { oldestProof } from '../../core/session.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Service } from '../../parties/service.ts';
import type { ServiceIndex } from '../../parties/service-index.ts';
import { TICKET_ID_BYTES } from '../../sealed/ticket-fields.ts';
import { REFUSAL_ANSWERS, refusedWithPage } from './cas-errors.ts';
import { disclosedItems } from './disclosure.ts';
import { decodePending, type PendingCas } from './pending-answer.ts';
import { serviceDigest, withTicket } from './service-identifier.ts';
import type { Tickets } from './tickets.ts';

export interface CasAdapterDeps {
  readonly services: () => ServiceIndex;
  readonly tickets: Tickets;
  readonly clock: Clock;
  /** How long a ticket may be validated, in seconds. */
  readonly ticketSeconds: number;
}

export function createCasAdapter(deps: CasAdapterDeps): ProtocolAdapter & { readonly protocol: 'cas' } {
  const ticketFor = (pending: PendingCas, result: Authenticated, context: AnswerContext): string | null => {
    const { session, proofs, change } = result;
    const level = assuranceOf(proofs);
    if (level === null) return null;
    const ticket = {
      id: ticketId(context.answerId),
      sid: session.sid,
      accountId: session.accountId,
      oldestProof: oldestProof(session),
      latestProof: newestOf(proofs),
      level,
      service: serviceDigest(pending.service),
      // A step-up adds to a session: that is no presentation of primary credentials, unless all of them were asked for.
      fromNewLogin: pending.renew || change.kind === 'started',
    };
    const now = deps.clock();
    return deps.tickets.sealService(ticket, context.ancestors, { now, exp: now + deps.ticketSeconds });
  };

  return {
    protocol: 'cas',
    answer: async (result, answerTo, context): Promise<Answer | Refused> => {
      const to = addressee(deps, answerTo);
      if ('kind' in to) return to;
      const { service, pending } = to;
      const { key } = service.relyingParty;
      if (result.kind === 'refused') {
        const answer = REFUSAL_ANSWERS[result.reason];
        if (answer === 'without-ticket') return answered(goTo(pending, null));
        return { kind: 'refused', ...answer, error: { code: result.reason, detail: result.reason, relyingParty: key } };
      }
      const ticket = ticketFor(pending, result, context);
      if (ticket === null) {
        const error = { code: 'no-ticket', detail: 'no key seals', relyingParty: key };
        return { kind: 'refused', ...REFUSAL_ANSWERS.unavailable, error };
      }
      const participant = { relyingParty: service.hash, at: deps.clock(), nameId: { kind: 'derived' } } as const;
      return { ...answered(goTo(pending, ticket)), participant };
    },
    isRequiredSubject: () => false,
    canState: () => true,
    isUnassured: () => false,
    disclosure: (account, answerTo) => {
      const to = addressee(deps, answerTo);
      if ('kind' in to) return null;
      return { items: disclosedItems(to.service, account), returnsTo: shownAddress(to.pending.service) };
    },
  };
}

function answered(reply: Reply): Answer {
  return { kind: 'answer', reply, participant: null, error: null };
}

/** The same for a repeat of the same attempt on another node, so that both tickets are one. */
function ticketId(answerId: Uint8Array): Buffer {
  return createHash('sha256').update('cas-st\0').update(answerId).digest().subarray(0, TICKET_ID_BYTES);
}

function goTo({ service, post }: PendingCas, ticket: string | null): Reply {
  // Without a ticket there is nothing to post; the service looks whether one came (§2.1.1).
  if (ticket === null) return { kind: 'redirect', status: 303, location: service };
  if (post) return { kind: 'auto-post', action: service, fields: [['ticket', ticket]] };
  return { kind: 'redirect', status: 303, location: withTicket(service, ticket) };
}

/** Looked up again: the service may have been removed, or its address given to another, while the person signed in. */
function addressee(
  { services }: CasAdapterDeps,
  answerTo: PendingAnswer,
): { readonly service: Service; readonly pending: PendingCas } | Refused {
  const pending = decodePending(answerTo);
  if (pending === null) return refusedWithPage('pending-unreadable', 'not of this release', null);
  const service = services().find(pending.service);
  if (service === null || service.hash !== pending.partyHash) {
    return refusedWithPage('service-unregistered', `removed meanwhile: ${pending.partyHash}`, null);
  }
  return { service, pending };
}
