// Owns: what core knows of somebody who asks for sign-ins. Leaves to parties/: files, metadata, anything of one protocol.
import { createHash } from 'node:crypto';
import type { EpochSeconds } from '../lib/clock.ts';
import type { AssuranceLevel } from './assurance.ts';
import { ASSURANCE_LEVELS } from './assurance.ts';
import type { ReleasePolicy } from './attribute-release.ts';
import type { RelyingPartyKey } from './authentication-request.ts';
import type { ConsentPolicy } from './consent.ts';
import type { Language } from './language.ts';

/** The least that a party accepts, whatever a request asks for. */
export interface AssuranceFloor {
  readonly level: AssuranceLevel;
  /** Higher floors for members of these groups; the highest that applies counts. */
  readonly byGroup: ReadonlyMap<string, AssuranceLevel>;
  /**
   * Until then somebody who has no second factor at all is let in with what the request itself asks for, and reminded to
   * enrol one; null: the floor holds for everybody.
   */
  readonly graceUntil: EpochSeconds | null;
}

/** A registered relying party, whatever it speaks. */
export interface RelyingParty {
  readonly key: RelyingPartyKey;
  /** Shown to people on the login page. */
  readonly displayName: string;
  /** What its people read where their browser wants none of ours; null: English. */
  readonly language: Language | null;
  readonly floor: AssuranceFloor;
  readonly release: ReleasePolicy;
  readonly consent: ConsentPolicy;
}

/** The floor for a person in these groups. */
export function floorFor(floor: Pick<AssuranceFloor, 'level' | 'byGroup'>, groups: readonly string[]): AssuranceLevel {
  let highest = floor.level;
  if (floor.byGroup.size === 0) return highest;
  for (const group of groups) {
    const level = floor.byGroup.get(group);
    if (level !== undefined && ASSURANCE_LEVELS.indexOf(level) > ASSURANCE_LEVELS.indexOf(highest)) highest = level;
  }
  return highest;
}

/**
 * How sealed values name a party: the first 6 bytes of SHA-256(RP key), as 12 hex digits.
 * @see docs/sealed-values.md, sso-session key 5
 */
export function relyingPartyHash(key: RelyingPartyKey): string {
  return createHash('sha256').update(key, 'utf8').digest('hex').slice(0, 12);
}
