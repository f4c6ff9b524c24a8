// Owns: what Signet keeps of a service provider's metadata. Leaves to metadata-read.ts: how it is spelled.
import type { KeyObject } from 'node:crypto';
import type { EpochSeconds } from '../lib/clock.ts';
import type { Certificate } from '../xml/key.ts';

export interface AssertionConsumerService {
  /** Exactly as the metadata spells it: compared and used as text, never normalized. */
  readonly url: string;
  readonly binding: string;
  readonly index: number;
}

/** A key out of a KeyDescriptor. Certificates are containers: the metadata is what is trusted, so expiry is not looked at. */
export interface MetadataKey {
  readonly key: KeyObject;
  /** What it came in; null for a bare key. */
  readonly certificate: Certificate | null;
}

/** An algorithm that a party's encryption key is meant to be used with. */
export interface EncryptionMethod {
  readonly algorithm: string;
  /** ds:DigestMethod of RSA-OAEP. */
  readonly digest: string | null;
}

export interface EncryptionKey {
  readonly certificate: Certificate;
  readonly methods: readonly EncryptionMethod[];
}

export interface RequestedMetadataAttribute {
  /** The wire name. */
  readonly name: string;
  readonly values: readonly string[];
}

export interface AttributeConsumingService {
  readonly index: number;
  readonly requested: readonly RequestedMetadataAttribute[];
}

/** One entity in the role of a service provider. */
export interface SpMetadata {
  readonly entityId: string;
  readonly displayName: string | null;
  /** At least one has the POST binding. */
  readonly assertionConsumerServices: readonly AssertionConsumerService[];
  /** The POST endpoint that is meant when a request names none. */
  readonly defaultAssertionConsumerService: AssertionConsumerService;
  readonly signingKeys: readonly MetadataKey[];
  readonly encryptionKeys: readonly EncryptionKey[];
  readonly authnRequestsSigned: boolean;
  readonly wantAssertionsSigned: boolean;
  readonly nameIdFormats: readonly string[];
  /** The default one first. */
  readonly attributeConsumingServices: readonly AttributeConsumingService[];
  readonly digestMethods: readonly string[];
  readonly signingMethods: readonly string[];
  /** From then on the party is unknown. */
  readonly validUntil: EpochSeconds | null;
  /** Seconds; for whoever fetches the file. */
  readonly cacheDuration: number | null;
}
