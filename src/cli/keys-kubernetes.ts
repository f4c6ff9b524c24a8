// Owns: a ring in a Kubernetes Secret, for the job that rotates it from inside the cluster. docs/operations.md, k8s/README.md.
// Leaves to kubernetes-api.ts: the requests; to keys-change.ts: what is changed, and trying again when another came first.
import { type Command, Option } from 'commander';
import type { Config } from '../config/config.ts';
import { formatKeyring, type Keyring } from '../sealer/keyring.ts';
import { CliFailure } from './io.ts';
import type { KeysIo, Place } from './keys-options.ts';
import { fileStore, type RingStore, readStoredRing } from './keys-store.ts';
import {
  type KubernetesSecret,
  type KubernetesSecrets,
  openKubernetesSecrets,
  SERVICE_ACCOUNT_FOLDER,
} from './kubernetes-api.ts';

/** The file's name in the Secret, and so in the folder that nodes mount it at. */
const ENTRY = 'sealer.json';

export interface SecretOptions {
  readonly kubernetesSecret?: string;
  readonly serviceAccount?: string;
}

export function addSecretOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--kubernetes-secret <name>', `in a pod: the ring in this Secret's ${ENTRY}, not a file`).conflicts([
        'file',
        'out',
        'endpoints',
        'dns',
      ]),
    )
    .option('--service-account <folder>', `the pod's service account (default: ${SERVICE_ACCOUNT_FOLDER})`);
}

/** Where the options say that the ring is: a Secret, or the place's file. */
export function storeOf(io: KeysIo, place: Place, options: SecretOptions): RingStore {
  const { kubernetesSecret: name } = options;
  return name === undefined ? fileStore(place) : kubernetesStore(secretsOf(io, options), name, place.config);
}

function secretsOf(io: KeysIo, { serviceAccount = SERVICE_ACCOUNT_FOLDER }: SecretOptions): KubernetesSecrets {
  return openKubernetesSecrets(io.environment, serviceAccount);
}

/**
 * The ring in one Secret. It is replaced with the resourceVersion that was read, so of two writers one comes first and
 * the other is told (409). Everything else in the Secret stays as it was.
 */
function kubernetesStore(secrets: KubernetesSecrets, name: string, config: Config | null): RingStore {
  const label = `secret ${secrets.namespace}/${name}`;
  let last: { readonly secret: KubernetesSecret; readonly serial: number } | null = null;
  return {
    name: label,
    read: async () => {
      const secret = await secrets.get(name);
      if (secret.immutable === true) throw new CliFailure(`${label} is immutable: its ring can never be rotated`);
      const entry = secret.data[ENTRY];
      if (entry === undefined) throw new CliFailure(`${label} has no entry ${ENTRY}`);
      const ring = readStoredRing(label, Buffer.from(entry, 'base64'), config);
      last = { secret, serial: ring.serial };
      return ring;
    },
    replace: async (ring, serial) => {
      if (last?.serial !== serial) return false;
      const data = { ...last.secret.data, [ENTRY]: encode(ring) };
      return secrets.replace(name, { ...last.secret, data });
    },
  };
}

/** Makes the Secret with its first ring, and answers its name for messages; one that is there is never overwritten. */
export async function createRingSecret(
  io: KeysIo,
  name: string,
  ring: Keyring,
  options: SecretOptions,
): Promise<string> {
  const secrets = secretsOf(io, options);
  const label = `secret ${secrets.namespace}/${name}`;
  if (await secrets.create(name, { [ENTRY]: encode(ring) })) return label;
  throw new CliFailure(`${label} exists; a keyring is never overwritten: that would sign everybody out`, 2);
}

function encode(ring: Keyring): string {
  return Buffer.from(formatKeyring(ring)).toString('base64');
}
