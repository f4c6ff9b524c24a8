// Owns: everything that can be wrong with a request, and who is told what. docs/errors.md has the same table for people.

import type { RelyingPartyKey } from '../../core/authentication-request.ts';
import type { ProtocolError, RefusalPage, Refused } from '../../core/protocol-adapter.ts';
import type { MessageProblemCode } from '../../saml/message-problem.ts';
import { STATUS } from '../../saml/names.ts';
import type { StatusPair } from '../../saml/response.ts';

/** Closed; appended to, never renamed: operators search their logs for these. */
export type SamlErrorCode =
  | MessageProblemCode
  | 'unknown-party'
  | 'metadata-expired'
  | 'unregistered-acs'
  | 'unsupported-binding'
  | 'wrong-version'
  | 'wrong-destination'
  | 'stale-request'
  | 'bad-id'
  | 'signature-missing'
  | 'signature-invalid'
  | 'relay-state-too-long'
  | 'request-too-large'
  | 'unsupported-name-id'
  | 'unsupported-subject'
  | 'unsupported-authn-context'
  | 'idp-initiated-not-allowed'
  | 'name-id-unavailable'
  | 'class-unproved'
  | 'pending-unreadable';

/** What is wrong; `detail` is for the log only. */
export interface SamlProblem {
  readonly code: SamlErrorCode;
  readonly detail: string;
}

interface Consequence {
  /** For the party, once its return address is verified. */
  readonly status: StatusPair;
  /** For the person, until then. */
  readonly page: RefusalPage;
  readonly httpStatus: Refused['status'];
}

const denied: StatusPair = { first: STATUS.requester, second: STATUS.requestDenied };
const unreadable = { status: denied, page: 'unreadable-request', httpStatus: 400 } as const;
const atFault = (second: string): Consequence => ({
  status: { first: STATUS.requester, second },
  page: 'unreadable-request',
  httpStatus: 400,
});

export const SAML_ERRORS = {
  'repeated-parameter': unreadable,
  'unexpected-parameter': unreadable,
  'bad-encoding': unreadable,
  'too-large': { ...unreadable, httpStatus: 413 },
  'bad-xml': unreadable,
  'bad-message': unreadable,
  'unknown-party': { status: denied, page: 'unknown-party', httpStatus: 403 },
  'metadata-expired': { status: denied, page: 'unknown-party', httpStatus: 403 },
  'unregistered-acs': { status: denied, page: 'wrong-return-address', httpStatus: 403 },
  'unsupported-binding': atFault(STATUS.unsupportedBinding),
  'wrong-version': { ...unreadable, status: { first: STATUS.versionMismatch, second: null } },
  'wrong-destination': unreadable,
  'stale-request': { ...unreadable, page: 'stale-request' },
  'bad-id': unreadable,
  'signature-missing': unreadable,
  'signature-invalid': unreadable,
  'relay-state-too-long': atFault(STATUS.requestUnsupported),
  'request-too-large': atFault(STATUS.requestUnsupported),
  'unsupported-name-id': atFault(STATUS.invalidNameIdPolicy),
  'unsupported-subject': atFault(STATUS.unknownPrincipal),
  'unsupported-authn-context': atFault(STATUS.noAuthnContext),
  'idp-initiated-not-allowed': { status: denied, page: 'not-allowed', httpStatus: 403 },
  'name-id-unavailable': {
    ...unreadable,
    status: { first: STATUS.responder, second: STATUS.invalidNameIdPolicy },
  },
  'class-unproved': { ...unreadable, status: { first: STATUS.responder, second: STATUS.noAuthnContext } },
  'pending-unreadable': { ...unreadable, page: 'stale-request' },
} as const satisfies Record<SamlErrorCode, Consequence>;

/** A name out of a message may be as long as the message, and 500 bytes of a query inflate to one of 64 KiB. */
const DETAIL_MAX = 500;

/** The error as the log and the audit know it. */
export function protocolError(problem: SamlProblem, relyingParty: RelyingPartyKey | null): ProtocolError {
  return { code: problem.code, detail: problem.detail.slice(0, DETAIL_MAX), relyingParty };
}

/** The error as a page, because no return address has been verified. */
export function refusedWithPage(problem: SamlProblem, relyingParty: RelyingPartyKey | null): Refused {
  const { page, httpStatus } = SAML_ERRORS[problem.code];
  return { kind: 'refused', error: protocolError(problem, relyingParty), status: httpStatus, page };
}
