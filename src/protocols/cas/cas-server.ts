// Owns: putting the CAS server together from its parts, and which endpoint reads and tells what (§2).
// Leaves to node/cas-routes.ts: HTTP; to each file: its part.
import type { Directory } from '../../core/account.ts';
import type { ConsentStore } from '../../core/consent.ts';
import type { ProtocolAdapter } from '../../core/protocol-adapter.ts';
import type { Body } from '../../core/reply.ts';
import type { Revocations, SpentStore } from '../../core/revocation.ts';
import type { Clock, EpochSeconds } from '../../lib/clock.ts';
import type { Random } from '../../lib/random.ts';
import type { PartyRegistry } from '../../parties/party-registry.ts';
import type { Sealer } from '../../sealer/seal.ts';
import { createAgreementJudge } from './agreements.ts';
import { createCasAdapter } from './cas-adapter.ts';
import { type CasProblem, casProblem } from './cas-errors.ts';
import { type CasParameters, readCasParameters } from './cas-parameters.ts';
import {
  type CasFormat,
  plainAnswer,
  proxyFailure,
  proxySuccess,
  validationFailure,
  validationSuccess,
} from './cas-response.ts';
import { type CasArrival, createCasLogin } from './login-endpoint.ts';
import type { DeliverTicket } from './proxy-callback.ts';
import { createProxyGranting } from './proxy-granting.ts';
import { readArtifact, saml11Failure, saml11Success } from './saml11.ts';
import { createTicketJudge } from './ticket-state.ts';
import { createTickets } from './tickets.ts';
import { createValidation, type Validated } from './validation.ts';

export interface CasDeps {
  /** The public URL, exactly as configured. */
  readonly issuer: string;
  readonly registry: Pick<PartyRegistry, 'services'>;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly random: Random;
  readonly spent: SpentStore;
  readonly revocations: Revocations;
  readonly directory: Pick<Directory, 'findById'>;
  /** Null: what people agree to is kept nowhere. */
  readonly consents: Pick<ConsentStore, 'find'> | null;
  /** How far clocks may be apart, in seconds. */
  readonly skew: number;
  readonly deliver: DeliverTicket;
  /** In seconds. */
  readonly ticketSeconds: number;
  /** Absolute lifetime of a session, in seconds. */
  readonly sessionAbsolute: number;
}

type Pairs = Iterable<readonly [string, string]>;

/** A program's request. */
export interface CasRequest {
  readonly pairs: Pairs;
  /** A SOAP body. */
  readonly body: string;
  readonly attempt: string | null;
  readonly now: EpochSeconds;
}

export interface CasAnswer {
  readonly reply: Body;
  readonly problem: CasProblem | null;
}

export const CAS_ENDPOINTS = [
  'validate',
  'serviceValidate',
  'proxyValidate',
  'p3/serviceValidate',
  'p3/proxyValidate',
  'proxy',
  'samlValidate',
] as const;
export type CasEndpoint = (typeof CAS_ENDPOINTS)[number];

export interface CasServer {
  readonly adapter: ProtocolAdapter & { readonly protocol: 'cas' };
  readonly login: (pairs: Pairs) => CasArrival;
  /** Where somebody who signs out goes afterwards: a registered service, or null for our own page (§2.3.2). */
  readonly afterLogout: (pairs: Pairs) => string | null;
  readonly answer: (endpoint: CasEndpoint, request: CasRequest) => Promise<CasAnswer>;
}

