// Owns: what `signet keys` and `signet data-keys` have in common is written once for any ring; this is what differs.
import type { Config } from '../config/config.ts';
import { type DataKeyring, dataRing } from '../sealer/data-keyring.ts';
import type { Keyring } from '../sealer/keyring.ts';
import { type AnyRing, type RingKind, sealerRing } from '../sealer/ring-kind.ts';

/** One kind of ring as the command line knows it. */
export interface RingCommands<Ring extends AnyRing> {
  readonly kind: RingKind<Ring>;
  /** The section of the configuration: file, least serial, poll. */
  readonly setting: 'keyring' | 'dataKeyring';
  /** What commands say, with its article. */
  readonly noun: string;
  /** What its key does: it seals, or encrypts. */
  readonly does: 'seals' | 'encrypts';
  /** What overwriting a ring would do to people. */
  readonly ifOverwritten: string;
  /** Where `init` writes when nothing else says. */
  readonly defaultFile: string;
  /** The file's name in a Kubernetes Secret, and so in the folder that nodes mount it at. */
  readonly entry: string;
  /** Where nodes report theirs, on the management listener. */
  readonly reportPath: string;
  /** What the ring must have been made for; null when any realm will do. */
  readonly realmFor: (config: Config) => string | null;
}

export const SEALER_COMMANDS: RingCommands<Keyring> = {
  kind: sealerRing,
  setting: 'keyring',
  noun: 'a keyring',
  does: 'seals',
  ifOverwritten: 'that would sign everybody out',
  defaultFile: 'keys/sealer.json',
  entry: 'sealer.json',
  reportPath: '/keyring',
  realmFor: (config) => config.entityId,
};

export const DATA_COMMANDS: RingCommands<DataKeyring> = {
  kind: dataRing,
  setting: 'dataKeyring',
  noun: 'a data keyring',
  does: 'encrypts',
  ifOverwritten: 'what people have enrolled would be lost',
  defaultFile: 'keys/data.json',
  entry: 'data.json',
  reportPath: '/data-keyring',
  // Another entityID must not take away what people have enrolled.
  realmFor: () => null,
};
