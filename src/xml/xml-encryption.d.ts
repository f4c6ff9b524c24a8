// The part of xml-encryption that encrypt.ts and its test use; the package brings no types.
declare module 'xml-encryption' {
  import type { KeyLike } from 'node:crypto';

  export interface EncryptOptions {
    /** The recipient's public key. */
    rsa_pub: KeyLike;
    /** The recipient's certificate, PEM. */
    pem: string;
    encryptionAlgorithm: string;
    keyEncryptionAlgorithm: string;
    keyEncryptionDigest: 'sha1' | 'sha256';
    /** Only with xmlenc11#rsa-oaep. */
    keyEncryptionMgf?: 'sha1' | 'sha256';
    disallowEncryptionWithInsecureAlgorithm: boolean;
    warnInsecureAlgorithm: boolean;
  }

  /** Encrypts UTF-8 text; the answer is an EncryptedData element. Writes into `options`. */
  export function encrypt(
    content: string,
    options: EncryptOptions,
    callback: (error: Error | null, xml?: string) => void,
  ): void;

  /** Decrypts an EncryptedData element. */
  export function decrypt(
    xml: string,
    options: { readonly key: string | Buffer },
    callback: (error: Error | null, content?: string) => void,
  ): void;
}