export function createCasServer(deps: CasDeps): CasServer {
  const { clock, random, spent, deliver, ticketSeconds, sessionAbsolute } = deps;
  const services = deps.registry.services;
  const tickets = createTickets(deps.sealer);
  const judge = createTicketJudge(deps);
  const granting = createProxyGranting({
    services,
    tickets,
    judge,
    agreement: createAgreementJudge(deps.consents, deps.skew),
    deliver,
    random,
    ticketSeconds,
    sessionAbsolute,
  });
  const validate = createValidation({ services, tickets, spent, judge, granting });

  const validated = async (
    parameters: CasParameters,
    { attempt, now }: CasRequest,
    how: { readonly acceptsProxies: boolean; readonly pgtUrl: string | null },
  ): Promise<Validated | CasProblem> => {
    const [service, ticket] = [parameters.get('service'), parameters.get('ticket')];
    if (service === null || ticket === null) return casProblem('parameter-missing', 'service and ticket');
    return validate({ service, ticket, renew: parameters.isSet('renew'), attempt, now, ...how });
  };

  const plain = async (request: CasRequest): Promise<CasAnswer> => {
    const parameters = readCasParameters(request.pairs);
    const found =
      'problem' in parameters
        ? parameters
        : await validated(parameters, request, { acceptsProxies: false, pgtUrl: null });
    const problem = 'problem' in found ? found : null;
    return { reply: plainAnswer('problem' in found ? null : found.user), problem };
  };

  const validation = async (request: CasRequest, acceptsProxies: boolean, p3: boolean): Promise<CasAnswer> => {
    const read = readWithFormat(request.pairs);
    if ('problem' in read) return { reply: validationFailure(read, 'XML'), problem: read };
    const { parameters, format } = read;
    const found = await validated(parameters, request, { acceptsProxies, pgtUrl: parameters.get('pgtUrl') });
    if ('problem' in found) return { reply: validationFailure(found, format), problem: found };
    return { reply: validationSuccess(found, format, p3), problem: null };
  };

  const proxy = async (request: CasRequest): Promise<CasAnswer> => {
    const read = readWithFormat(request.pairs);
    if ('problem' in read) return { reply: proxyFailure(read, 'XML'), problem: read };
    const { parameters, format } = read;
    const [pgt, target] = [parameters.get('pgt'), parameters.get('targetService')];
    const missing = casProblem('parameter-missing', 'pgt and targetService');
    const ticket = pgt === null || target === null ? missing : await granting.proxy(pgt, target, request.now);
    return typeof ticket === 'string'
      ? { reply: proxySuccess(ticket, format), problem: null }
      : { reply: proxyFailure(ticket, format), problem: ticket };
  };

  const saml = async (request: CasRequest): Promise<CasAnswer> => {
    const parameters = readCasParameters(request.pairs);
    const target = 'problem' in parameters ? null : parameters.get('TARGET');
    const newId = (): string => `_${random(16).toString('hex')}`;
    const { now, attempt } = request;
    const envelope = { issuer: deps.issuer, ids: [newId(), newId()], recipient: target, now } as const;
    const found = await (async (): Promise<Validated | CasProblem> => {
      if ('problem' in parameters) return parameters;
      const ticket = readArtifact(request.body);
      if (typeof ticket !== 'string') return ticket;
      if (target === null) return casProblem('parameter-missing', 'TARGET');
      const renew = parameters.isSet('renew');
      return validate({ service: target, ticket, renew, pgtUrl: null, acceptsProxies: false, attempt, now });
    })();
    return 'problem' in found
      ? { reply: saml11Failure(found, envelope), problem: found }
      : { reply: saml11Success(found, envelope), problem: null };
  };

  const endpoints = {
    validate: plain,
    serviceValidate: (request) => validation(request, false, false),
    proxyValidate: (request) => validation(request, true, false),
    'p3/serviceValidate': (request) => validation(request, false, true),
    'p3/proxyValidate': (request) => validation(request, true, true),
    proxy,
    samlValidate: saml,
  } satisfies Record<CasEndpoint, (request: CasRequest) => Promise<CasAnswer>>;

  return {
    adapter: createCasAdapter({ services, tickets, clock, ticketSeconds }),
    login: createCasLogin({ services, clock }),
    afterLogout: (pairs) => {
      const parameters = readCasParameters(pairs);
      const service = 'problem' in parameters ? null : parameters.get('service');
      return service !== null && services().find(service) !== null ? service : null;
    },
    answer: (endpoint, request) => endpoints[endpoint](request),
  };
}

function readWithFormat(pairs: Pairs): { readonly parameters: CasParameters; readonly format: CasFormat } | CasProblem {
  const parameters = readCasParameters(pairs);
  if ('problem' in parameters) return parameters;
  const format = (parameters.get('format') ?? 'XML').toUpperCase();
  if (format !== 'XML' && format !== 'JSON') return casProblem('unsupported-format', 'format');
  return { parameters, format };
}
