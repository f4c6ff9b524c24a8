// Owns: RSA keys for tests. Making one takes a third of a second of a core, and the suite wants hundreds; so the first run
// keeps what it makes beside the installed packages, and every process takes keys from there in the same order: no two
// that it took are ever the same. They are worth nothing: whoever trusts one trusts a test.
import { createPrivateKey, type KeyObject, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { newSigningKey } from '../../src/cli/signing-certificate.ts';

const STOCK = join(import.meta.dirname, '../../node_modules/.cache/signet-test-keys');

let taken = 0;

/** An RSA key of 2048 bits that this process has not taken before. */
export async function rsaFromStock(): Promise<KeyObject> {
  const file = join(STOCK, `rsa-2048-${taken++}.pem`);
  return kept(file) ?? keep(file, await newSigningKey('RS256', 2048));
}

/** A new private key as `signet init` would make it; RSA keys are from the stock. */
export const signingKeyFromStock: typeof newSigningKey = (algorithm, bits) =>
  bits === 2048 && /^[RP]S/.test(algorithm) ? rsaFromStock() : newSigningKey(algorithm, bits);

function kept(file: string): KeyObject | null {
  try {
    return createPrivateKey(readFileSync(file));
  } catch {
    return null;
  }
}

/** Another process may do the same at the same time: either key is as good, and whole. */
function keep(file: string, key: KeyObject): KeyObject {
  mkdirSync(STOCK, { recursive: true });
  const unfinished = `${file}.${randomUUID()}`;
  writeFileSync(unfinished, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 });
  renameSync(unfinished, file);
  return key;
}
