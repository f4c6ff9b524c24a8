// Owns: `signet keys rotate | promote | revoke | prune`: their options and what they tell the operator.
// Leaves to sealer/: what a change is and when it is refused; to keys-apply.ts: making it. docs/sealed-values.md, Changing a ring.
import { type Command, Option } from 'commander';
import { formatTime } from '../sealer/json-record.ts';
import { prune, revoke } from '../sealer/key-retirement.ts';
import { type Keyring, readyAt } from '../sealer/keyring.ts';
import type { RingChange, RotationPolicy } from '../sealer/ring-change.ts';
import type { AnyRing } from '../sealer/ring-kind.ts';
import { promote, rotate } from '../sealer/rotation.ts';
import { addNodeOptions, type NodeOptions } from './ask-nodes.ts';
import { CliFailure } from './io.ts';
import { addChangeOptions, type ChangeOptions, changeRing } from './keys-apply.ts';
import { disableEnrolments } from './keys-enrolments.ts';
import { addTimingOptions, type KeysIo, locate, policyOf, readDuration, type TimingOptions } from './keys-options.ts';
import { demandAgreement } from './keys-verify.ts';
import { SEALER_COMMANDS } from './ring-commands.ts';

interface SealerChangeOptions extends ChangeOptions, TimingOptions {}

export function addChangeCommands(keys: Command, io: KeysIo): void {
  addChange(keys, 'rotate', 'add a key that begins later; nothing while one is pending, so a job may run it')
    .option(
      '--activate-in <time>',
      'when the new key begins to seal; at least the ring’s propagation',
      readDuration,
      3600,
    )
    .addOption(
      new Option('--if-due [within]', 'only when the key that seals is to be replaced within this time (1d)')
        .preset('1d')
        .argParser(readDuration),
    )
    .action((options: SealerChangeOptions & { activateIn: number; ifDue?: number }) =>
      changeSealerRing(io, options, {
        change: (ring, now, policy) =>
          rotate(ring, {
            now,
            random: io.random,
            policy,
            activateIn: options.activateIn,
            dueWithin: options.ifDue ?? null,
          }),
        advice: beginningOf,
      }),
    );
  const promoting = addChange(keys, 'promote', 'let a pending key begin now')
    .requiredOption('--kid <kid>', 'the key')
    .option('--force', 'before it had time to reach every node: you answer for every node having it');
  addNodeOptions(promoting).action(
    async (options: SealerChangeOptions & NodeOptions & { kid: string; force?: true }) => {
      const { kid, force = false } = options;
      await demandAgreement(io, locate(io, SEALER_COMMANDS, options), options);
      await changeSealerRing(io, options, {
        change: (ring, now, policy) => promote(ring, { now, policy, kid, force }),
        advice: () => [],
      });
    },
  );
  addChange(keys, 'revoke', 'end a key, and whatever was made under it, at once')
    .option('--kid <kid>', 'one key')
    .option('--all', 'every key: everybody signs in again')
    .option('--replace', 'make a new key as well')
    .requiredOption('--reason <text>', 'kept in the ring, shown by list')
    .action((options: SealerChangeOptions & { kid?: string; all?: true; replace?: true; reason: string }) => {
      const { kid, all, replace = false, reason } = options;
      if ((kid === undefined) === (all === undefined)) throw new CliFailure('either --kid or --all is wanted');
      const kids = kid === undefined ? ('all' as const) : { kid };
      return changeSealerRing(io, options, {
        change: (ring, now, policy) => revoke(ring, { now, random: io.random, policy, kids, replace, reason }),
        advice: minSerialOf,
        follow: disableEnrolments,
      });
    });
  addChange(keys, 'prune', 'drop keys that have ended, and revoked ids that nothing can carry any more').action(
    (options: SealerChangeOptions) =>
      changeSealerRing(io, options, { change: (ring, now, policy) => prune(ring, { now, policy }), advice: () => [] }),
  );
}

function addChange(keys: Command, name: string, description: string): Command {
  return addTimingOptions(addChangeOptions(keys.command(name).description(description), SEALER_COMMANDS.entry));
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
    .map(
      (key) =>
        `key ${key.kid} begins to seal at ${formatTime(readyAt(after, key))}; every node must have this file before`,
    );
}

function minSerialOf(_before: Keyring, after: Keyring): readonly string[] {
  return [
    `Bring this file to every node, then set in every node's configuration, so that no older copy is ever taken again:`,
    `keyring.minSerial: ${after.serial}`,
  ];
}
