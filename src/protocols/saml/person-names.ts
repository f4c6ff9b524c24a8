// Owns: what a person is called to a party: NameID and attributes. Leaves to saml/: how that is written.
import type { Account } from '../../core/account.ts';
import { attributeValues, releasedValues, ruleSource } from '../../core/attribute-release.ts';
import { type DisclosedItem, OWN_ITEMS } from '../../core/consent.ts';
import type { ParticipantNameId, Session } from '../../core/session.ts';
import { pairwiseSubjectId, type SubjectIdentifierKind, subjectId } from '../../core/subject-identifier.ts';
import type { EpochSeconds } from '../../lib/clock.ts';
import { attributeElement } from '../../saml/assertion.ts';
import type { NameId } from '../../saml/name-id.ts';
import { sealTransient } from '../../sealed/transient-body.ts';
import { isSealRefusal, type Sealer } from '../../sealer/seal.ts';
import type { StableSecret } from '../../sealer/stable-secret.ts';
import type { XmlElement } from '../../xml/build.ts';
import { isXmlText } from '../../xml/characters.ts';
import type { PlannedAttribute, PreparedParty } from './prepared-party.ts';

export interface NamedPerson {
  readonly nameId: NameId;
  /** When the party first received this name in the session. */
  readonly since: EpochSeconds;
  readonly participant: ParticipantNameId;
}

export interface PersonNames {
  /** Null when the account has no value for this kind of NameID, or nothing can be sealed. */
  readonly nameFor: (
    party: PreparedParty,
    kind: SubjectIdentifierKind,
    account: Account,
    session: Session,
    now: EpochSeconds,
  ) => NamedPerson | null;
  /** Identifiers by which a party may mean this account; a transient one is known by the account id that was in it. */
  readonly identifiersFor: (party: PreparedParty, kind: SubjectIdentifierKind, account: Account) => readonly string[];
  /** saml:Attribute elements that the party is given. */
  readonly attributesFor: (party: PreparedParty, index: number | null, account: Account) => readonly XmlElement[];
  /** NameID and attributes, as the person is asked to agree to them. */
  readonly disclosedTo: (
    party: PreparedParty,
    kind: SubjectIdentifierKind,
    index: number | null,
    account: Account,
  ) => readonly DisclosedItem[];
}

export interface PersonNamesDeps {
  readonly sealer: Sealer;
  readonly stableSecret: StableSecret;
  readonly kidByPrefix: (prefix: Uint8Array) => string | null;
  readonly scope: string;
}

export function createPersonNames(deps: PersonNamesDeps): PersonNames {
  const { stableSecret, sealer } = deps;
  const pairwise = (party: PreparedParty, account: Account): string =>
    stableSecret.pairwiseId(party.party.relyingParty.key, account.id);

  const transient = (
    party: PreparedParty,
    account: Account,
    session: Session,
    now: EpochSeconds,
  ): NamedPerson | null => {
    const { entityId } = party;
    const body = { sid: session.sid, accountId: account.id, entityId };
    const before = session.participants.find(({ relyingParty }) => relyingParty === party.party.hash);
    if (before?.nameId.kind === 'transient') {
      // The party knows the person by this name already: the same one again, for as long as its key can make it.
      const kid = deps.kidByPrefix(before.nameId.kidPrefix);
      const again = kid === null ? null : sealTransient(sealer, { ...body, iat: before.at, kid });
      if (again !== null && !isSealRefusal(again)) {
        return { nameId: { kind: 'transient', value: again.token }, since: before.at, participant: before.nameId };
      }
    }
    // The session keeps times as seconds after `created`: a node whose clock is behind must not name an earlier one.
    const since = Math.max(now, session.created);
    const sealed = sealTransient(sealer, { ...body, iat: since });
    if (isSealRefusal(sealed)) return null;
    const participant = { kind: 'transient', kidPrefix: Buffer.from(sealed.kid.slice(0, 4), 'hex') } as const;
    return { nameId: { kind: 'transient', value: sealed.token }, since, participant };
  };

  const identifiersFor: PersonNames['identifiersFor'] = (party, kind, account) => {
    switch (kind) {
      case 'transient':
        return [account.id];
      case 'persistent':
        return [pairwise(party, account)];
      case 'emailAddress':
      case 'unspecified':
        return attributeValues(account, party.nameIdAttribute);
      default:
        return kind satisfies never;
    }
  };

  return {
    identifiersFor,
    nameFor: (party, kind, account, session, now) => {
      if (kind === 'transient') return transient(party, account, session, now);
      const [value] = identifiersFor(party, kind, account);
      // The next value would be another name: one that XML cannot hold is none.
      if (value === undefined || value === '' || !isXmlText(value)) return null;
      return { nameId: { kind, value }, since: now, participant: { kind: 'derived' } };
    },
    attributesFor: (party, index, account) => {
      const elements: XmlElement[] = [];
      for (const planned of planOf(party, index)) {
        const values = valuesOf(planned, party, account);
        if (values.length > 0) elements.push(attributeElement(planned.name, values));
      }
      return elements;
    },
    disclosedTo: (party, kind, index, account) => [
      nameItem(party, kind, account),
      ...planOf(party, index).map((planned): DisclosedItem => {
        const { rule } = planned;
        const values = rule.from === 'pairwise-id' ? null : valuesOf(planned, party, account);
        return { name: rule.name, source: ruleSource(rule), values };
      }),
    ],
  };

  function nameItem(party: PreparedParty, kind: SubjectIdentifierKind, account: Account): DisclosedItem {
    const source = 'NameID';
    if (kind === 'transient') return { name: OWN_ITEMS.visitName, source, values: null };
    if (kind === 'persistent') return { name: OWN_ITEMS.pseudonym, source, values: null };
    return { name: party.nameIdAttribute, source, values: identifiersFor(party, kind, account).slice(0, 1) };
  }

  function planOf(party: PreparedParty, index: number | null): readonly PlannedAttribute[] {
    return party.attributes.get(index) ?? party.attributes.get(null) ?? [];
  }

  function valuesOf({ rule }: PlannedAttribute, party: PreparedParty, account: Account): readonly string[] {
    if (rule.from === 'subject-id') return [subjectId(account.id, deps.scope)];
    if (rule.from === 'pairwise-id') return [pairwiseSubjectId(pairwise(party, account), deps.scope)];
    return releasedValues(rule, account).filter(isXmlText);
  }
}
