// Owns: how a party's settings say whether its people are asked before it is told about them, and on which terms.
import { z } from 'zod';
import type { ConsentPolicy } from '../core/consent.ts';
import { httpsProblem } from './client-uris.ts';

/** never: the organisation decides for its applications, by registering them. */
export const consentSetting = z.enum(['never', 'ask']).default('never');

/** Another version is asked for again. */
export const termsVersionSetting = z.string().min(1).max(64);

const link = z
  .string()
  .min(1)
  .max(512)
  .refine((text) => httpsProblem(text) === null, 'an https address');

/** Members of a party's document. */
export const consentMembers = {
  consent: consentSetting,
  termsVersion: termsVersionSetting.optional(),
  tosUri: link.optional(),
  policyUri: link.optional(),
};

interface ConsentSettings {
  readonly consent: z.output<typeof consentSetting>;
  readonly termsVersion?: string | undefined;
  readonly tosUri?: string | undefined;
  readonly policyUri?: string | undefined;
}

export function consentOf({ consent, termsVersion, tosUri, policyUri }: ConsentSettings): ConsentPolicy {
  return {
    ask: consent === 'ask',
    termsVersion: termsVersion ?? null,
    tosUri: tosUri ?? null,
    policyUri: policyUri ?? null,
  };
}
