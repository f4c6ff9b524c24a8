// Owns: signing with a private key that is in this process. Leaves to private-key-file.ts: where it comes from.
import { constants, type KeyObject, sign as signData } from 'node:crypto';
import { promisify } from 'node:util';
import { ecdsaWidth, joinedSignature } from './ecdsa-signature.ts';
import type { SignatureScheme, Signer } from './signer.ts';

type SignOptions = Parameters<typeof signData>[2];

/** What the library is asked for. */
interface Recipe {
  /** Null: the algorithm hashes by itself. */
  readonly hash: string | null;
  readonly key: SignOptions;
  /** What is made of the library's signature. */
  readonly finish?: (signature: Buffer) => Buffer;
}

/** A signer over a private key; it runs on the thread pool. Which schemes follows from the key's type. */
export function localSigner(privateKey: KeyObject): Signer {
  const recipes = recipesOf(privateKey);
  return {
    schemes: new Set(recipes.keys()),
    sign: async (scheme, data) => {
      const recipe = recipes.get(scheme);
      if (recipe === undefined) throw new TypeError(`this key cannot sign ${scheme}`);
      const signature = await signOnThreadPool(recipe.hash, data, recipe.key);
      return recipe.finish === undefined ? signature : recipe.finish(signature);
    },
  };
}

const signOnThreadPool = promisify(signData);

function recipesOf(privateKey: KeyObject): ReadonlyMap<SignatureScheme, Recipe> {
  if (privateKey.asymmetricKeyType === 'rsa') {
    const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants;
    return new Map<SignatureScheme, Recipe>([
      // The key goes as it is: the form with options costs a tenth of a signature more.
      ['rsa-sha256', { hash: 'sha256', key: privateKey }],
      ['rsa-sha384', { hash: 'sha384', key: privateKey }],
      ['rsa-sha512', { hash: 'sha512', key: privateKey }],
      // RFC 7518 §3.5: the salt is as long as the hash.
      ['rsa-pss-sha256', { hash: 'sha256', key: { key: privateKey, padding, saltLength } }],
    ]);
  }
  if (privateKey.asymmetricKeyType === 'ec') {
    const width = ecdsaWidth(privateKey.asymmetricKeyDetails?.namedCurve);
    if (width === null) return new Map();
    const finish = (signature: Buffer): Buffer => joinedSignature(signature, width);
    return new Map<SignatureScheme, Recipe>([
      ['ecdsa-sha256', { hash: 'sha256', key: privateKey, finish }],
      ['ecdsa-sha384', { hash: 'sha384', key: privateKey, finish }],
      ['ecdsa-sha512', { hash: 'sha512', key: privateKey, finish }],
    ]);
  }
  if (privateKey.asymmetricKeyType === 'ed25519') return new Map([['ed25519', { hash: null, key: privateKey }]]);
  return new Map();
}
