// Owns: what every registered party is, whatever it speaks. Leaves to party.ts, client.ts and service.ts: the rest of each.
import type { RelyingParty } from '../core/relying-party.ts';

export interface RegisteredParty {
  readonly relyingParty: RelyingParty;
  /** `relyingPartyHash` of its key: how sealed values name it. */
  readonly hash: string;
  /** The file that it comes from. */
  readonly source: string;
}
