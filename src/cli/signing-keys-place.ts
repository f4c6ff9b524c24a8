// Owns: whose signing keys a command is about, and where they are.
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import { SIGNING_SETS, type SigningSet, type SigningSetName } from '../node/signing-sets.ts';
import type { KeySetPlace } from '../signing/key-set-folder.ts';
import type { SetOptions, SigningKeysIo } from './signing-keys-options.ts';

/** A set as the configuration places it. */
export interface LocatedSet {
  readonly config: Config;
  readonly name: SigningSetName;
  readonly set: SigningSet;
  readonly place: KeySetPlace;
}

export function locateSet(io: SigningKeysIo, options: SetOptions): LocatedSet {
  const config = readConfig(options.config, io.environment);
  const set = SIGNING_SETS[options.for];
  return { config, name: options.for, set, place: set.place(config) };
}
