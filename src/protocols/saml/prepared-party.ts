// Owns: everything about a party that does not change between two logins, worked out once.
import type { KeyObject } from 'node:crypto';
import type { ReleaseRule } from '../../core/attribute-release.ts';
import type { SubjectIdentifierKind } from '../../core/subject-identifier.ts';
import { defaultNameIdKind, type Party, releasePolicy } from '../../parties/party.ts';
import { type AttributeName, attributeName, audienceElement } from '../../saml/assertion.ts';
import { nameIdKind } from '../../saml/name-id.ts';
import { BINDING } from '../../saml/names.ts';
import type { AssertionConsumerService } from '../../saml/sp-metadata.ts';
import type { DigestAlgorithm } from '../../xml/algorithms.ts';
import { type Fragment, prepare } from '../../xml/build.ts';
import type { Recipient } from '../../xml/encrypt.ts';
import type { XmlSigner } from '../../xml/sign.ts';
import { encryptionFor } from './encryption-choice.ts';
import { acsHash } from './pending-answer.ts';
import { digestFor, type Signers, signerFor } from './signers.ts';

/** One attribute that may be released, with its wire name. */
export interface PlannedAttribute {
  readonly rule: ReleaseRule;
  readonly name: AttributeName;
}

export interface PreparedParty {
  readonly party: Party;
  readonly entityId: string;
  readonly verificationKeys: readonly KeyObject[];
  readonly requiresSignedRequests: boolean;
  /** Endpoints with the POST binding, by their address as text. */
  readonly acsByUrl: ReadonlyMap<string, AssertionConsumerService>;
  readonly acsByIndex: ReadonlyMap<number, AssertionConsumerService>;
  /** By {@link acsHash}. */
  readonly acsByHash: ReadonlyMap<string, AssertionConsumerService>;
  readonly defaultAcs: AssertionConsumerService;
  readonly defaultNameId: SubjectIdentifierKind;
  /** Kinds that a request may ask for. */
  readonly nameIdKinds: ReadonlySet<SubjectIdentifierKind>;
  readonly nameIdAttribute: string;
  readonly audience: Fragment;
  readonly signer: XmlSigner;
  readonly digest: DigestAlgorithm;
  readonly signAssertions: boolean;
  readonly encryption: Recipient | null;
  /** By AttributeConsumingService index; null: the default. */
  readonly attributes: ReadonlyMap<number | null, readonly PlannedAttribute[]>;
}

export interface PreparedParties {
  readonly of: (party: Party) => PreparedParty;
}

/**
 * Prepares a party when it is first asked for; a reloaded party is another object, and prepared anew. So is every party
 * when the signing keys change. Whoever holds a prepared party finishes its answer with one key.
 */
export function createPreparedParties(signersNow: () => Signers, wantAuthnRequestsSigned: boolean): PreparedParties {
  let signers = signersNow();
  let prepared = new WeakMap<Party, PreparedParty>();
  return {
    of: (party) => {
      const now = signersNow();
      if (now !== signers) {
        signers = now;
        prepared = new WeakMap();
      }
      const before = prepared.get(party);
      if (before !== undefined) return before;
      const made = prepareParty(party, signers, wantAuthnRequestsSigned);
      prepared.set(party, made);
      return made;
    },
  };
}

function prepareParty(party: Party, signers: Signers, wantAuthnRequestsSigned: boolean): PreparedParty {
  const { metadata, settings } = party;
  const { entityId } = metadata;
  const usable = metadata.assertionConsumerServices.filter(({ binding }) => binding === BINDING.post);
  return {
    party,
    entityId,
    verificationKeys: metadata.signingKeys.map(({ key }) => key),
    requiresSignedRequests: metadata.authnRequestsSigned || settings.requireSignedRequests || wantAuthnRequestsSigned,
    acsByUrl: new Map(usable.map((acs) => [acs.url, acs])),
    acsByIndex: new Map(usable.map((acs) => [acs.index, acs])),
    acsByHash: new Map(usable.map((acs) => [acsHash(acs.url), acs])),
    defaultAcs: metadata.defaultAssertionConsumerService,
    defaultNameId: defaultNameIdKind(metadata, settings),
    nameIdKinds: nameIdKinds(party),
    nameIdAttribute: settings.nameId?.attribute ?? 'mail',
    audience: prepare(audienceElement(entityId)),
    signer: signerFor(party, signers),
    digest: digestFor(party),
    signAssertions: settings.signAssertions ?? metadata.wantAssertionsSigned,
    encryption: encryptionFor(party),
    attributes: attributePlans(party),
  };
}

/**
 * Transient and persistent say nothing about the person, so every party may ask for them. An e-mail address, or an
 * attribute under `unspecified`, goes only to a party that is registered for it: by its metadata or its settings.
 */
function nameIdKinds({ metadata, settings }: Party): ReadonlySet<SubjectIdentifierKind> {
  const kinds = new Set<SubjectIdentifierKind>(['transient', 'persistent']);
  if (metadata.nameIdFormats.some((format) => nameIdKind(format) === 'emailAddress')) kinds.add('emailAddress');
  if (settings.nameId !== undefined) kinds.add(settings.nameId.format);
  return kinds;
}

function attributePlans({ metadata, settings }: Party): ReadonlyMap<number | null, readonly PlannedAttribute[]> {
  const plan = (index: number | null): readonly PlannedAttribute[] =>
    releasePolicy(metadata, settings, index).map((rule) => ({
      rule,
      name: attributeName(rule.name, settings.attributeTypes),
    }));
  const plans = new Map<number | null, readonly PlannedAttribute[]>([[null, plan(null)]]);
  for (const { index } of metadata.attributeConsumingServices) plans.set(index, plan(index));
  return plans;
}
