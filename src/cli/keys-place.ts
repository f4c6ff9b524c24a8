// Owns: where a command finds a ring, and what the times of its keys are computed from.
import type { Config } from '../config/config.ts';
import { readConfig } from '../config/read-config.ts';
import { DEFAULT_POLICY, type RotationPolicy } from '../sealer/ring-change.ts';
import type { AnyRing } from '../sealer/ring-kind.ts';
import type { KeysIo, PlaceOptions, TimingOptions } from './keys-options.ts';
import type { RingCommands } from './ring-commands.ts';

/** Where a command finds the ring. */
export interface Place<Ring extends AnyRing> {
  readonly ring: RingCommands<Ring>;
  readonly file: string;
  /** Null when only a file was named: then nothing is known of poll, skew, sessions, realm and minSerial. */
  readonly config: Config | null;
}

export function locate<Ring extends AnyRing>(
  io: KeysIo,
  ring: RingCommands<Ring>,
  { config: path, file }: PlaceOptions,
): Place<Ring> {
  const config = path === undefined && file !== undefined ? null : readConfig(path ?? 'signet.yaml', io.environment);
  return { ring, file: file ?? config?.[ring.setting].file ?? '', config };
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
