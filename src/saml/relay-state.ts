// Owns: how long a RelayState may be. SAML bindings §3.4.3 says 80 bytes; real parties send URLs, so Signet takes 512.

export const RELAY_STATE_MAX_BYTES = 512;

/** The length of a RelayState in bytes of UTF-8. */
export function relayStateBytes(relayState: string | null): number {
  return relayState === null ? 0 : Buffer.byteLength(relayState, 'utf8');
}
