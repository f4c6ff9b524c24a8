// Owns: where the commands that change a ring read it and put it back. Another place for rings is another RingStore.
// Leaves to sealer/key-file.ts: the lock, and that a file is replaced whole.
import type { Config } from '../config/config.ts';
import { writeRing } from '../sealer/ring-file.ts';
import type { AnyRing } from '../sealer/ring-kind.ts';
import { readSecretFile } from '../sealer/secret-file.ts';
import { CliFailure } from './io.ts';
import type { Place } from './keys-place.ts';
import type { RingCommands } from './ring-commands.ts';

/** A place that holds one ring, and replaces it only while it is still the one that was read. */
export interface RingStore<Ring extends AnyRing> {
  /** For messages. */
  readonly name: string;
  readonly read: () => Promise<Ring>;
  /** Whether it was replaced; not when another writer came first. `serial` is that of the ring which was read. */
  readonly replace: (ring: Ring, serial: number) => Promise<boolean>;
}

/**
 * The ring in these bytes, where one that is to be changed was stored. `name` is for messages.
 * @throws ProblemsError for what no node would take, and CliFailure (2) for an old copy: changing a restored backup
 * would bring its revoked keys back under a serial that nodes believe (I4).
 */
export function readStoredRing<Ring extends AnyRing>(
  { kind, setting, realmFor }: RingCommands<Ring>,
  name: string,
  bytes: Uint8Array,
  config: Config | null,
): Ring {
  const realm = config === null ? null : realmFor(config);
  const ring = kind.parse(bytes, realm === null ? { minSerial: 0 } : { minSerial: 0, realm });
  const { minSerial = 0 } = config?.[setting] ?? {};
  if (ring.serial >= minSerial) return ring;
  throw new CliFailure(`${name} has serial ${ring.serial}, below ${setting}.minSerial ${minSerial}: an old copy`, 2);
}

/** The ring in a file that only its owner writes and only its group reads. */
export function fileStore<Ring extends AnyRing>({ ring: commands, file, config }: Place<Ring>): RingStore<Ring> {
  return {
    name: file,
    read: async () => readStoredRing(commands, file, readSecretFile(file), config),
    replace: async (ring, serial) =>
      'written' in (await writeRing(commands.kind, file, ring, { expectSerial: serial })),
  };
}
