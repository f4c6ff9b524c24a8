// Owns: what a relying party is told when an attempt is refused (SAML core §3.2.2.2).
import type { RefusalReason } from '../../core/authentication-result.ts';
import { STATUS } from '../../saml/names.ts';
import type { StatusPair } from '../../saml/response.ts';

/** Complete: a new reason does not compile until it has a status. */
export const REFUSAL_STATUS = {
  'interaction-needed': { first: STATUS.responder, second: STATUS.noPassive },
  'assurance-unmet': { first: STATUS.responder, second: STATUS.noAuthnContext },
  'wrong-subject': { first: STATUS.responder, second: STATUS.unknownPrincipal },
  'account-disabled': { first: STATUS.responder, second: STATUS.authnFailed },
  declined: { first: STATUS.responder, second: STATUS.requestDenied },
  unavailable: { first: STATUS.responder, second: STATUS.authnFailed },
} as const satisfies Record<RefusalReason, StatusPair>;
