// Owns: where the commands that change a ring read it and put it back. Another place for rings is another RingStore.
// Leaves to sealer/key-file.ts: the lock, and that a file is replaced whole.
import type { Config } from '../config/config.ts';
import { writeKeyring } from '../sealer/key-file.ts';
import { type Keyring, parseKeyring } from '../sealer/keyring.ts';
import { readSecretFile } from '../sealer/secret-file.ts';
import { CliFailure } from './io.ts';
import type { Place } from './keys-options.ts';

/** A place that holds one ring, and replaces it only while it is still the one that was read. */
export interface RingStore {
  /** For messages. */
  readonly name: string;
  readonly read: () => Promise<Keyring>;
  /** Whether it was replaced; not when another writer came first. `serial` is that of the ring which was read. */
  readonly replace: (ring: Keyring, serial: number) => Promise<boolean>;
}

/**
 * The ring in these bytes, where one that is to be changed was stored. `name` is for messages.
 * @throws ProblemsError for what no node would take, and CliFailure (2) for an old copy: changing a restored backup
 * would bring its revoked keys back under a serial that nodes believe (I4).
 */
export function readStoredRing(name: string, bytes: Uint8Array, config: Config | null): Keyring {
  const ring = parseKeyring(bytes, config === null ? { minSerial: 0 } : { minSerial: 0, realm: config.entityId });
  const { minSerial = 0 } = config?.keyring ?? {};
  if (ring.serial >= minSerial) return ring;
  throw new CliFailure(`${name} has serial ${ring.serial}, below keyring.minSerial ${minSerial}: an old copy`, 2);
}

/** The ring in a file that only its owner writes and only its group reads. */
export function fileStore({ file, config }: Place): RingStore {
  return {
    name: file,
    read: async () => readStoredRing(file, readSecretFile(file), config),
    replace: async (ring, serial) => 'written' in (await writeKeyring(file, ring, { expectSerial: serial })),
  };
}
