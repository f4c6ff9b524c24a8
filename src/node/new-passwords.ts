// Owns: what new passwords are judged by, the same on pages and at the command line, as it follows from a configuration.
// Leaves to methods/password-policy.ts: the judgement.
import type { Config } from '../config/config.ts';
import { createPasswordPolicy, type PasswordPolicy } from '../methods/password-policy.ts';

export function passwordPolicyOf({
  password,
  serviceName,
  publicUrl,
}: Pick<Config, 'password' | 'serviceName' | 'publicUrl'>): PasswordPolicy {
  const { hostname } = new URL(publicUrl);
  return createPasswordPolicy({ minLength: password.minLength, serviceWords: [serviceName, hostname, 'signet'] });
}
