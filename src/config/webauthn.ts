// Owns: how keys and passkeys are configured. Leaves to methods/: what they are. docs/second-factors.md, Passkeys.
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { readCertificates } from '../lib/certificates.ts';
import type { Problems } from '../lib/problems.ts';

export const webauthnSchema = z
  .strictObject({
    enabled: z.boolean().default(true),
    attestationRoots: z
      .array(z.string().min(1).max(1024))
      .max(64)
      .default([])
      .describe('PEM files of makers whose keys may reach aal3; none: no key does'),
  })
  .prefault({});

export interface WebauthnConfig {
  readonly enabled: boolean;
  /** The contents of the files, each with at least one certificate. */
  readonly attestationRoots: readonly string[];
}

/** With the files read, and everything said that is wrong. */
export function completeWebauthn(
  { enabled, attestationRoots }: z.output<typeof webauthnSchema>,
  at: (name: string) => string,
  problems: Problems,
): WebauthnConfig {
  const roots = attestationRoots.map((name, i) => {
    const text = readText(at(name));
    if (text === null || readCertificates(text) === null) {
      problems.add(`webauthn.attestationRoots[${i}]`, name, 'a file with certificates in PEM');
    }
    return text ?? '';
  });
  return { enabled, attestationRoots: roots };
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}
