// Owns: one registered SAML party, its metadata and settings put together. Leaves to party-registry.ts: finding it.
import { defaultRelease, type ReleasePolicy, type RequestedAttribute } from '../core/attribute-release.ts';
import { relyingPartyHash } from '../core/relying-party.ts';
import type { SubjectIdentifierKind } from '../core/subject-identifier.ts';
import type { Problem } from '../lib/problems.ts';
import { attributeFriendlyName } from '../saml/attribute-names.ts';
import { nameIdKind } from '../saml/name-id.ts';
import type { RequestedMetadataAttribute, SpMetadata } from '../saml/sp-metadata.ts';
import { consentOf } from './consent-setting.ts';
import type { PartySettings } from './party-settings.ts';
import type { RegisteredParty } from './registered-party.ts';
import { floorOf, releaseOf } from './release-setting.ts';

export interface Party extends RegisteredParty {
  readonly metadata: SpMetadata;
  readonly settings: PartySettings;
}

/** Puts a party together; problems when it cannot be served, or settings and metadata contradict each other. */
export function createParty(metadata: SpMetadata, settings: PartySettings, source: string): Party | readonly Problem[] {
  const problems = contradictions(metadata, settings, source);
  if (problems.length > 0) return problems;
  const key = `saml:${metadata.entityId}` as const;
  return {
    relyingParty: {
      key,
      displayName: settings.displayName ?? metadata.displayName ?? metadata.entityId,
      language: settings.language ?? null,
      floor: floorOf(settings.assurance),
      release: releasePolicy(metadata, settings, null),
      consent: consentOf(settings),
    },
    hash: relyingPartyHash(key),
    metadata,
    settings,
    source,
  };
}

/**
 * What the party is told: its settings' list when there is one, else what it requests of the safe set.
 * `index` chooses an AttributeConsumingService; null, or one that the metadata does not have: the default one.
 */
export function releasePolicy(metadata: SpMetadata, settings: PartySettings, index: number | null): ReleasePolicy {
  if (settings.attributes !== undefined) {
    return releaseOf(settings.attributes);
  }
  const services = metadata.attributeConsumingServices;
  const service = services.find((one) => one.index === index) ?? services[0];
  return defaultRelease((service?.requested ?? []).map(neutral));
}

function neutral({ name, values }: RequestedMetadataAttribute): RequestedAttribute {
  return { name: attributeFriendlyName(name) ?? name, values };
}

/**
 * The kind of NameID when a request leaves it open: the settings', else the first listed format that says something
 * and that Signet makes, else transient. `unspecified` says nothing.
 */
export function defaultNameIdKind(metadata: SpMetadata, settings: PartySettings): SubjectIdentifierKind {
  if (settings.nameId !== undefined) return settings.nameId.format;
  for (const format of metadata.nameIdFormats) {
    const kind = nameIdKind(format);
    if (kind !== null && kind !== 'unspecified') return kind;
  }
  return 'transient';
}

/** A sealed login names its party in at most 256 bytes, `saml:` included (docs/sealed-values.md, login-flow). */
const ENTITY_ID_MAX_BYTES = 251;

function contradictions(metadata: SpMetadata, settings: PartySettings, source: string): readonly Problem[] {
  const problems: Problem[] = [];
  const at = `${source}: ${metadata.entityId}`;
  const bytes = Buffer.byteLength(metadata.entityId, 'utf8');
  if (bytes > ENTITY_ID_MAX_BYTES) {
    problems.push({ path: at, found: `an entityID of ${bytes} bytes`, wanted: `at most ${ENTITY_ID_MAX_BYTES}` });
  }
  if (settings.requireSignedRequests && metadata.signingKeys.length === 0) {
    problems.push({
      path: `${at}: requireSignedRequests`,
      found: 'no signing key in the metadata',
      wanted: 'metadata with a KeyDescriptor for signing, or no requirement',
    });
  }
  if (settings.encryption.use === 'required' && metadata.encryptionKeys.length === 0) {
    problems.push({
      path: `${at}: encryption.use`,
      found: 'no RSA encryption key in the metadata',
      wanted: "metadata with one, or 'when-possible'",
    });
  }
  return problems;
}
