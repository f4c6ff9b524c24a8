// Owns: the port through which a person is written to. Leaves to methods/: by mail, by text message; to web/: the words.

export interface Message {
  /** One line; a text message has none. */
  readonly subject: string;
  /** Plain text. */
  readonly text: string;
}

/**
 * failed: it was not handed over, as far as can be known. `code` is a word of the sender's, a program's error code or a
 * protocol's status: for the log, never with an address or anything of the message.
 */
export type Sent = { readonly kind: 'sent' } | { readonly kind: 'failed'; readonly code: string };

export interface MessageSender {
  /** `to` as {@link readMailAddress} or {@link readTelephoneNumber} gave it. Never rejects; ends within its own time limit. */
  readonly send: (to: string, message: Message) => Promise<Sent>;
}

/** Bytes of the longest address that mail can be sent to (RFC 5321 §4.5.3.1.3, less the angle brackets). */
const ADDRESS_MAX = 254;

/**
 * An address as it can stand in an envelope, its host in lower case; null for anything else. Only the plain form: no
 * quotes, no comments, no display name, no address literal, ASCII only; so that nothing can say more than one address, here
 * or at a mail server.
 * @see RFC 5321 §4.1.2
 */
export function readMailAddress(typed: string): string | null {
  const text = typed.trim();
  if (text.length > ADDRESS_MAX) return null;
  const match = /^([a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*)@([a-z0-9.-]+)$/i.exec(text);
  const [, local = '', host = ''] = match ?? [];
  if (match === null || local.length > 64 || local.startsWith('-') || !isHostName(host)) return null;
  return `${local}@${host.toLowerCase()}`;
}

function isHostName(host: string): boolean {
  const labels = host.split('.');
  const last = labels.at(-1) ?? '';
  // A last label of digits only would be an IP address.
  if (labels.length < 2 || /^\d+$/.test(last)) return false;
  return labels.every((label) => /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
}

/**
 * A number in international form, `+491701234567`; null for anything else. Spaces, dots, dashes, slashes and parentheses
 * may stand in it.
 * @see ITU-T E.164 §6
 */
export function readTelephoneNumber(typed: string): string | null {
  if (typed.length > 40) return null;
  const text = typed.replace(/[\s()./-]/g, '');
  return /^\+[1-9]\d{6,14}$/.test(text) ? text : null;
}

/** Enough to recognise one's own, too little to learn another's: `a…@example.org`, `+49…67`. */
export function maskDestination(destination: string): string {
  const at = destination.lastIndexOf('@');
  if (at > 0) return `${destination.slice(0, 1)}…${destination.slice(at)}`;
  return `${destination.slice(0, 3)}…${destination.slice(-2)}`;
}
