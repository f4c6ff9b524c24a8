// Owns: which protocols have sets of signing keys, where, and what each may hold; what a node says of its sets.
// Leaves to signing/: what a set is. Used by the node (node/signing.ts, node/listeners.ts) and by the command line.
import type { Config } from '../config/config.ts';
import { OIDC_PASSPHRASE_VARIABLE, SAML_PASSPHRASE_VARIABLE } from '../config/environment.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Problem } from '../lib/problems.ts';
import { JWS_ALGORITHMS } from '../parties/client-metadata.ts';
import { SIGNED_SECONDS } from '../protocols/oidc/jwt.ts';
import { METADATA_MAX_AGE } from '../protocols/saml/metadata-endpoint.ts';
import { SAML_KEY_ALGORITHMS } from '../protocols/saml/signers.ts';
import type { SigningKeySource } from '../signing/followed-key-set.ts';
import { type KeySetPlace, type SigningKeySet, signingFault } from '../signing/key-set-folder.ts';

/** One protocol's set, as it follows from the configuration. */
export interface SigningSet {
  readonly place: (config: Config) => KeySetPlace;
  /** How long relying parties may go on with keys that they have read, at most, in seconds. */
  readonly readAgainWithin: (config: Config) => number;
  /** How long anything that a key has signed is worth something, in seconds. */
  readonly signedLives: (config: Config) => number;
}

export const SAML_SET: SigningSet = {
  place: ({ saml }) => ({
    folder: saml.signing.folder,
    passphrase: { text: saml.signing.passphrase, variable: SAML_PASSPHRASE_VARIABLE },
    algorithms: SAML_KEY_ALGORITHMS,
    certificates: true,
  }),
  // What a party reads may have been kept by a cache in between.
  readAgainWithin: ({ saml }) => saml.metadataRefresh + Math.min(METADATA_MAX_AGE, saml.metadataRefresh),
  signedLives: ({ saml, skew }) => saml.assertionLifetime + skew,
};

export const OIDC_SET: SigningSet = {
  place: ({ oidc }) => ({
    folder: oidc.signing.folder,
    passphrase: { text: oidc.signing.passphrase, variable: OIDC_PASSPHRASE_VARIABLE },
    algorithms: JWS_ALGORITHMS,
    certificates: false,
  }),
  readAgainWithin: ({ oidc }) => oidc.keysRefresh,
  signedLives: ({ skew }) => SIGNED_SECONDS + skew,
};

/** By name: a protocol that signs adds its line here. */
export const SIGNING_SETS = { saml: SAML_SET, oidc: OIDC_SET } as const satisfies Readonly<Record<string, SigningSet>>;

export type SigningSetName = keyof typeof SIGNING_SETS;

/** Before this many seconds are left, an ending certificate is reported. */
const EXPIRY_WARNING_SECONDS = 14 * 86_400;

/** What does not keep a node from signing, and yet wants somebody's attention. */
export function signingKeyWarnings(place: KeySetPlace, { keys }: SigningKeySet, now: EpochSeconds): readonly Problem[] {
  return keys.flatMap((key) => {
    const path = `${place.folder}: key ${key.kid} (${key.state})`;
    const fault = key.state === 'next' ? signingFault(place, key) : null;
    const problems: Problem[] = fault === null ? [] : [{ ...fault, path: `${path}: ${fault.path}` }];
    const ends = key.certificate?.notAfter ?? Number.POSITIVE_INFINITY;
    if (key.state !== 'retiring' && ends - now < EXPIRY_WARNING_SECONDS) {
      const found = `a certificate that ends ${new Date(ends * 1000).toISOString()}`;
      problems.push({ path, found, wanted: 'more than 14 days: signet signing-keys publish-next' });
    }
    return problems;
  });
}

/** On the management listener. */
export const SIGNING_KEYS_PATH = '/signing-keys';

/** What may be shown of a set, named field by field: nothing that is added to a key later can slip into an output. */
export function describeSet(source: Pick<SigningKeySource, 'current' | 'problems'>) {
  const { serial, digest, keys } = source.current();
  return {
    serial,
    digest,
    keys: keys.map(({ kid, algorithm, state, signer, certificate }) => ({
      kid,
      algorithm,
      state,
      canSign: signer !== null,
      certificateEnds: certificate === null ? null : new Date(certificate.notAfter * 1000).toISOString(),
    })),
    problems: source.problems(),
  };
}

/** What a node answers at {@link SIGNING_KEYS_PATH}; nothing secret, and nothing that has to be proved. */
export function signingKeysDocument(sources: Readonly<Record<SigningSetName, SigningKeySource>>) {
  const sets = Object.entries(sources).map(([name, source]) => [name, describeSet(source)]);
  return { contentType: 'application/json', text: `${JSON.stringify(Object.fromEntries(sets))}\n` };
}
