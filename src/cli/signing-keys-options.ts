// Owns: the options that several `signet signing-keys` commands share: whose keys, and where they are.
import { type Command, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import type { KeySetPlace } from '../signing/key-set-folder.ts';
import { SIGNING_SETS, type SigningSet, type SigningSetName } from '../signing-sets.ts';
import type { CliIo } from './io.ts';

export type SigningKeysIo = Pick<CliIo, 'out' | 'clock' | 'random' | 'environment'>;

export interface SetOptions {
  readonly config: string;
  readonly for: SigningSetName;
  readonly json?: true;
}

/** A set as the configuration places it. */
export interface LocatedSet {
  readonly config: Config;
  readonly name: SigningSetName;
  readonly set: SigningSet;
  readonly place: KeySetPlace;
}

export function addSetOptions(command: Command): Command {
  return command
    .option('--config <file>', 'the configuration that names the folder of keys', 'signet.yaml')
    .addOption(new Option('--for <protocol>', 'whose signing keys').choices(Object.keys(SIGNING_SETS)).default('saml'))
    .option('--json', 'for programs');
}

export function locateSet(io: SigningKeysIo, options: SetOptions): LocatedSet {
  const config = readConfig(options.config, io.environment);
  const set = SIGNING_SETS[options.for];
  return { config, name: options.for, set, place: set.place(config) };
}
