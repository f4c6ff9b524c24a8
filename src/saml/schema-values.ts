// Owns: small values of XML Schema, and the way out of a reader that meets something else.

/** Thrown inside a reader, caught at its edge; never leaves src/saml. */
export class UnreadableMessage extends Error {}

/** Reads an xs:boolean; null when it is not one. */
export function parseBoolean(text: string): boolean | null {
  if (text === 'true' || text === '1') return true;
  return text === 'false' || text === '0' ? false : null;
}

/** Whether the text is an xs:ID of a sensible length, so that it can stand in an answer's InResponseTo. */
export function isMessageId(text: string): boolean {
  return MESSAGE_ID.test(text);
}

// An NCName of ASCII: every toolkit makes such ids, and 200 characters hold more than any random needs.
const MESSAGE_ID = /^[A-Za-z_][A-Za-z0-9._-]{0,199}$/;
