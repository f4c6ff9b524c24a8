// Owns: `signet keys rotate | promote | revoke | prune`: reading a ring, changing it, saying what changed, writing it.
// Leaves to sealer/: what a change is and when it is refused; to keys-store.ts and keys-kubernetes.ts: the place. docs/sealed-values.md, Changing a ring.
import { type Command, Option } from 'commander';
import { formatTime } from '../sealer/json-record.ts';
import { prune, revoke } from '../sealer/key-retirement.ts';
import { type Keyring, readyAt } from '../sealer/keyring.ts';
import type { RingChange, RotationPolicy } from '../sealer/ring-change.ts';
import { formatDifference, ringDifferences } from '../sealer/ring-diff.ts';
import { promote, rotate } from '../sealer/rotation.ts';
import { addNodeOptions, type NodeOptions } from './ask-nodes.ts';
import { CliFailure } from './io.ts';
import { addSecretOptions, type SecretOptions, storeOf } from './keys-kubernetes.ts';
import {
  addPlaceOptions,
  addTimingOptions,
  type KeysIo,
  locate,
  type PlaceOptions,
  policyOf,
  readCount,
  readDuration,
  type TimingOptions,
} from './keys-options.ts';
import { demandAgreement } from './keys-verify.ts';

interface ChangeOptions extends PlaceOptions, SecretOptions, TimingOptions {
  readonly dryRun?: true;
  readonly expectSerial?: number;
  readonly json?: true;
}

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
    .action((options: ChangeOptions & { activateIn: number; ifDue?: number }) =>
      changeRing(io, options, {
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
  addNodeOptions(promoting).action(async (options: ChangeOptions & NodeOptions & { kid: string; force?: true }) => {
    const { kid, force = false } = options;
    if (options.endpoints !== undefined || options.dns !== undefined)
      await demandAgreement(io, locate(io, options), options);
    await changeRing(io, options, {
      change: (ring, now, policy) => promote(ring, { now, policy, kid, force }),
      advice: () => [],
    });
  });
  addChange(keys, 'revoke', 'end a key, and whatever was made under it, at once')
    .option('--kid <kid>', 'one key')
    .option('--all', 'every key: everybody signs in again')
    .option('--replace', 'make a new key as well')
    .requiredOption('--reason <text>', 'kept in the ring, shown by list')
    .action((options: ChangeOptions & { kid?: string; all?: true; replace?: true; reason: string }) => {
      const { kid, all, replace = false, reason } = options;
      if ((kid === undefined) === (all === undefined)) throw new CliFailure('either --kid or --all is wanted');
      const kids = kid === undefined ? ('all' as const) : { kid };
      return changeRing(io, options, {
        change: (ring, now, policy) => revoke(ring, { now, random: io.random, policy, kids, replace, reason }),
        advice: minSerialOf,
      });
    });
  addChange(keys, 'prune', 'drop keys that have ended, and revoked ids that nothing can carry any more').action(
    (options: ChangeOptions) =>
      changeRing(io, options, { change: (ring, now, policy) => prune(ring, { now, policy }), advice: () => [] }),
  );
}

function addChange(keys: Command, name: string, description: string): Command {
  return addTimingOptions(addSecretOptions(addPlaceOptions(keys.command(name).description(description))))
    .option('--dry-run', 'say what would change, and write nothing')
    .option('--expect-serial <serial>', 'refuse unless the ring has this serial', readCount)
    .option('--json', 'for programs');
}

interface Verb {
  readonly change: (ring: Keyring, now: number, policy: RotationPolicy) => RingChange;
  /** What the operator is to know or do now. */
  readonly advice: (before: Keyring, after: Keyring) => readonly string[];
}

/** Jobs on several nodes may start at once: whoever comes second looks again, and finds nothing left to do. */
const TRIES = 3;

async function changeRing(io: KeysIo, options: ChangeOptions, verb: Verb): Promise<void> {
  const place = locate(io, options);
  const store = storeOf(io, place, options);
  const policy = policyOf(place.config, options);
  for (let tried = 0; tried < TRIES; tried++) {
    const before = await store.read();
    if (options.expectSerial !== undefined && before.serial !== options.expectSerial) {
      return refuse(io, options, 'serial', `${store.name} has serial ${before.serial}, not ${options.expectSerial}`);
    }
    const outcome = verb.change(before, io.clock(), policy);
    if (outcome.kind === 'refused') return refuse(io, options, outcome.code, outcome.detail);
    if (outcome.kind === 'unchanged') {
      return tell(io, options, { outcome: 'unchanged', serial: before.serial, because: outcome.because }, [
        `${store.name}: nothing to do: ${outcome.because}`,
      ]);
    }
    if (options.dryRun === true || (await store.replace(outcome.ring, before.serial))) {
      return tellChange(io, options, store.name, before, outcome.ring, verb);
    }
  }
  refuse(io, options, 'serial', `${store.name} is being changed by others again and again`);
}

function tellChange(
  io: KeysIo,
  options: ChangeOptions,
  name: string,
  before: Keyring,
  after: Keyring,
  verb: Verb,
): void {
  const differences = ringDifferences(before, after);
  const dry = options.dryRun === true;
  const outcome = dry ? 'dry-run' : 'changed';
  const lines = [
    `${name}: serial ${before.serial} -> ${after.serial}${dry ? ', not written' : ''}`,
    ...differences.map(formatDifference),
    ...(dry ? [] : verb.advice(before, after)),
  ];
  tell(io, options, { outcome, serial: after.serial, differences }, lines);
}

function tell(
  io: KeysIo,
  options: ChangeOptions,
  json: Readonly<Record<string, unknown>>,
  lines: readonly string[],
): void {
  io.out(options.json === true ? `${JSON.stringify(json, null, 2)}\n` : `${lines.join('\n')}\n`);
}

function refuse(io: KeysIo, options: ChangeOptions, code: string, detail: string): never {
  if (options.json === true) io.out(`${JSON.stringify({ outcome: 'refused', code, detail }, null, 2)}\n`);
  throw new CliFailure(`refused, ${code}: ${detail}`, 2);
}

function beginningOf(before: Keyring, after: Keyring): readonly string[] {
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
