// Owns: `signet data-keys`: its commands and options. Leaves to data-keys-run.ts and data-keys-reencrypt.ts: what they do;
// to keys.ts: what both keyrings have in common. Exit status: 0 done, 1 error, 2 refused by an invariant, 3 nodes disagree.
import { type Command, InvalidArgumentError } from 'commander';
import type { Config } from '../config/config.ts';
import type { ReencryptableSecrets } from '../core/secrets-at-rest.ts';
import type { ReencryptOptions } from './data-keys-reencrypt.ts';
import type { PromoteOptions, PruneOptions, RotateOptions } from './data-keys-run.ts';
import { addDiffCommand, addVerifyCommand } from './keys.ts';
import {
  addChangeOptions,
  addInitOptions,
  addNodeOptions,
  addPlaceOptions,
  addSecretOptions,
  type InitOptions,
  type KeysIo,
  type PlaceOptions,
  readCount,
  readDuration,
} from './keys-options.ts';
import { DATA_COMMANDS } from './ring-commands.ts';

/** Runs with what is stored under data keys; null when no database is configured. */
export type WithSecrets = <T>(config: Config, run: (secrets: ReencryptableSecrets | null) => Promise<T>) => Promise<T>;

const work = () => import('./data-keys-run.ts');

/** Adds `data-keys` to the program. */
export function addDataKeysCommand(program: Command, io: KeysIo, withSecrets: WithSecrets): void {
  const keys = program
    .command('data-keys')
    .description('the keyring that encrypts what people have enrolled, in the database');
  addInitOptions(keys.command('init'), DATA_COMMANDS).action(async (options: InitOptions) =>
    (await work()).initDataKeyring(io, options),
  );
  addChange(keys, 'rotate', 'add a key that begins later; nothing while one is pending, so a job may run it')
    .option('--activate-in <time>', "when it begins to encrypt; at least the ring's propagation", readDuration, 3600)
    .option('--if-older-than <time>', 'only when the key that encrypts began so long ago', readDuration)
    .action(async (options: RotateOptions) => (await work()).rotateDataRing(io, options));
  const promote = addChange(keys, 'promote', 'let a pending key begin now')
    .requiredOption('--kid <kid>', 'the key')
    .option('--force', 'before it had time to reach every node: you answer for every node having it');
  addNodeOptions(promote).action(async (options: PromoteOptions) => (await work()).promoteDataKey(io, options));
  addReencryptCommand(keys, io, withSecrets);
  const prune = addChange(
    keys,
    'prune',
    'drop keys that have been replaced; refused while any secret is under one',
  ).option('--grace <time>', 'what an encrypted secret may need to reach its row (default: 1h)', readDuration);
  addNodeOptions(prune).action(async (options: PruneOptions) => (await work()).pruneDataRing(io, withSecrets, options));
  addPlaceOptions(keys.command('list').description('show keys, their states, and how many secrets are under each'))
    .option('--json', 'for programs')
    .action(async (options: PlaceOptions & { json?: true }) =>
      (await work()).listDataKeyring(io, withSecrets, options),
    );
  addVerifyCommand(keys, io, DATA_COMMANDS);
  addDiffCommand(keys, io, DATA_COMMANDS);
}

function addChange(keys: Command, name: string, description: string): Command {
  return addChangeOptions(keys.command(name).description(description), DATA_COMMANDS.entry);
}

function addReencryptCommand(keys: Command, io: KeysIo, withSecrets: WithSecrets): void {
  addSecretOptions(
    addPlaceOptions(
      keys
        .command('reencrypt')
        .description('encrypt every stored secret under the key that encrypts now; may be ended and begun again'),
    ),
    DATA_COMMANDS.entry,
  )
    .option('--batch <rows>', 'secrets that are read at a time', readBatch, 200)
    .option('--dry-run', 'decrypt everything, and write nothing')
    .option('--json', 'for programs')
    .action(async (options: ReencryptOptions) => {
      const { reencrypt } = await import('./data-keys-reencrypt.ts');
      await reencrypt(io, withSecrets, options);
    });
}

function readBatch(text: string): number {
  const rows = readCount(text);
  if (rows >= 1 && rows <= 10_000) return rows;
  throw new InvalidArgumentError('wanted 1 to 10000');
}
