// Owns: the account's own pages as somebody who asks for sign-ins: a proof that is fresh and strong enough comes out of the
// same login flow as any other, and the answer is a page of ours. Leaves to account-guard.ts: what is asked for.
import type { AccountId } from '../core/account.ts';
import type { AssuranceLevel } from '../core/assurance.ts';
import type { AuthenticationRequest, PendingAnswer } from '../core/authentication-request.ts';
import type { RefusalReason } from '../core/authentication-result.ts';
import { NEVER_ASKED } from '../core/consent.ts';
import type { ProtocolAdapter, Refused } from '../core/protocol-adapter.ts';
import type { RelyingParty } from '../core/relying-party.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { cborMap, encodeCbor } from '../sealer/cbor.ts';
import { readCborMap } from '../sealer/cbor-fields.ts';

/** The account's pages, as far as the login flow knows them. They take whoever can sign in. */
export const ACCOUNT_PARTY: RelyingParty = {
  key: 'account:pages',
  // Shown in each language's own words.
  displayName: '',
  language: null,
  floor: { level: 'aal1', byGroup: new Map(), graceUntil: null },
  release: [],
  consent: NEVER_ASKED,
};

interface PendingPage {
  /** Where the person goes on: a path of ours. */
  readonly path: string;
  /** Who has to prove it; null: whoever signs in. */
  readonly accountId: AccountId | null;
}

/** Our own pages, and nothing that a browser could take for another site. */
const PATH = /^\/(?:account(?:\/[\w-]{1,64}){0,2})?$/;
const PATH_MAX = 160;
const ACCOUNT_ID_MAX = 48;

/** What is wanted of whoever opens a page. */
export interface PageRequest extends PendingPage {
  /** null: any proof will do, however old. */
  readonly proof: { readonly level: AssuranceLevel; readonly maxAge: number } | null;
  readonly now: EpochSeconds;
}

export function pageRequest({ path, accountId, proof, now }: PageRequest): AuthenticationRequest {
  const data = encodeCbor(
    cborMap([
      [1, path],
      [2, accountId ?? undefined],
    ]),
  );
  const answerTo: PendingAnswer = { protocol: 'account', data };
  if (decodePendingPage(answerTo) === null) throw new RangeError('no page of ours');
  return {
    relyingParty: ACCOUNT_PARTY.key,
    assurance: { accepted: proof === null ? [] : [proof.level], binding: 'required' },
    forceAuthn: false,
    maxAge: proof?.maxAge ?? null,
    passive: false,
    askConsent: false,
    subject: { kind: accountId === null ? 'none' : 'required' },
    language: null,
    receivedAt: now,
    answerTo,
  };
}

/** The page in a pending answer; null for anything else. */
export function decodePendingPage({ data }: PendingAnswer): PendingPage | null {
  const page = readCborMap(data, (fields) => ({
    path: fields.text(1, { min: 1, max: PATH_MAX }),
    accountId: fields.optional(2, (_, key) => fields.text(key, { min: 1, max: ACCOUNT_ID_MAX })),
  }));
  return page !== null && PATH.test(page.path) ? page : null;
}

const REFUSALS = {
  'interaction-needed': { page: 'unavailable', status: 503 },
  'assurance-unmet': { page: 'assurance-unmet', status: 403 },
  'wrong-subject': { page: 'wrong-subject', status: 403 },
  'account-disabled': { page: 'account-disabled', status: 403 },
  declined: { page: 'declined', status: 403 },
  unavailable: { page: 'unavailable', status: 503 },
} as const satisfies Record<RefusalReason, Pick<Refused, 'page' | 'status'>>;

export function createAccountAdapter(): ProtocolAdapter & { readonly protocol: 'account' } {
  return {
    protocol: 'account',
    answer: async (result, answerTo) => {
      const pending = decodePendingPage(answerTo);
      if (pending === null) return refused('page-unreadable', 'stale-request', 400);
      if (result.kind === 'refused') {
        // Whoever gives up a proof is still signed in: back to where they came from.
        if (result.reason !== 'declined' || pending.accountId === null) {
          const { page, status } = REFUSALS[result.reason];
          return refused(result.reason, page, status);
        }
        return to('/account');
      }
      return to(pending.path);
    },
    isRequiredSubject: (account, answerTo) => decodePendingPage(answerTo)?.accountId === account.id,
    canState: () => true,
    isUnassured: () => false,
    // Nobody else is told anything.
    disclosure: () => ({ items: [], returnsTo: '' }),
  };
}

function to(location: string) {
  const reply = { kind: 'redirect', status: 303, location } as const;
  return { kind: 'answer', reply, error: null, participant: null } as const;
}

function refused(code: string, page: Refused['page'], status: Refused['status']): Refused {
  return { kind: 'refused', status, page, error: { code, detail: code, relyingParty: ACCOUNT_PARTY.key } };
}
