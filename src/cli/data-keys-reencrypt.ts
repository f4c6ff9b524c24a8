// Owns: `signet data-keys reencrypt`: the job that moves every stored secret to the newest data key, while nodes go on.
// Leaves to core/secrets-at-rest.ts: how a secret is moved without overwriting anybody; to the store: its rows.
import { type ReencryptableSecrets, reencryptSecrets } from '../core/secrets-at-rest.ts';
import type { DataKeyring } from '../sealer/data-keyring.ts';
import { createDataCipher, dataPrefix } from '../sealer/data-value.ts';
import type { WithSecrets } from './data-keys.ts';
import { CliFailure } from './io.ts';
import { tell } from './keys-apply.ts';
import { storeOf } from './keys-kubernetes.ts';
import type { KeysIo, PlaceOptions, SecretOptions } from './keys-options.ts';
import { locate } from './keys-place.ts';
import { DATA_COMMANDS } from './ring-commands.ts';

export interface ReencryptOptions extends PlaceOptions, SecretOptions {
  readonly batch: number;
  readonly dryRun?: true;
  readonly json?: true;
}

export async function reencrypt(io: KeysIo, withSecrets: WithSecrets, options: ReencryptOptions): Promise<void> {
  const place = locate(io, DATA_COMMANDS, options);
  const none = 'no database is configured: there is nothing to encrypt';
  if (place.config === null) throw new CliFailure(none);
  await withSecrets(place.config, async (secrets) => {
    if (secrets === null) throw new CliFailure(none);
    await reencryptWith(io, secrets, await storeOf(io, place, options).read(), options);
  });
}

async function reencryptWith(
  io: KeysIo,
  secrets: ReencryptableSecrets,
  ring: DataKeyring,
  options: ReencryptOptions,
): Promise<void> {
  const { clock, random } = io;
  const cipher = createDataCipher({ ring: () => ring, reread: () => false, clock, random, observe: () => {} });
  const dryRun = options.dryRun === true;
  const done = await reencryptSecrets(secrets, cipher, {
    batch: options.batch,
    dryRun,
    onProgress: ({ reencrypted }) => {
      if (options.json !== true) io.out(`${reencrypted} ${dryRun ? 'could be encrypted anew' : 'encrypted anew'}\n`);
    },
  });
  const primary = cipher.primaryKid();
  const left = await leftUnder(secrets, primary);
  tell(io, options, { outcome: dryRun ? 'dry-run' : 'reencrypted', primary, ...done, left }, [
    dryRun
      ? `key ${primary}: ${done.reencrypted} secrets would be encrypted anew, ${left} are under other keys`
      : `key ${primary}: ${done.reencrypted} secrets encrypted anew, ${left} left under other keys`,
  ]);
  if (done.unreadable > 0) {
    throw new CliFailure(`${done.unreadable} secrets are under no key of this ring, or damaged; they were left alone`);
  }
  if (!dryRun && left > 0) {
    throw new CliFailure(`${left} secrets are under other keys: nodes wrote them meanwhile; run it again`);
  }
}

async function leftUnder(secrets: ReencryptableSecrets, primary: string): Promise<number> {
  const counts = [...(await secrets.countByPrefix())];
  return counts.filter(([prefix]) => prefix !== dataPrefix(primary)).reduce((sum, [, count]) => sum + count, 0);
}
