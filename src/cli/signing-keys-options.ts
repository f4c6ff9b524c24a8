// Owns: the options that several `signet signing-keys` commands share. Leaves to signing-keys-place.ts: where keys are.
import { type Command, Option } from 'commander';
import type { SigningSetName } from '../node/signing-sets.ts';
import type { CliIo } from './io.ts';

export type SigningKeysIo = Pick<CliIo, 'out' | 'clock' | 'random' | 'environment'>;

export interface SetOptions {
  readonly config: string;
  readonly for: SigningSetName;
  readonly json?: true;
}

/** Every set by name, without loading what the sets are. */
const SETS = { saml: true, oidc: true } satisfies Readonly<Record<SigningSetName, true>>;

export function addSetOptions(command: Command): Command {
  return command
    .option('--config <file>', 'the configuration that names the folder of keys', 'signet.yaml')
    .addOption(new Option('--for <protocol>', 'whose signing keys').choices(Object.keys(SETS)).default('saml'))
    .option('--json', 'for programs');
}

/** What the files need to reach every node, unless an option says otherwise; as for the keyring. */
export const PROPAGATION = 900;
