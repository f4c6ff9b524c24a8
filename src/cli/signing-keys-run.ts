// Owns: what `signet signing-keys list` does. Private keys never appear in any output.
import { loadKeySet } from '../signing/key-set-folder.ts';
import { setListing, setTable, waitsOf } from './signing-keys-listing.ts';
import { PROPAGATION, type SetOptions, type SigningKeysIo } from './signing-keys-options.ts';
import { locateSet } from './signing-keys-place.ts';

export interface ListOptions extends SetOptions {
  readonly pem?: true;
}

export function listSet(io: SigningKeysIo, options: ListOptions): void {
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
}

function pemOf(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${base64.replace(/.{1,64}/g, '$&\n')}-----END CERTIFICATE-----\n`;
}
