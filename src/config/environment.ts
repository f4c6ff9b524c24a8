// Owns: what the environment's variables are called, and which settings come from there alone. Leaves to read-config.ts:
// putting them over what the file says.

/** As `process.env` is. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** `session.idle` ↔ SIGNET_SESSION_IDLE, `publicUrl` ↔ SIGNET_PUBLIC_URL. */
export function variableName(path: readonly string[]): string {
  return `SIGNET_${path.map((part) => part.replace(/[A-Z]/g, (c) => `_${c}`).toUpperCase()).join('_')}`;
}

/** Opens encrypted keys of {@link Config} `saml.signing.folder`. */
export const SAML_PASSPHRASE_VARIABLE = 'SIGNET_SAML_SIGNING_PASSPHRASE';
export const OIDC_PASSPHRASE_VARIABLE = 'SIGNET_OIDC_SIGNING_PASSPHRASE';

/** What comes from the environment only: nothing secret stands in a configuration file. */
export const SECRETS = [
  ['saml', 'signing', 'passphrase'],
  ['mail', 'password'],
  ['sms', 'password'],
  ['database', 'password'],
] as const;

/** The variables of secrets, by their names. */
export const SECRET_VARIABLES: ReadonlySet<string> = new Set(SECRETS.map(variableName));
