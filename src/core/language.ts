// Owns: which languages there are words in, and which of them somebody wants. Leaves to web/words: the words.

/** BCP 47 tags, the one for everybody else first. */
export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

/** Languages by the number that stands in sealed values: append only. */
export const LANGUAGE_NUMBERS = { en: 1, de: 2 } as const satisfies Record<Language, number>;

/** Longer headers are no browser's. */
const HEADER_MAX = 256;
/** Longer lists of languages are nobody's wish. */
const TAGS_MAX = 128;
/** The shape of a language tag (RFC 5646 §2.1). */
const TAG = /^[a-z]{2,8}(?:-[a-z\d]{1,8})*$/i;

/**
 * The language that Accept-Language likes best of those there are; else `otherwise`.
 * @see RFC 9110 §12.5.4, RFC 4647 §3.4
 */
export function preferredLanguage(header: string | undefined, otherwise: Language): Language {
  if (header === undefined || header.length > HEADER_MAX) return otherwise;
  const wanted = header.split(',').flatMap((range) => {
    const [, tag, quality = '1'] =
      /^\s*([a-z]{1,8}(?:-[a-z\d]{1,8})*|\*)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?$/i.exec(range) ?? [];
    const language = tag === '*' ? otherwise : languageOfTag(tag ?? '');
    return language === null || Number(quality) === 0 ? [] : [{ language, quality: Number(quality) }];
  });
  return wanted.sort((a, b) => b.quality - a.quality)[0]?.language ?? otherwise;
}

/**
 * The first of the tags, the most wanted first, that is one of ours; null where none is. What is no tag is passed over:
 * a wish for a language is no reason to refuse anybody.
 * @see OpenID Connect Core §3.1.2.1 (ui_locales)
 */
export function languageOfTags(spaceSeparated: string | null): Language | null {
  if (spaceSeparated === null || spaceSeparated.length > TAGS_MAX) return null;
  const tags = spaceSeparated.split(' ').filter((tag) => TAG.test(tag));
  return tags.map(languageOfTag).find((language) => language !== null) ?? null;
}

/** By the tag's first part: `de-AT` is `de`. */
export function languageOfTag(tag: string): Language | null {
  const first = tag.toLowerCase().split('-')[0];
  return LANGUAGES.find((language) => language === first) ?? null;
}
