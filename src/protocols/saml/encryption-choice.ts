// Owns: whether and how assertions for a party are encrypted. Leaves to xml/encrypt.ts: doing it.
import type { Party } from '../../parties/party.ts';
import type { EncryptionKey } from '../../saml/sp-metadata.ts';
import { DIGEST_ALGORITHMS } from '../../xml/algorithms.ts';
import {
  CONTENT_ALGORITHMS,
  type ContentAlgorithm,
  createRecipient,
  KEY_TRANSPORTS,
  type KeyTransport,
  type Recipient,
} from '../../xml/encrypt.ts';

/** Null: assertions go out in the clear, because the party has no key or its settings say never. */
export function encryptionFor({ metadata, settings }: Party): Recipient | null {
  const [key] = metadata.encryptionKeys;
  if (key === undefined || settings.encryption.use === 'never') return null;
  return createRecipient({
    certificate: key.certificate,
    contentAlgorithm: settings.encryption.content ?? listedContent(key) ?? 'aes256-gcm',
    keyTransport: settings.encryption.keyTransport ?? listedTransport(key),
  });
}

const CONTENT_BY_URI: ReadonlyMap<string, ContentAlgorithm> = new Map(
  (Object.keys(CONTENT_ALGORITHMS) as ContentAlgorithm[]).map((name) => [CONTENT_ALGORITHMS[name], name]),
);

/** The first authenticated mode that is listed; CBC only when nothing better is. */
function listedContent({ methods }: EncryptionKey): ContentAlgorithm | undefined {
  const listed = methods.flatMap(({ algorithm }) => CONTENT_BY_URI.get(algorithm) ?? []);
  return listed.find((name) => name !== 'aes256-cbc') ?? listed[0];
}

/** With SHA-256 when the party lists it so; the form with SHA-1, which every toolkit reads, for all others. */
function listedTransport({ methods }: EncryptionKey): KeyTransport {
  const listed = methods.find(
    ({ algorithm, digest }) =>
      digest === DIGEST_ALGORITHMS.sha256 && SHA256_TRANSPORTS.some((name) => KEY_TRANSPORTS[name].uri === algorithm),
  );
  return SHA256_TRANSPORTS.find((name) => KEY_TRANSPORTS[name].uri === listed?.algorithm) ?? 'rsa-oaep-mgf1p';
}

const SHA256_TRANSPORTS = ['rsa-oaep-sha256', 'rsa-oaep-mgf1p-sha256'] as const satisfies readonly KeyTransport[];
