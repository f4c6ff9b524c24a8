// Owns: what is written to people by mail and text message. Without a link: who learns to follow links in such messages
// follows the next one too. Leaves to words/: the texts; the one with a code is short, a text message has 160 characters.
import { LANGUAGES, languageOfTag } from '../core/language.ts';
import type { Message } from '../core/message.ts';
import { type Announcement, type Words, wordsIn } from './words.ts';

/** In the language of a BCP 47 tag, by its first part; in English where there is none. */
export function codeMessage(service: string, language: string, code: string, minutes: number): Message {
  const { mail } = wordsOfTag(language);
  return { subject: mail.code.subject(service), text: mail.code.text(service, code, minutes) };
}

/** Tells the owner of an account what happened to it; `kind`: what was added or removed, in that language. */
export function announcement(service: string, language: string, what: Announcement, kind: string): Message {
  const { mail } = wordsOfTag(language);
  return { subject: mail.announcement.subject(service), text: mail.announcement.text(service, what, kind) };
}

function wordsOfTag(tag: string): Words {
  return wordsIn(languageOfTag(tag) ?? LANGUAGES[0]);
}
