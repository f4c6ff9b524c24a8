// Owns: the CAS server's addresses. Leaves to protocols/cas: what requests and answers mean; to web/: signing in and out.
import type { Reply } from '../core/reply.ts';
import type { Route } from '../http/app.ts';
import type { Metrics } from '../metrics/metrics.ts';
import { casProblem } from '../protocols/cas/cas-errors.ts';
import { plainAnswer, validationFailure } from '../protocols/cas/cas-response.ts';
import { CAS_ENDPOINTS, type CasEndpoint, type CasServer } from '../protocols/cas/cas-server.ts';
import type { Log } from '../web/desk.ts';
import type { LoginDesk } from '../web/login-desk.ts';
import type { LogoutDesk, SignOutRequest } from '../web/logout-desk.ts';
import type { RequestFacts } from '../web/request-facts.ts';

export interface CasRouteParts {
  readonly server: CasServer;
  readonly login: Pick<LoginDesk, 'begin'>;
  readonly logout: Pick<LogoutDesk, 'asked'>;
  readonly metrics: Pick<Metrics, 'casRequests'>;
  readonly log: Log;
}

const AFTER_LOGOUT_FIELD = 'cas_service';

export function createCasRoutes({ server, login, logout, metrics, log }: CasRouteParts): readonly Route[] {
  const signIn = async (facts: RequestFacts): Promise<Reply> => {
    const arrival = server.login(new URLSearchParams(facts.rawQuery));
    metrics.casRequests.inc({ endpoint: 'login', outcome: arrival.kind });
    // Without a service there is nobody to sign in to: the page at `/` says who is signed in, and where to go (§2.1.1).
    if (arrival.kind === 'home') return { kind: 'redirect', status: 303, location: '/' };
    return login.begin(arrival, facts);
  };

  const program = (endpoint: CasEndpoint): Route['handle'] => {
    return async (facts) => {
      const { attempt, now, requestId, xml: body = '' } = facts;
      const request = { pairs: new URLSearchParams(facts.rawQuery), body, attempt, now };
      const { reply, problem } = await server.answer(endpoint, request);
      metrics.casRequests.inc({ endpoint, outcome: problem === null ? 'given' : problem.problem });
      if (problem !== null) {
        log.info('request refused', { requestId, endpoint, code: problem.problem, detail: problem.detail });
      }
      return reply;
    };
  };

  return [
    { method: 'GET', path: '/cas/login', direct: true, handle: signIn },
    {
      method: 'GET',
      path: '/cas/logout',
      handle: (facts) => logout.asked(signOut(server, new URLSearchParams(facts.rawQuery).getAll('service')), facts),
    },
    ...CAS_ENDPOINTS.map((endpoint): Route => {
      const path = `/cas/${endpoint}`;
      const handle = program(endpoint);
      const fault = (): Reply => unavailable(endpoint);
      if (endpoint === 'samlValidate') return { method: 'POST', path, handle, xml: true, program: fault };
      return { method: 'GET', path, handle, program: fault, direct: true };
    }),
  ];
}

/** What the page that asks has handed on; null: it was not a CAS service that asked. */
export function casSignOut(server: Pick<CasServer, 'afterLogout'>, form: ReadonlyMap<string, string>) {
  const service = form.get(AFTER_LOGOUT_FIELD);
  return service === undefined ? null : signOut(server, [service]);
}

/** Nothing in the request shows which session it is about, so the person is asked: anybody can write such a link. */
function signOut(server: Pick<CasServer, 'afterLogout'>, services: readonly string[]): SignOutRequest {
  const returnTo = server.afterLogout(services.map((service) => ['service', service]));
  return {
    returnTo,
    isOf: () => false,
    language: null,
    fields: returnTo === null ? [] : [[AFTER_LOGOUT_FIELD, returnTo]],
  };
}

/** What cannot be read, and faults, in the words of the protocol. */
function unavailable(endpoint: CasEndpoint): Reply {
  return endpoint === 'validate' ? plainAnswer(null) : validationFailure(casProblem('unavailable', 'fault'), 'XML');
}
