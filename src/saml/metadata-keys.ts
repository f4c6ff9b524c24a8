// Owns: reading KeyDescriptor (saml-metadata §2.4.1.1): certificates, bare RSA keys, encryption methods.
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Element } from '@xmldom/xmldom';
import type { Problems } from '../lib/problems.ts';
import { isStrongKey, readCertificate } from '../xml/key.ts';
import { attribute } from '../xml/parse.ts';
import { childrenNamed, collapse, firstNamed } from './metadata-elements.ts';
import { NS } from './names.ts';
import type { EncryptionKey, EncryptionMethod, MetadataKey } from './sp-metadata.ts';

type Use = 'signing' | 'encryption';

/** Every key that may verify what the party signs; a descriptor without `use` is for both uses. */
export function readSigningKeys(role: Element, path: string, problems: Problems): readonly MetadataKey[] {
  return descriptors(role, 'signing').flatMap((descriptor) => readKeys(descriptor, `${path}: signing key`, problems));
}

/** Every RSA certificate that the party can decrypt with. */
export function readEncryptionKeys(role: Element, path: string, problems: Problems): readonly EncryptionKey[] {
  return descriptors(role, 'encryption').flatMap((descriptor) => {
    const methods = childrenNamed(descriptor, NS.metadata, 'EncryptionMethod').map(readMethod);
    return readKeys(descriptor, `${path}: encryption key`, problems).flatMap(({ key, certificate }) =>
      key.asymmetricKeyType === 'rsa' && certificate !== null ? [{ certificate, methods }] : [],
    );
  });
}

function descriptors(role: Element, use: Use): readonly Element[] {
  return childrenNamed(role, NS.metadata, 'KeyDescriptor').filter((descriptor) => {
    const stated = attribute(descriptor, 'use');
    return stated === null || stated === use;
  });
}

function readMethod(method: Element): EncryptionMethod {
  const digest = firstNamed(method, NS.signature, 'DigestMethod');
  return {
    algorithm: attribute(method, 'Algorithm') ?? '',
    digest: digest === undefined ? null : attribute(digest, 'Algorithm'),
  };
}

function readKeys(descriptor: Element, path: string, problems: Problems): readonly MetadataKey[] {
  const info = firstNamed(descriptor, NS.signature, 'KeyInfo');
  const certificates = (info === undefined ? [] : childrenNamed(info, NS.signature, 'X509Data')).flatMap((data) =>
    childrenNamed(data, NS.signature, 'X509Certificate'),
  );
  const keys: MetadataKey[] = [];
  for (const element of certificates) {
    const certificate = readCertificate(collapse(element));
    if (certificate === null)
      problems.add(path, 'an X509Certificate that cannot be read', 'one DER certificate in base64');
    else keys.push({ key: certificate.key, certificate });
  }
  if (certificates.length === 0) {
    const bare = info === undefined ? null : readRsaKeyValue(info);
    if (bare === null)
      problems.add(path, 'a KeyDescriptor without a readable key', 'an X509Certificate or an RSAKeyValue');
    else keys.push({ key: bare, certificate: null });
  }
  return keys.filter(({ key }) => {
    if (isStrongKey(key)) return true;
    const { modulusLength, namedCurve } = key.asymmetricKeyDetails ?? {};
    const size = modulusLength === undefined ? (namedCurve ?? '') : `${modulusLength} bits`;
    problems.add(
      path,
      `a key that is too weak (${key.asymmetricKeyType} ${size})`,
      'RSA of at least 2048 bits, or EC on a NIST curve',
    );
    return false;
  });
}

function readRsaKeyValue(info: Element): KeyObject | null {
  const value = firstNamed(info, NS.signature, 'KeyValue');
  const rsa = value === undefined ? undefined : firstNamed(value, NS.signature, 'RSAKeyValue');
  if (rsa === undefined) return null;
  const part = (name: string): string => {
    const element = firstNamed(rsa, NS.signature, name);
    const base64 = element === undefined ? '' : collapse(element).replaceAll(' ', '');
    return Buffer.from(base64, 'base64').toString('base64url');
  };
  try {
    return createPublicKey({ key: { kty: 'RSA', n: part('Modulus'), e: part('Exponent') }, format: 'jwk' });
  } catch {
    return null;
  }
}
