// Owns: where somebody may go on from a page that says one thing, so that none of them is a dead end.
import type { MessagePage } from './pages.ts';
import type { PageName, Words } from './words.ts';

/** Signs in without an application having asked, and leads back to `/`. */
export const SIGN_IN_PATH = '/sign-in';

type Links = NonNullable<MessagePage['links']>;

export function signInLink({ common }: Words): Links {
  return [{ href: SIGN_IN_PATH, label: common.signIn }];
}

/** The page of applications. */
export function homeLink({ home }: Words): Links {
  return [{ href: '/', label: home.applications }];
}

const LINKS: Readonly<Partial<Record<PageName, (words: Words) => Links>>> = {
  // Whoever is signed in is told `finished` instead.
  stale: signInLink,
  finished: homeLink,
  foreign: homeLink,
  replayed: homeLink,
  missing: homeLink,
  signedOut: signInLink,
  notSignedIn: signInLink,
};

/** Those of a page by its name. */
export function linksOf(name: PageName, words: Words): Links {
  return LINKS[name]?.(words) ?? [];
}
