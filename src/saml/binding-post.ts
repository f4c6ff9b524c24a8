// Owns: the HTTP-POST binding (SAML bindings §3.5): a form becomes a message. Leaves to callers: parsing the XML.
import { decodeBase64 } from '../lib/base64url.ts';
import { MESSAGE_MAX_BYTES } from './binding-redirect.ts';
import { type MessageProblem, messageProblem } from './message-problem.ts';
import { relayStateBytes } from './relay-state.ts';

export interface PostMessage {
  readonly xml: Buffer;
  readonly relayState: string | null;
  /** How long the RelayState is in bytes of UTF-8. */
  readonly relayStateBytes: number;
}

const BASE64_MAX_CHARACTERS = Math.ceil(MESSAGE_MAX_BYTES / 3) * 4;

/** Reads a decoded form. Whoever decoded it has refused repeated fields: a Map cannot show them. */
export function readPostForm(form: ReadonlyMap<string, string>): PostMessage | MessageProblem {
  const message = form.get('SAMLRequest');
  if (message === undefined) return messageProblem('unexpected-parameter', 'no SAMLRequest');
  if (form.has('SAMLResponse')) return messageProblem('unexpected-parameter', 'SAMLRequest and SAMLResponse together');
  if (form.has('sp')) return messageProblem('unexpected-parameter', 'SAMLRequest and sp together');
  // RFC 2045 encoders break lines after 76 characters, and forms carry the breaks.
  const text = message.includes('\n') ? message.replace(/\r?\n/g, '') : message;
  if (text.length > BASE64_MAX_CHARACTERS) return messageProblem('too-large', `${text.length} characters of base64`);
  const xml = text === '' ? null : decodeBase64(text);
  if (xml === null) return messageProblem('bad-encoding', 'SAMLRequest is not canonical base64');
  if (xml.length > MESSAGE_MAX_BYTES) return messageProblem('too-large', `${xml.length} bytes`);
  const relayState = form.get('RelayState') ?? null;
  return { xml, relayState, relayStateBytes: relayStateBytes(relayState) };
}
