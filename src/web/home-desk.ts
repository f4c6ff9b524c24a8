// Owns: the page at `/`: who is signed in, and the applications that may be opened from here.
import { isUnavailable } from '../core/account.ts';
import type { Reply } from '../core/reply.ts';
import type { Desk } from './desk.ts';
import { linksOf } from './page-links.ts';
import type { Tile } from './pages.ts';
import { isOwnPost, type RequestFacts } from './request-facts.ts';
import { languageOf, wordsIn } from './words.ts';

export interface HomeDeskOptions {
  readonly desk: Desk;
  /** The applications that allow being opened without having asked. */
  readonly tiles: () => readonly Tile[];
  readonly publicOrigin: string;
  /** Where the forms go. */
  readonly action: string;
}

export interface HomeDesk {
  readonly show: (facts: RequestFacts) => Promise<Reply>;
  /** null when a POST with `sp=` really comes from this page of a signed-in person; else what to answer. */
  readonly refusePortalPost: (facts: RequestFacts) => Promise<Reply | null>;
}

export function createHomeDesk({ desk, tiles, publicOrigin, action }: HomeDeskOptions): HomeDesk {
  return {
    async show(facts) {
      const open = await desk.sessions.open(facts);
      if (isUnavailable(open)) return desk.page('unavailable', 503, facts);
      const language = languageOf(facts);
      const words = wordsIn(language);
      if (open === null) {
        const links = linksOf('notSignedIn', words);
        return desk.pages.message(language, 200, { ...words.pages.notSignedIn, reference: null, links });
      }
      const found = await desk.directory.findById(open.session.accountId);
      return desk.pages.home(language, {
        loginName: found === null || isUnavailable(found) ? words.common.yourself : found.loginName,
        action,
        formToken: desk.forms.make(open.session.sid, 'portal'),
        tiles: tiles(),
      });
    },
    async refusePortalPost(facts) {
      const open = await desk.sessions.open(facts);
      if (isUnavailable(open)) return desk.page('unavailable', 503, facts);
      const own = isOwnPost(facts, publicOrigin);
      if (own && open !== null && desk.forms.matches(open.session.sid, 'portal', facts.form.get('form_token')))
        return null;
      return desk.page(own && open === null ? 'notSignedIn' : 'foreign', 403, facts);
    },
  };
}
