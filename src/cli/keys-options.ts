// Owns: the options that several commands about keys share: where a ring is, what its times are computed from, which nodes
// are asked. Leaves to keys-place.ts and the commands: what the options mean. Loads nothing but commander: help is quick.
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AnyRing } from '../sealer/ring-kind.ts';
import type { CliIo } from './io.ts';
import type { RingCommands } from './ring-commands.ts';

export type KeysIo = Pick<CliIo, 'out' | 'clock' | 'random' | 'environment'>;

const UNITS: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['s', 1],
  ['m', 60],
  ['h', 3600],
  ['d', 86_400],
]);

/** `90`, `90s`, `15m`, `1h`, `7d` in seconds; at least one. */
export function readDuration(text: string): number {
  const [, digits = '', unit = ''] = /^(\d{1,9})([smhd]?)$/.exec(text) ?? [];
  const seconds = Number(digits) * (UNITS.get(unit) ?? 0);
  if (seconds >= 1) return seconds;
  throw new InvalidArgumentError('wanted a time such as 90s, 15m, 1h or 7d');
}

export function readCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('wanted a whole number');
}

export interface PlaceOptions {
  readonly config?: string;
  readonly file?: string;
}

export function addPlaceOptions(command: Command): Command {
  return command
    .option(
      '--config <file>',
      'the configuration that names the keyring (default: signet.yaml, unless --file is given)',
    )
    .option('--file <file>', 'the keyring file itself');
}

export interface TimingOptions {
  readonly every?: number;
  readonly grace?: number;
  readonly longestLifetime?: number;
}

export function addTimingOptions(command: Command): Command {
  return command
    .option('--every <time>', 'how often keys are rotated (default: 7d)', readDuration)
    .option('--grace <time>', 'how long a key may still seal after its successor has begun (default: 1h)', readDuration)
    .option(
      '--longest-lifetime <time>',
      'of any sealed value: keys open for so long after they sealed (default: 90d)',
      readDuration,
    );
}

/** Where Kubernetes mounts a service account. */
export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

export interface SecretOptions {
  readonly kubernetesSecret?: string;
  readonly serviceAccount?: string;
}

export function addSecretOptions(command: Command, entry: string): Command {
  return command
    .addOption(
      new Option('--kubernetes-secret <name>', `in a pod: the ring in this Secret's ${entry}, not a file`).conflicts([
        'file',
        'out',
        'endpoints',
        'dns',
      ]),
    )
    .option('--service-account <folder>', `the pod's service account (default: ${SERVICE_ACCOUNT_FOLDER})`);
}

export interface ChangeOptions extends PlaceOptions, SecretOptions {
  readonly dryRun?: true;
  readonly expectSerial?: number;
  readonly json?: true;
}

/** The options of every command that replaces a ring. */
export function addChangeOptions(command: Command, entry: string): Command {
  return addSecretOptions(addPlaceOptions(command), entry)
    .option('--dry-run', 'say what would change, and write nothing')
    .option('--expect-serial <serial>', 'refuse unless the ring has this serial', readCount)
    .option('--json', 'for programs');
}

export interface InitOptions extends SecretOptions {
  readonly realm?: string;
  readonly config?: string;
  readonly file?: string;
  readonly out?: string;
  readonly propagation: number;
}

export function addInitOptions<Ring extends AnyRing>(
  command: Command,
  { noun, defaultFile, entry }: RingCommands<Ring>,
): Command {
  const options = command
    .description(`make ${noun} with one key; an existing file is never overwritten`)
    .option('--realm <uri>', "the identity provider's entityID (default: the configuration's)")
    .option(
      '--config <file>',
      'the configuration that names entityID and keyring (default: signet.yaml, unless --realm is given)',
    )
    .option('--file <file>', `where to write it (default: the configuration's, else ${defaultFile})`)
    .option('--out <file>', 'the same as --file')
    .option('--propagation <time>', 'what a new key needs to reach every node', readDuration, 900);
  return addSecretOptions(options, entry);
}

export interface NodeOptions {
  readonly endpoints?: readonly string[];
  readonly dns?: string;
  /** Seconds that one node may take. */
  readonly timeout: number;
}

export function addNodeOptions(command: Command): Command {
  return command
    .option('--endpoints <list>', "every node's management listener: HOST:PORT,HOST:PORT", readEndpoints)
    .option('--dns <name>', 'the same by a name with one address per node: NAME or NAME:PORT (9090)', readName)
    .option('--timeout <time>', 'what one node may take', readDuration, 3);
}

const ENDPOINT = /^(?:\[[0-9a-f:.]+\]|[\w.-]+):\d{1,5}$/i;

function readEndpoints(text: string): readonly string[] {
  const endpoints = text.split(/[\s,]+/).filter((one) => one !== '');
  if (endpoints.length > 0 && endpoints.every((one) => ENDPOINT.test(one))) return endpoints;
  throw new InvalidArgumentError('wanted HOST:PORT,HOST:PORT');
}

function readName(text: string): string {
  const name = /:\d+$/.test(text) ? text : `${text}:9090`;
  if (/^[\w.-]+:\d{1,5}$/.test(name)) return name;
  throw new InvalidArgumentError('wanted NAME or NAME:PORT');
}
