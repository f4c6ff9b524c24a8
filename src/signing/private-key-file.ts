// Owns: private keys as PKCS#8 PEM, encrypted or not. A passphrase is never in a message. Leaves to sealer/secret-file.ts:
// reading the bytes and looking at permissions.
import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { ProblemsError } from '../lib/problems.ts';
import { readSecretFile } from '../sealer/secret-file.ts';

/** What opens encrypted keys, and how a person gives it. */
export interface Passphrase {
  /** Null: none was given. */
  readonly text: string | null;
  /** The environment variable, for messages. */
  readonly variable: string;
}

const PKCS8 = /^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----\r?\n/m;

/**
 * The private key in a file.
 * @throws ProblemsError naming the path: unreadable, permissions, no PKCS#8, encrypted without or with another passphrase.
 */
export function readPrivateKeyFile(path: string, passphrase: Passphrase): KeyObject {
  const pem = readSecretFile(path);
  return parsePrivateKey(path, pem.toString('latin1'), passphrase);
}

/** The same for text that has been read; `path` is for messages. */
export function parsePrivateKey(path: string, pem: string, { text, variable }: Passphrase): KeyObject {
  const armour = PKCS8.exec(pem);
  if (armour === null) {
    const wanted = 'a private key in PKCS#8 PEM (openssl pkcs8 -topk8 -in OLD -out NEW)';
    throw refusal(path, pem.includes('PRIVATE KEY-----') ? 'a private key in another form' : 'no private key', wanted);
  }
  const encrypted = armour[1] !== undefined;
  if (encrypted && text === null) throw refusal(path, 'an encrypted key', `its passphrase in ${variable}`);
  try {
    return createPrivateKey(encrypted ? { key: pem, passphrase: text ?? '' } : pem);
  } catch {
    // OpenSSL's own message is about padding; a wrong passphrase and a damaged key look the same to it.
    if (encrypted)
      throw refusal(path, `an encrypted key that the passphrase in ${variable} does not open`, 'another one');
    throw refusal(path, 'a damaged key', 'a private key in PKCS#8 PEM');
  }
}

/** A private key as the text of its file: encrypted with AES-256 when there is a passphrase. */
export function privateKeyPem(key: KeyObject, passphrase: string | null): string {
  const format = { type: 'pkcs8', format: 'pem' } as const;
  const pem = passphrase === null ? key.export(format) : key.export({ ...format, cipher: 'aes-256-cbc', passphrase });
  return pem.toString();
}

/** The public half. */
export function publicHalf(privateKey: KeyObject): KeyObject {
  return createPublicKey(privateKey);
}

function refusal(path: string, found: string, wanted: string): ProblemsError {
  return new ProblemsError([{ path, found, wanted }]);
}
