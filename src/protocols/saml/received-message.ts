// Owns: from the bytes of a message to an AuthnRequest of a known party, with a verdict on its signatures.
// Leaves to sso-checks.ts: whether it needed one, and everything else that the request says.
import type { KeyObject } from 'node:crypto';
import type { Element } from '@xmldom/xmldom';
import { type AuthnRequest, readAuthnRequest } from '../../saml/authn-request.ts';
import type { QuerySignature } from '../../saml/binding-redirect.ts';
import { isMessageProblem } from '../../saml/message-problem.ts';
import { DSIG } from '../../xml/algorithms.ts';
import { isXmlProblem, type ParsedXml, parseMessage } from '../../xml/parse.ts';
import { verifyQuerySignature, verifySigned } from '../../xml/verify.ts';
import type { SamlProblem } from './saml-errors.ts';
import type { SignatureVerdict } from './sso-checks.ts';

/** A message that has been read; whose it is, it only claims. */
export interface ClaimedMessage {
  readonly parsed: ParsedXml;
  readonly request: AuthnRequest;
}

/** What can be believed of a message, given the keys of the party that it claims to be from. */
export interface JudgedMessage {
  /** Read from the verified element when there is one. */
  readonly request: AuthnRequest;
  readonly signature: SignatureVerdict;
}

export function readMessage(xml: Buffer): ClaimedMessage | SamlProblem {
  const parsed = parseMessage(xml);
  if (isXmlProblem(parsed)) {
    return { code: parsed.code === 'too-large' ? 'too-large' : 'bad-xml', detail: `${parsed.code}: ${parsed.detail}` };
  }
  const request = readAuthnRequest(parsed.root);
  if (isMessageProblem(request)) return { code: request.problem, detail: request.detail };
  return { parsed, request };
}

/** Verifies what there is to verify: the signature of the query, one inside the message, or both. */
export function judgeMessage(
  message: ClaimedMessage,
  query: QuerySignature | null,
  keys: readonly KeyObject[],
): JudgedMessage {
  const { request, parsed } = message;
  if (query !== null) {
    const found = verifyQuerySignature(query.octets, query.signature, query.algorithm, keys);
    if (found !== null) return { request, signature: bad(found.code, found.detail) };
  }
  if (!holdsSignature(parsed)) return { request, signature: { kind: query === null ? 'unsigned' : 'verified' } };
  const signed = verifySigned(parsed.text, keys);
  if (signed.kind === 'signature-problem') return { request, signature: bad(signed.code, signed.detail) };
  // From here on only what was digested counts; the first tree is not looked at again.
  const verified = readAuthnRequest(signed.root);
  if (isMessageProblem(verified)) return { request, signature: bad(verified.problem, verified.detail) };
  if (verified.issuer !== request.issuer) return { request, signature: bad('issuer', 'another issuer was signed') };
  return { request: verified, signature: { kind: 'verified' } };
}

/** Whether there is a Signature anywhere: one that is not where it belongs is a bad one, not none. */
function holdsSignature({ text, root }: ParsedXml): boolean {
  // Only to be quick: a name has one spelling in the text, a namespace may be written with character references.
  return text.includes('Signature') && signatures(root) > 0;
}

function signatures(root: Element): number {
  return root.getElementsByTagNameNS(DSIG, 'Signature').length;
}

function bad(code: string, detail: string): SignatureVerdict {
  return { kind: 'bad', detail: `${code}: ${detail}` };
}
