// Owns: the HTTP-Redirect binding (SAML bindings §3.4): a raw query becomes a message and the exact octets that were signed.
// Leaves to callers: parsing the XML, and whether the signature is needed and verifies.
import { inflateRawSync } from 'node:zlib';
import { decodeBase64 } from '../lib/base64url.ts';
import { type MessageProblem, messageProblem } from './message-problem.ts';
import { relayStateBytes } from './relay-state.ts';

/** The largest message after inflation, in bytes. */
export const MESSAGE_MAX_BYTES = 65_536;

/** A detached signature over a query. */
export interface QuerySignature {
  /** `SAMLRequest=…[&RelayState=…]&SigAlg=…` exactly as received: never decoded and encoded again. */
  readonly octets: string;
  readonly signature: Buffer;
  readonly algorithm: string;
}

export interface RedirectMessage {
  readonly xml: Buffer;
  readonly relayState: string | null;
  /** How long the RelayState is in bytes of UTF-8. */
  readonly relayStateBytes: number;
  readonly signed: QuerySignature | null;
}

const NAMES = ['SAMLRequest', 'SAMLResponse', 'RelayState', 'SigAlg', 'Signature', 'SAMLEncoding', 'sp'] as const;
type Name = (typeof NAMES)[number];
const NAME_SET: ReadonlySet<string> = new Set(NAMES);
const DEFLATE = 'urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE';

/** Reads a query, as it stands after the question mark of the request line. Parameters of other names are ignored. */
export function readRedirectQuery(rawQuery: string): RedirectMessage | MessageProblem {
  const raw = splitQuery(rawQuery);
  if (raw === null) return messageProblem('repeated-parameter', 'a parameter of the binding stands twice');
  const message = raw.get('SAMLRequest');
  if (message === undefined) return messageProblem('unexpected-parameter', 'no SAMLRequest');
  if (raw.has('SAMLResponse')) return messageProblem('unexpected-parameter', 'SAMLRequest and SAMLResponse together');
  if (raw.has('sp')) return messageProblem('unexpected-parameter', 'SAMLRequest and sp together');
  const encoding = raw.get('SAMLEncoding');
  if (encoding !== undefined && decodeComponent(encoding) !== DEFLATE) {
    return messageProblem('bad-encoding', 'SAMLEncoding is not DEFLATE');
  }
  const xml = inflate(message);
  if (!Buffer.isBuffer(xml)) return xml;
  const rawRelayState = raw.get('RelayState');
  const relayState = rawRelayState === undefined ? null : decodeComponent(rawRelayState);
  if (rawRelayState !== undefined && relayState === null) {
    return messageProblem('bad-encoding', 'RelayState is not percent-encoded UTF-8');
  }
  const signed = querySignature(raw, message, rawRelayState);
  if (signed !== null && 'problem' in signed) return signed;
  return { xml, relayState, relayStateBytes: relayStateBytes(relayState), signed };
}

/** Raw values by name; null when one of ours is repeated or hides behind an encoded name. */
function splitQuery(query: string): Map<Name, string> | null {
  const found = new Map<Name, string>();
  for (let start = 0; start < query.length; ) {
    const ampersand = query.indexOf('&', start);
    const end = ampersand === -1 ? query.length : ampersand;
    const equals = query.indexOf('=', start);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    const name = query.slice(start, nameEnd);
    if (isName(name)) {
      if (found.has(name)) return null;
      found.set(name, nameEnd === end ? '' : query.slice(nameEnd + 1, end));
    } else if (name.includes('%')) {
      // `SAML%52equest` would be a second SAMLRequest to whoever decodes names.
      const decoded = decodeComponent(name);
      if (decoded !== null && isName(decoded)) return null;
    }
    start = end + 1;
  }
  return found;
}

function isName(name: string): name is Name {
  return NAME_SET.has(name);
}

/** Form decoding of one component; null when it is not percent-encoded UTF-8. */
function decodeComponent(raw: string): string | null {
  try {
    return decodeURIComponent(raw.includes('+') ? raw.replaceAll('+', ' ') : raw);
  } catch {
    return null;
  }
}

function inflate(raw: string): Buffer | MessageProblem {
  const text = decodeComponent(raw);
  const deflated = text === null || text === '' ? null : decodeBase64(text);
  if (deflated === null) return messageProblem('bad-encoding', 'SAMLRequest is not canonical base64');
  try {
    // `info` changes the return type in a way that the types of Node do not say.
    const { buffer, engine } = inflateRawSync(deflated, {
      maxOutputLength: MESSAGE_MAX_BYTES,
      // Room for one ordinary message: the default of 16 KiB costs more to allocate than the rest of this.
      chunkSize: 2048,
      info: true,
    }) as unknown as { readonly buffer: Buffer; readonly engine: { readonly bytesWritten: number } };
    // Bytes after the end of the deflate stream would be a place to hide a second message.
    if (engine.bytesWritten !== deflated.length)
      return messageProblem('bad-encoding', 'bytes after the deflate stream');
    return buffer;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    if (code === 'ERR_BUFFER_TOO_LARGE') {
      return messageProblem('too-large', `inflates to more than ${MESSAGE_MAX_BYTES} bytes`);
    }
    return messageProblem('bad-encoding', `deflate: ${code}`);
  }
}

function querySignature(
  raw: ReadonlyMap<Name, string>,
  message: string,
  relayState: string | undefined,
): QuerySignature | MessageProblem | null {
  const sigAlg = raw.get('SigAlg');
  const rawSignature = raw.get('Signature');
  if (sigAlg === undefined && rawSignature === undefined) return null;
  if (sigAlg === undefined || rawSignature === undefined) {
    return messageProblem('unexpected-parameter', 'SigAlg and Signature only come together');
  }
  const algorithm = decodeComponent(sigAlg);
  const text = decodeComponent(rawSignature);
  const signature = text === null || text === '' ? null : decodeBase64(text);
  if (algorithm === null || signature === null) {
    return messageProblem('bad-encoding', 'Signature is not canonical base64');
  }
  const middle = relayState === undefined ? '' : `&RelayState=${relayState}`;
  return { octets: `SAMLRequest=${message}${middle}&SigAlg=${sigAlg}`, signature, algorithm };
}
