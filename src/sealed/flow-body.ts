// Owns: a login in progress as the body of `login-flow`. Leaves to web/: the cookie, its suffix, and single use.
// Leaves to the protocol's adapter: what stands in PendingAnswer.data. docs/sealed-values.md, login-flow.
import { ACCOUNT_ID_MAX_BYTES } from '../core/account.ts';
import type { AssuranceLevel } from '../core/assurance.ts';
import { type FactorFailure, METHOD_NUMBERS } from '../core/authentication-event.ts';
import {
  type AuthenticationRequest,
  PROTOCOL_NUMBERS,
  type ProtocolName,
  type RelyingPartyKey,
  type SubjectHint,
} from '../core/authentication-request.ts';
import { LANGUAGE_NUMBERS, LANGUAGES, type Language } from '../core/language.ts';
import {
  type Challenge,
  type LoginContext,
  PENDING_CHALLENGE_MAX_BYTES,
  TYPED_NAME_MAX_BYTES,
} from '../core/login-context.ts';
import { type CborValue, cborMap, encodeCbor } from '../sealer/cbor.ts';
import { type CborFields, readCborMap } from '../sealer/cbor-fields.ts';
import { lineageToCbor, readLineage } from './lineage.ts';
import { eventRecord, eventsFrom, methodNumbered, secondsAfter } from './session-body.ts';
import { DT_MAX, eventsToCbor, METHOD_NUMBER_MAX, readEvents, U32_MAX } from './session-record.ts';
import { readTypedName, typedNameSlot } from './typed-name-slot.ts';

export interface LoginFlow {
  /** 16 bytes; what finishing and logout spend. */
  readonly innerId: Uint8Array;
  readonly lineage: readonly string[];
  readonly request: AuthenticationRequest;
  readonly context: LoginContext;
}

/** The longest key of a relying party that a flow can carry, its protocol's prefix included. */
export const FLOW_RELYING_PARTY_MAX_BYTES = 256;
/** Key, suggested login name and adapter's data together. What is left of the purpose's maximum is kept for the person. */
export const FLOW_REQUEST_MAX_BYTES = 992;
/** So many bytes of adapter's data always fit, whatever the other two. */
export const FLOW_DATA_SURE_BYTES = FLOW_REQUEST_MAX_BYTES - FLOW_RELYING_PARTY_MAX_BYTES - TYPED_NAME_MAX_BYTES;
/** Proofs of one flow; of more, the newest are kept. No request needs more than a first factor and two others. */
export const FLOW_EVENTS_MAX = 3;
/** Releases before the challenge kept one more. */
const FLOW_EVENTS_READ_MAX = 4;

/** What the relying party sent is too long to be carried: said to it before anything is sealed. */
export interface FlowTooLarge {
  readonly refused: 'too-large';
  readonly part: 'relying-party' | 'login-name' | 'data';
}

/**
 * The body of a flow. What the request needs is judged once, with room kept for whatever the person adds later.
 * @throws RangeError for a typed name over TYPED_NAME_MAX_BYTES, or for an account without a proof or a question put to
 * it: before the first proof the cookie's length must not tell whether the account exists.
 */
