// Owns: what a service is told, as XML (Appendix A), as JSON, or as CAS 1.0's two lines. Leaves to saml11-response.ts: the
// SAML 1.1 spelling. Values are escaped by the writers; what XML cannot hold is left out in every format.
import { releasedValues } from '../../core/attribute-release.ts';
import type { Body } from '../../core/reply.ts';
import { formatInstant } from '../../saml/date-time.ts';
import { canonical, element, type Namespace, type XmlElement } from '../../xml/build.ts';
import { isXmlText } from '../../xml/characters.ts';
import { CAS_PROBLEMS, type CasProblem } from './cas-errors.ts';
import type { Validated } from './validation.ts';

export type CasFormat = 'XML' | 'JSON';

const CAS: Namespace = { prefix: 'cas', uri: 'http://www.yale.edu/tp/cas' };

export type Released = readonly (readonly [name: string, values: readonly string[]])[];

/** By the service's policy. */
export function releasedAttributes({ service, account }: Pick<Validated, 'service' | 'account'>): Released {
  return service.relyingParty.release.flatMap((rule) => {
    const values = releasedValues(rule, account).filter(isXmlText);
    return values.length === 0 ? [] : [[rule.name, values] as const];
  });
}

/** `withAttributes`: the endpoints of CAS 3.0 (§2.8, §2.9). */
export function validationSuccess(validated: Validated, format: CasFormat, withAttributes: boolean): Body {
  const { user, pgtIou, proxies, authenticatedAt, fromNewLogin } = validated;
  const attributes = withAttributes ? releasedAttributes(validated) : [];
  const own = {
    authenticationDate: formatInstant(authenticatedAt),
    longTermAuthenticationRequestTokenUsed: false,
    isFromNewLogin: fromNewLogin,
  };
  if (format === 'JSON') {
    const released = attributes.map(([name, values]) => [name, values.length === 1 ? values[0] : values] as const);
    return json({
      authenticationSuccess: {
        user,
        ...(withAttributes ? { attributes: { ...own, ...Object.fromEntries(released) } } : {}),
        ...(pgtIou === null ? {} : { proxyGrantingTicket: pgtIou }),
        ...(proxies.length === 0 ? {} : { proxies }),
      },
    });
  }
  const each = (name: string, value: string): XmlElement => element(CAS, name, {}, value);
  const all = [
    ...Object.entries(own).map(([name, value]) => each(name, String(value))),
    ...attributes.flatMap(([name, values]) => values.map((value) => each(name, value))),
  ];
  return xml(
    element(
      CAS,
      'authenticationSuccess',
      {},
      each('user', user),
      withAttributes ? element(CAS, 'attributes', {}, ...all) : undefined,
      pgtIou === null ? undefined : each('proxyGrantingTicket', pgtIou),
      proxies.length === 0 ? undefined : element(CAS, 'proxies', {}, ...proxies.map((proxy) => each('proxy', proxy))),
    ),
  );
}

export function validationFailure(problem: CasProblem, format: CasFormat): Body {
  return failure('authenticationFailure', problem, format);
}

export function proxySuccess(ticket: string, format: CasFormat): Body {
  if (format === 'JSON') return json({ proxySuccess: { proxyTicket: ticket } });
  return xml(element(CAS, 'proxySuccess', {}, element(CAS, 'proxyTicket', {}, ticket)));
}

export function proxyFailure(problem: CasProblem, format: CasFormat): Body {
  // §2.7.2 has the same member for both in JSON.
  return failure(format === 'JSON' ? 'authenticationFailure' : 'proxyFailure', problem, format);
}

/** CAS 1.0 (§2.4.2); the name on a second line is what its clients have always read. */
export function plainAnswer(user: string | null): Body {
  const text = user === null ? 'no\n\n' : `yes\n${user}\n`;
  return { kind: 'body', status: 200, contentType: 'text/plain; charset=utf-8', text };
}

function failure(name: string, { problem }: CasProblem, format: CasFormat): Body {
  const { error, description } = CAS_PROBLEMS[problem];
  return format === 'JSON'
    ? json({ [name]: { code: error, description } })
    : xml(element(CAS, name, { code: error }, description));
}

/** Always 200: clients read the code that stands inside. */
function xml(inside: XmlElement): Body {
  const text = `${canonical(element(CAS, 'serviceResponse', {}, inside))}\n`;
  return { kind: 'body', status: 200, contentType: 'application/xml; charset=utf-8', text };
}

function json(serviceResponse: object): Body {
  return { kind: 'body', status: 200, contentType: 'application/json', text: JSON.stringify({ serviceResponse }) };
}
