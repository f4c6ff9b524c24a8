// Owns: a credential as columns, and back. A row that makes no sense is a fault, never "nothing enrolled".
import { z } from 'zod';
import type { Credential, CredentialData } from '../core/credential.ts';
import type { CredentialsTable } from '../database/schema.ts';

/** What the authenticator said once and for all. */
const details = z.strictObject({
  publicKey: z.string(),
  transports: z.array(z.string()),
  aaguid: z.string(),
  userVerification: z.boolean(),
  backupEligible: z.boolean(),
  attested: z.boolean(),
  discoverable: z.boolean(),
});
const lineage = z.array(z.string());

type DataColumns = Pick<
  CredentialsTable,
  'secret' | 'last_step' | 'webauthn_id' | 'counter' | 'details' | 'destination'
>;

const NONE: DataColumns = {
  secret: null,
  last_step: null,
  webauthn_id: null,
  counter: null,
  details: null,
  destination: null,
};

export function dataColumns(data: CredentialData): DataColumns {
  switch (data.kind) {
    case 'totp':
      return { ...NONE, secret: data.secret, last_step: data.lastStep };
    case 'webauthn': {
      const { kind: _, credentialId, counter, ...fixed } = data;
      return { ...NONE, webauthn_id: credentialId, counter, details: JSON.stringify(details.parse(fixed)) };
    }
    case 'recovery-codes':
      return NONE;
    case 'email':
    case 'sms':
      return { ...NONE, destination: data.destination };
    default:
      return data satisfies never;
  }
}

/** `remaining`: unused recovery codes of the credential. */
export function readCredential(row: CredentialsTable & { readonly remaining: number | null }): Credential {
  return {
    id: row.id,
    label: row.label,
    createdAt: row.created_at,
    lastUsedAt: row.last_used_at,
    data: readData(row),
    lineage: lineage.parse(JSON.parse(row.lineage)),
    disabled: row.disabled !== 0,
  };
}

function readData(row: CredentialsTable & { readonly remaining: number | null }): CredentialData {
  const { kind, secret, last_step: lastStep, webauthn_id: credentialId, counter, destination } = row;
  if (kind === 'totp' && secret !== null && lastStep !== null) return { kind, secret, lastStep };
  if (kind === 'webauthn' && credentialId !== null && counter !== null && row.details !== null) {
    return { kind, credentialId, counter, ...details.parse(JSON.parse(row.details)) };
  }
  if (kind === 'recovery-codes') return { kind, remaining: row.remaining ?? 0 };
  if ((kind === 'email' || kind === 'sms') && destination !== null) return { kind, destination };
  throw new Error(`credential ${row.id} is a ${kind} that lacks something`);
}
