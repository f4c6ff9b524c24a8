// Owns: the options that several `signet keys` and `signet data-keys` commands share: where the ring is, what its times are computed from.
import { type Command, InvalidArgumentError } from 'commander';
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import { DEFAULT_POLICY, type RotationPolicy } from '../sealer/ring-change.ts';
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

/** Where a command finds the ring. */
export interface Place<Ring extends AnyRing> {
  readonly ring: RingCommands<Ring>;
  readonly file: string;
  /** Null when only a file was named: then nothing is known of poll, skew, sessions, realm and minSerial. */
  readonly config: Config | null;
}

export function addPlaceOptions(command: Command): Command {
  return command
    .option(
      '--config <file>',
      'the configuration that names the keyring (default: signet.yaml, unless --file is given)',
    )
    .option('--file <file>', 'the keyring file itself');
}

export function locate<Ring extends AnyRing>(
  io: KeysIo,
  ring: RingCommands<Ring>,
  { config: path, file }: PlaceOptions,
): Place<Ring> {
  const config = path === undefined && file !== undefined ? null : readConfig(path ?? 'signet.yaml', io.environment);
  return { ring, file: file ?? config?.[ring.setting].file ?? '', config };
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

/** What keys' times are computed from: the options, and what nodes are configured with. */
export function policyOf(config: Config | null, options: TimingOptions): RotationPolicy {
  return {
    rotateEvery: options.every ?? DEFAULT_POLICY.rotateEvery,
    grace: options.grace ?? DEFAULT_POLICY.grace,
    longestLifetime: options.longestLifetime ?? DEFAULT_POLICY.longestLifetime,
    sessionLifetime: config?.session.absolute ?? DEFAULT_POLICY.sessionLifetime,
    skew: config?.skew ?? DEFAULT_POLICY.skew,
    poll: config?.keyring.poll ?? DEFAULT_POLICY.poll,
  };
}
