// Owns: the folder of a new identity provider, as `signet init` writes it, with RSA keys from the stock.
import { initFolder } from '../../src/cli/init-run.ts';
import type { EpochSeconds } from '../../src/lib/clock.ts';
import { systemRandom } from '../../src/lib/random.ts';
import { signingKeyFromStock } from './key-stock.ts';

export interface IdpFolder {
  readonly publicUrl?: string;
  readonly directory?: 'sql' | 'yaml';
  /** When its keys are made. */
  readonly now: EpochSeconds;
}

/** Writes it at a path where nothing is yet, or an empty folder. */
export function makeIdpFolder(folder: string, { publicUrl, directory, now }: IdpFolder): Promise<void> {
  const io = {
    out: () => {},
    err: () => {},
    readStdin: async () => '',
    askSecret: async () => null,
    clock: () => now,
    random: systemRandom(),
    environment: {},
  };
  const options = { publicUrl: publicUrl ?? 'https://idp.example.org', directory: directory ?? 'sql' };
  return initFolder(io, folder, options, signingKeyFromStock);
}
