import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readService, type Service } from '../../../src/parties/service.ts';
import { createServiceIndex } from '../../../src/parties/service-index.ts';
import { createCasAdapter } from '../../../src/protocols/cas/cas-adapter.ts';
import { encodePending } from '../../../src/protocols/cas/pending-answer.ts';
import type { ServiceTicket } from '../../../src/sealed/service-ticket-body.ts';
import { ACCEPTED_IN_PART, NOW } from '../accepted-in-part.ts';

const APP = 'https://app.example.org/';

// CWE-287; CAS protocol 3 §2.1.1: with renew the ticket is about what was proved for it.
test('a ticket with renew has the level of what was given anew, and ends with the whole session', async () => {
  const service = readService({ url: APP }, 'app.yaml') as Service;
  const sealed: Omit<ServiceTicket, 'lineage'>[] = [];
  const adapter = createCasAdapter({
    services: () => createServiceIndex([service]),
    tickets: {
      sealService: (ticket) => {
        sealed.push(ticket);
        return 'ST-1';
      },
      sealProxy: () => null,
      sealGranting: () => null,
      openService: () => null,
      openProxy: () => null,
      openGranting: () => null,
    },
    clock: () => NOW,
    ticketSeconds: 10,
  });
  const pending = encodePending({ partyHash: service.hash, service: APP, post: false, renew: true });
  const answer = await adapter.answer(ACCEPTED_IN_PART, pending, { ancestors: [], answerId: Buffer.alloc(16) });
  assert.equal(answer.kind, 'answer');
  const [ticket] = sealed;
  assert.equal(ticket?.level, 'aal1');
  assert.equal(ticket?.latestProof, NOW);
  assert.equal(ticket?.oldestProof, NOW - 600);
});
