// Owns: how `keys init` and `data-keys init` put a new ring where there is none: a file, or a Kubernetes Secret.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import { writeRing } from '../sealer/ring-file.ts';
import type { AnyRing } from '../sealer/ring-kind.ts';
import { CliFailure } from './io.ts';
import { createRingSecret } from './keys-kubernetes.ts';
import type { InitOptions, KeysIo } from './keys-options.ts';
import type { RingCommands } from './ring-commands.ts';

/** The configuration that was named, and for whom the ring is to be. */
export function readInitConfig(
  io: KeysIo,
  options: InitOptions,
): { readonly config: Config | null; readonly realm: string } {
  if (options.config === undefined && options.realm !== undefined) return { config: null, realm: options.realm };
  const config = readConfig(options.config ?? 'signet.yaml', io.environment);
  const realm = options.realm ?? config.entityId;
  if (realm !== config.entityId) {
    throw new CliFailure(`--realm is '${realm}', and the configuration's entityID '${config.entityId}'`);
  }
  return { config, realm };
}

/** Puts the ring where the options say, and says where; what is there is never overwritten. */
export async function placeNewRing<Ring extends AnyRing>(
  io: KeysIo,
  commands: RingCommands<Ring>,
  ring: Ring,
  config: Config | null,
  options: InitOptions,
): Promise<void> {
  const { kubernetesSecret } = options;
  const file = options.file ?? options.out ?? config?.[commands.setting].file ?? commands.defaultFile;
  const where =
    kubernetesSecret === undefined
      ? await createRingFile(commands, file, ring)
      : await createRingSecret(io, commands, kubernetesSecret, ring, options);
  io.out(`${where}: key ${ring.keys[0]?.kid} for ${ring.realm}\n`);
}

async function createRingFile<Ring extends AnyRing>(
  { kind, noun, ifOverwritten }: RingCommands<Ring>,
  path: string,
  ring: Ring,
): Promise<string> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const outcome = await writeRing(kind, path, ring, { expectSerial: null });
  if ('refused' in outcome) {
    throw new CliFailure(`${path} exists; ${noun} is never overwritten: ${ifOverwritten}`, 2);
  }
  return path;
}
