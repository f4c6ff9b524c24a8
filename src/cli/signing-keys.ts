// Owns: `signet signing-keys …`: showing a set of keys that protocols sign with. Private keys never appear in any output.
// Leaves to signing-keys-change.ts: what changes a set; to signing-keys-verify.ts: asking nodes; to signing/: what a set is.
// Exit status: 0 done, 1 error, 2 refused, 3 nodes disagree.
import type { Command } from 'commander';
import { loadKeySet } from '../signing/key-set-folder.ts';
import { addSigningChangeCommands } from './signing-keys-change.ts';
import { PROPAGATION, setListing, setTable, waitsOf } from './signing-keys-listing.ts';
import { addSetOptions, locateSet, type SetOptions, type SigningKeysIo } from './signing-keys-options.ts';
import { addSigningVerifyCommand } from './signing-keys-verify.ts';

/** Adds `signing-keys` to the program; failures are CliFailure, ProblemsError and LockedError. */
export function addSigningKeysCommand(program: Command, io: SigningKeysIo): void {
  const keys = program.command('signing-keys').description('the keys that sign what relying parties receive');
  addSetOptions(keys.command('list').description('show keys, their states and times; never private keys'))
    .option('--pem', 'the certificates, for parties that do not read metadata')
    .action((options: SetOptions & { pem?: true }) => {
      const located = locateSet(io, options);
      const set = loadKeySet(located.place);
      if (options.pem === true) {
        for (const { kid, state, certificate } of set.keys) {
          if (certificate !== null) io.out(`${state} ${kid}\n${pemOf(certificate.base64)}`);
        }
        return;
      }
      const canSign = (kid: string) => set.keys.some((key) => key.kid === kid && key.signer !== null);
      const listing = setListing(located, set, waitsOf(located, PROPAGATION), canSign);
      io.out(options.json === true ? `${JSON.stringify(listing, null, 2)}\n` : setTable(listing, io.clock()));
    });
  addSigningChangeCommands(keys, io);
  addSigningVerifyCommand(keys, io);
}

function pemOf(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}
