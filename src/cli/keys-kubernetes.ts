// Owns: a ring in a Kubernetes Secret, for the job that rotates it from inside the cluster. docs/operations.md, k8s/README.md.
// Leaves to kubernetes-api.ts: the requests; to keys-change.ts: what is changed, and trying again when another came first.
import type { AnyRing } from '../sealer/ring-kind.ts';
import { CliFailure } from './io.ts';
import { type KeysIo, SERVICE_ACCOUNT_FOLDER, type SecretOptions } from './keys-options.ts';
import type { Place } from './keys-place.ts';
import { fileStore, type RingStore, readStoredRing } from './keys-store.ts';
import { type KubernetesSecret, type KubernetesSecrets, openKubernetesSecrets } from './kubernetes-api.ts';
import type { RingCommands } from './ring-commands.ts';

/** Where the options say that the ring is: a Secret, or the place's file. */
export function storeOf<Ring extends AnyRing>(io: KeysIo, place: Place<Ring>, options: SecretOptions): RingStore<Ring> {
  const { kubernetesSecret: name } = options;
  return name === undefined ? fileStore(place) : kubernetesStore(secretsOf(io, options), name, place);
}

function secretsOf(io: KeysIo, { serviceAccount = SERVICE_ACCOUNT_FOLDER }: SecretOptions): KubernetesSecrets {
  return openKubernetesSecrets(io.environment, serviceAccount);
}

/**
 * The ring in one Secret. It is replaced with the resourceVersion that was read, so of two writers one comes first and
 * the other is told (409). Everything else in the Secret stays as it was.
 */
function kubernetesStore<Ring extends AnyRing>(
  secrets: KubernetesSecrets,
  name: string,
  { ring: commands, config }: Place<Ring>,
): RingStore<Ring> {
  const label = `secret ${secrets.namespace}/${name}`;
  let last: { readonly secret: KubernetesSecret; readonly serial: number } | null = null;
  return {
    name: label,
    read: async () => {
      const secret = await secrets.get(name);
      if (secret.immutable === true) throw new CliFailure(`${label} is immutable: its ring can never be rotated`);
      const entry = secret.data[commands.entry];
      if (entry === undefined) throw new CliFailure(`${label} has no entry ${commands.entry}`);
      const ring = readStoredRing(commands, label, Buffer.from(entry, 'base64'), config);
      last = { secret, serial: ring.serial };
      return ring;
    },
    replace: async (ring, serial) => {
      if (last?.serial !== serial) return false;
      const data = { ...last.secret.data, [commands.entry]: encode(commands, ring) };
      return secrets.replace(name, { ...last.secret, data });
    },
  };
}

/** Makes the Secret with its first ring, and answers its name for messages; one that is there is never overwritten. */
export async function createRingSecret<Ring extends AnyRing>(
  io: KeysIo,
  commands: RingCommands<Ring>,
  name: string,
  ring: Ring,
  options: SecretOptions,
): Promise<string> {
  const secrets = secretsOf(io, options);
  const label = `secret ${secrets.namespace}/${name}`;
  if (await secrets.create(name, { [commands.entry]: encode(commands, ring) })) return label;
  throw new CliFailure(`${label} exists; ${commands.noun} is never overwritten: ${commands.ifOverwritten}`, 2);
}

function encode<Ring extends AnyRing>({ kind }: RingCommands<Ring>, ring: Ring): string {
  return Buffer.from(kind.format(ring)).toString('base64');
}
