// Owns: whether an answer is what was asked for. Every one is looked at; samples are verified.
import { type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { verifySigned } from '../src/xml/verify.ts';
import type { HttpAnswer } from './connection.ts';
import { ATTRIBUTES } from './identity-provider.ts';

/** @throws Error for an answer without a SAML response. */
export function requireResponse(answer: HttpAnswer): void {
  if (answer.status !== 200 || !answer.body.includes('"SAMLResponse"')) {
    throw new Error(`no SAML response, but ${answer.status}: ${answer.body.toString('utf8', 0, 400)}`);
  }
}

export type Verifier = (answer: HttpAnswer, requestId: string) => void;

/** Checks the signature over the whole Response, what it answers, and that the attributes are all there. */
export function createVerifier(certificateFile: string): Verifier {
  const keys: readonly KeyObject[] = [new X509Certificate(readFileSync(certificateFile)).publicKey];
  return (answer, requestId) => {
    const signed = verifySigned(messageIn(answer), keys);
    if (signed.kind === 'signature-problem')
      throw new Error(`a response does not verify: ${signed.code} ${signed.detail}`);
    if (signed.root.getAttribute('InResponseTo') !== requestId) throw new Error('a response answers another request');
    const found = signed.root.getElementsByTagNameNS('urn:oasis:names:tc:SAML:2.0:assertion', 'Attribute').length;
    if (found !== ATTRIBUTES.size) throw new Error(`a response has ${found} attributes`);
  };
}

/** The XML inside the page that posts it. */
function messageIn(answer: HttpAnswer): string {
  const value = /name="SAMLResponse"\s+value="([A-Za-z0-9+/=]*)"/.exec(answer.body.toString('utf8'))?.[1] ?? '';
  return Buffer.from(value, 'base64').toString('utf8');
}