export function encodeFlow(flow: LoginFlow): { readonly body: Uint8Array } | FlowTooLarge {
  const { request, context } = flow;
  const tooLarge = tooLargePart(request);
  if (tooLarge !== null) return { refused: 'too-large', part: tooLarge };
  if (flow.innerId.length !== 16) throw new RangeError('an inner id has 16 bytes');
  if (!isAboutSomebody(context)) throw new RangeError('an account goes with its proofs, or a question put to it');
  const { subject, receivedAt } = request;
  const events = context.events
    .slice(-FLOW_EVENTS_MAX)
    .map((event) => eventRecord(event.method, event.at, event.credentialId, receivedAt));
  const map = cborMap([
    [1, flow.innerId],
    [2, lineageToCbor(flow.lineage)],
    [3, request.relyingParty],
    [4, PROTOCOL_NUMBERS[request.answerTo.protocol]],
    [5, request.answerTo.data],
    [6, flagsOf(request)],
    [7, request.assurance.accepted.length === 0 ? undefined : request.assurance.accepted.map((level) => LEVELS[level])],
    [8, request.maxAge === null ? undefined : Math.min(request.maxAge, U32_MAX)],
    [9, subject.kind === 'suggested' ? subject.loginName.toWellFormed() : undefined],
    [10, receivedAt],
    [11, context.began],
    [12, typedNameSlot(context.typedName)],
    [13, context.failure === null ? undefined : failureToCbor(context.failure)],
    [14, context.accountId ?? undefined],
    [15, events.length === 0 ? undefined : eventsToCbor(events)],
    [16, context.challenge === null ? undefined : challengeToCbor(context.challenge, receivedAt)],
    [17, request.language === null ? undefined : LANGUAGE_NUMBERS[request.language]],
  ]);
  const body = encodeCbor(map);
  if (decodeFlow(body) === null) throw new RangeError('a flow over the caps of its body');
  return { body };
}

/** The flow in a body; null for anything else, an unknown method, level or protocol included. */
export function decodeFlow(body: Uint8Array): LoginFlow | null {
  return readCborMap(body, (fields) => {
    const innerId = fields.bytes(1, { min: 16, max: 16 });
    const lineage = readLineage(fields, 2);
    const request = readRequest(fields);
    const context = readContext(fields, request.receivedAt);
    return { innerId, lineage, request, context };
  });
}

function tooLargePart(request: AuthenticationRequest): FlowTooLarge['part'] | null {
  const party = Buffer.byteLength(request.relyingParty, 'utf8');
  const name = request.subject.kind === 'suggested' ? Buffer.byteLength(request.subject.loginName, 'utf8') : 0;
  if (party > FLOW_RELYING_PARTY_MAX_BYTES) return 'relying-party';
  if (name > TYPED_NAME_MAX_BYTES) return 'login-name';
  return party + name + request.answerTo.data.length > FLOW_REQUEST_MAX_BYTES ? 'data' : null;
}

const FORCE_AUTHN = 1;
const PASSIVE = 2;
const ASSURANCE_REQUIRED = 4;
const SUBJECT_REQUIRED = 8;
const ASK_CONSENT = 16;
const FLAGS_MAX = FORCE_AUTHN | PASSIVE | ASSURANCE_REQUIRED | SUBJECT_REQUIRED | ASK_CONSENT;

/** Levels by the number that stands in flows: append only. */
const LEVELS = { aal1: 1, aal2: 2, aal3: 3 } as const satisfies Record<AssuranceLevel, number>;
const LEVEL_NAMES = Object.keys(LEVELS) as AssuranceLevel[];
const PROTOCOL_NAMES = Object.keys(PROTOCOL_NUMBERS) as ProtocolName[];

function flagsOf(request: AuthenticationRequest): number {
  return (
    (request.forceAuthn ? FORCE_AUTHN : 0) |
    (request.passive ? PASSIVE : 0) |
    (request.assurance.binding === 'required' ? ASSURANCE_REQUIRED : 0) |
    (request.subject.kind === 'required' ? SUBJECT_REQUIRED : 0) |
    (request.askConsent ? ASK_CONSENT : 0)
  );
}

function readRequest(fields: CborFields): AuthenticationRequest {
  const relyingParty = fields.text(3, { min: 1, max: FLOW_RELYING_PARTY_MAX_BYTES });
  const protocolNumber = fields.uint(4, { max: 255 });
  const protocol = PROTOCOL_NAMES.find((name) => PROTOCOL_NUMBERS[name] === protocolNumber);
  if (protocol === undefined || !isKeyOf(protocol, relyingParty)) return fields.refuse(4);
  const data = fields.bytes(5, { max: FLOW_REQUEST_MAX_BYTES });
  const flags = fields.uint(6, { max: FLAGS_MAX });
  const accepted = fields.has(7) ? fields.list(7, { min: 1, max: LEVEL_NAMES.length }, readLevel) : [];
  return {
    relyingParty,
    assurance: { accepted, binding: (flags & ASSURANCE_REQUIRED) === 0 ? 'preferred' : 'required' },
    forceAuthn: (flags & FORCE_AUTHN) !== 0,
    maxAge: fields.optional(8, (_, key) => fields.uint(key, { max: U32_MAX })),
    passive: (flags & PASSIVE) !== 0,
    askConsent: (flags & ASK_CONSENT) !== 0,
    subject: readSubject(fields, (flags & SUBJECT_REQUIRED) !== 0),
    language: fields.optional(17, readLanguage),
    receivedAt: fields.uint(10, { max: U32_MAX }),
    answerTo: { protocol, data },
  };
}

