// Owns: `signet signing-keys publish-next | promote | retire`: their options. Leaves to signing-keys-change-run.ts: what they do.
import { type Command, Option } from 'commander';
import { addNodeOptions, readCount, readDuration } from './keys-options.ts';
import type { PublishOptions, WaitingOptions } from './signing-keys-change-run.ts';
import { addSetOptions, PROPAGATION, type SigningKeysIo } from './signing-keys-options.ts';

const work = () => import('./signing-keys-change-run.ts');

export function addSigningChangeCommands(keys: Command, io: SigningKeysIo): void {
  addChange(keys, 'publish-next', 'publish a key beside the current one; it signs after promote, and not before')
    .option('--algorithm <name>', 'what it is for (default: what the current key is for)')
    .addOption(new Option('--bits <size>', 'of a new RSA key').choices(['2048', '3072']).default('2048'))
    .option('--key <file>', 'take this private key (PKCS#8 PEM) and make none')
    .option('--certificate <file>', "take this certificate, an authority's for example, and make none")
    .action(async (options: PublishOptions) => (await work()).publish(io, options));
  addWaiting(keys, 'promote', 'let the next key sign; the one that signed stays published')
    .option('--kid <kid>', 'which, when several are next')
    .action(async (options: WaitingOptions) => (await work()).promoteNext(io, options));
  addWaiting(keys, 'retire', 'take away keys that have signed, or, by its kid, a next one that is not wanted')
    .option('--kid <kid>', 'only this one')
    .action(async (options: WaitingOptions) => (await work()).retireKeys(io, options));
}

function addChange(keys: Command, name: string, description: string): Command {
  return addSetOptions(keys.command(name).description(description))
    .option('--dry-run', 'say what would change, and write nothing')
    .option('--expect-serial <serial>', 'refuse unless the set has this serial', readCount);
}

function addWaiting(keys: Command, name: string, description: string): Command {
  return addNodeOptions(addChange(keys, name, description))
    .option('--propagation <time>', 'what the files need to reach every node', readDuration, PROPAGATION)
    .option('--force', 'before the time: you answer for every node, and every party, being ready');
}
