// Owns: the page at `/`: who is signed in, and the applications that may be opened from here.
import { isUnavailable } from '../core/account.ts';
import type { Reply } from '../core/reply.ts';
import type { Desk } from './desk.ts';
import { isOwnPost, type RequestFacts } from './request-facts.ts';
import { pageWords } from './words.ts';

/** An application that allows being opened without having asked. */
export interface PortalParty {
  readonly id: string;
  readonly displayName: string;
}

export interface HomeDeskOptions {
  readonly desk: Desk;
  readonly portalParties: () => readonly PortalParty[];
  readonly publicOrigin: string;
  /** Where the forms go. */
  readonly action: string;
}

export interface HomeDesk {
  readonly show: (facts: RequestFacts) => Promise<Reply>;
  /** null when a POST with `sp=` really comes from this page of a signed-in person; else what to answer. */
  readonly refusePortalPost: (facts: RequestFacts) => Reply | null;
}

export function createHomeDesk({ desk, portalParties, publicOrigin, action }: HomeDeskOptions): HomeDesk {
  return {
    async show(facts) {
      const open = desk.sessions.open(facts);
      if (open === null) return desk.pages.message(200, { ...pageWords.notSignedIn, reference: null });
      const found = await desk.directory.findById(open.session.accountId);
      return desk.pages.home({
        loginName: found === null || isUnavailable(found) ? 'yourself' : found.loginName,
        action,
        formToken: desk.forms.make(open.session.sid, 'portal'),
        parties: portalParties(),
      });
    },
    refusePortalPost(facts) {
      const open = desk.sessions.open(facts);
      const own = isOwnPost(facts, publicOrigin);
      if (own && open !== null && desk.forms.matches(open.session.sid, 'portal', facts.form.get('form_token')))
        return null;
      return desk.page(own && open === null ? 'notSignedIn' : 'foreign', 403, facts);
    },
  };
}