function isKeyOf(protocol: ProtocolName, text: string): text is RelyingPartyKey {
  return text.startsWith(`${protocol}:`);
}

function readLevel(items: CborFields, position: number): AssuranceLevel {
  const number = items.uint(position, { max: 255 });
  return LEVEL_NAMES.find((name) => LEVELS[name] === number) ?? items.refuse(position);
}

function readLanguage(fields: CborFields, key: number): Language {
  const number = fields.uint(key, { max: 255 });
  return LANGUAGES.find((language) => LANGUAGE_NUMBERS[language] === number) ?? fields.refuse(key);
}

function readSubject(fields: CborFields, required: boolean): SubjectHint {
  if (!fields.has(9)) return { kind: required ? 'required' : 'none' };
  const loginName = fields.text(9, { max: TYPED_NAME_MAX_BYTES });
  return required ? fields.refuse(9) : { kind: 'suggested', loginName };
}

function readContext(fields: CborFields, receivedAt: number): LoginContext {
  const began = fields.uint(11, { max: U32_MAX });
  const typedName = readTypedName(fields, 12);
  const failure = fields.optional(13, readFailure);
  const accountId = fields.optional(14, (_, key) => fields.text(key, { min: 1, max: ACCOUNT_ID_MAX_BYTES }));
  const records = fields.has(15) ? readEvents(fields, 15, FLOW_EVENTS_READ_MAX) : [];
  const events = eventsFrom(records, receivedAt) ?? fields.refuse(15);
  const challenge = fields.optional(16, (_, key) => readChallenge(fields, key, receivedAt));
  const context = { accountId, events, typedName, failure, challenge, began };
  return isAboutSomebody(context) ? context : fields.refuse(14);
}

/** An account stands there with its proofs, or because a question was put to it; proofs never stand alone. */
function isAboutSomebody({ accountId, events, challenge }: LoginContext): boolean {
  return accountId === null ? events.length === 0 : events.length > 0 || challenge !== null;
}

function challengeToCbor({ method, pending }: Challenge, receivedAt: number): CborValue {
  const number = METHOD_NUMBERS[method];
  if (pending === null) return [number];
  return [number, secondsAfter(receivedAt, pending.at), pending.data];
}

function readChallenge(fields: CborFields, key: number, receivedAt: number): Challenge {
  return fields.tuple(key, (items) => {
    const method = methodNumbered(items.uint(0, { min: 1, max: METHOD_NUMBER_MAX })) ?? items.refuse(0);
    if (!items.has(1)) return { method, pending: null };
    const at = receivedAt + items.uint(1, { max: DT_MAX });
    return { method, pending: { at, data: items.bytes(2, { max: PENDING_CHALLENGE_MAX_BYTES }) } };
  });
}

const WRONG = 1;
const THROTTLED = 2;
const EXPIRED = 3;

function failureToCbor(failure: FactorFailure): CborValue {
  if (failure.kind === 'throttled') return [THROTTLED, Math.min(Math.ceil(failure.retryAfter), U32_MAX)];
  return [failure.kind === 'wrong' ? WRONG : EXPIRED];
}

function readFailure(fields: CborFields, key: number): FactorFailure {
  return fields.tuple(key, (failure) => {
    const kind = failure.uint(0, { min: WRONG, max: EXPIRED });
    if (kind === THROTTLED) return { kind: 'throttled', retryAfter: failure.uint(1, { max: U32_MAX }) };
    return { kind: kind === WRONG ? 'wrong' : 'expired' };
  });
}
