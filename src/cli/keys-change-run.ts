// Owns: what `signet keys rotate | promote | revoke | prune` do, and what they tell the operator.
// Leaves to sealer/: what a change is and when it is refused; to keys-apply.ts: making it. docs/sealed-values.md, Changing a ring.
import { formatTime } from '../sealer/json-record.ts';
import { prune, revoke } from '../sealer/key-retirement.ts';
import { type Keyring, readyAt } from '../sealer/keyring.ts';
import type { RingChange, RotationPolicy } from '../sealer/ring-change.ts';
import type { AnyRing } from '../sealer/ring-kind.ts';
import { promote, rotate } from '../sealer/rotation.ts';
import { CliFailure } from './io.ts';
import { changeRing } from './keys-apply.ts';
import type { disableEnrolments } from './keys-enrolments.ts';
import type { ChangeOptions, KeysIo, NodeOptions, TimingOptions } from './keys-options.ts';
import { locate, policyOf } from './keys-place.ts';
import { demandAgreement } from './keys-verify.ts';
import { SEALER_COMMANDS } from './ring-commands.ts';

export interface SealerChangeOptions extends ChangeOptions, TimingOptions {}

export interface RotateOptions extends SealerChangeOptions {
  readonly activateIn: number;
  readonly ifDue?: number;
}

export interface PromoteOptions extends SealerChangeOptions, NodeOptions {
  readonly kid: string;
  readonly force?: true;
}

export interface RevokeOptions extends SealerChangeOptions {
  readonly kid?: string;
  readonly all?: true;
  readonly replace?: true;
  readonly reason: string;
}

export function rotateRing(io: KeysIo, options: RotateOptions): Promise<void> {
  const { activateIn, ifDue: dueWithin = null } = options;
  return changeSealerRing(io, options, {
    change: (ring, now, policy) => rotate(ring, { now, random: io.random, policy, activateIn, dueWithin }),
    advice: beginningOf,
  });
}

export async function promoteKey(io: KeysIo, options: PromoteOptions): Promise<void> {
  const { kid, force = false } = options;
  await demandAgreement(io, locate(io, SEALER_COMMANDS, options), options);
  await changeSealerRing(io, options, {
    change: (ring, now, policy) => promote(ring, { now, policy, kid, force }),
    advice: () => [],
  });
}

export async function revokeKeys(io: KeysIo, options: RevokeOptions): Promise<void> {
  const { kid, all, replace = false, reason } = options;
  if ((kid === undefined) === (all === undefined)) throw new CliFailure('either --kid or --all is wanted');
  const kids = kid === undefined ? ('all' as const) : { kid };
  const { disableEnrolments } = await import('./keys-enrolments.ts');
  await changeSealerRing(io, options, {
    change: (ring, now, policy) => revoke(ring, { now, random: io.random, policy, kids, replace, reason }),
    advice: minSerialOf,
    follow: disableEnrolments,
  });
}

export function pruneRing(io: KeysIo, options: SealerChangeOptions): Promise<void> {
  return changeSealerRing(io, options, {
    change: (ring, now, policy) => prune(ring, { now, policy }),
    advice: () => [],
  });
}

interface SealerVerb {
  readonly change: (ring: Keyring, now: number, policy: RotationPolicy) => RingChange;
  readonly advice: (before: Keyring, after: Keyring) => readonly string[];
  readonly follow?: typeof disableEnrolments;
}

function changeSealerRing(io: KeysIo, options: SealerChangeOptions, verb: SealerVerb): Promise<void> {
  const { change, advice, follow } = verb;
  const place = locate(io, SEALER_COMMANDS, options);
  const policy = policyOf(place.config, options);
  return changeRing(io, place, options, {
    change: (ring, now) => change(ring, now, policy),
    advice,
    ...(follow && { follow: (ring, dryRun) => follow(io, place.config, ring, dryRun) }),
  });
}

/** When the keys that were added begin. */
export function beginningOf<Ring extends AnyRing>(before: Ring, after: Ring): readonly string[] {
  return after.keys
    .filter(({ kid }) => before.keys.every((key) => key.kid !== kid))
    .map((key) => `key ${key.kid} begins at ${formatTime(readyAt(after, key))}; every node must have this file before`);
}

function minSerialOf(_before: Keyring, after: Keyring): readonly string[] {
  return [
    `Bring this file to every node, then set in every node's configuration, so that no older copy is ever taken again:`,
    `keyring.minSerial: ${after.serial}`,
  ];
}
