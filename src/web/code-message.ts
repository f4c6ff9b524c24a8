// Owns: what a message with a one-time code says. Short, because a text message has 160 characters, and without a link:
// who learns to follow links in such messages follows the next one too.
import type { Message } from '../core/message.ts';

interface Words {
  readonly subject: (service: string) => string;
  readonly text: (service: string, code: string, minutes: number) => string;
}

const WORDS: ReadonlyMap<string, Words> = new Map([
  [
    'en',
    {
      subject: (service) => `Your code for ${service}`,
      text: (service, code, minutes) =>
        `${code} is your code for ${service}. It is good for ${minutes} minutes. Never tell it to anybody. If you did not ask for it, somebody else tried to use your account or this address.`,
    },
  ],
  [
    'de',
    {
      subject: (service) => `Ihr Code für ${service}`,
      text: (service, code, minutes) =>
        `${code} ist Ihr Code für ${service}, ${minutes} Minuten gültig. Sagen Sie ihn niemandem. Nicht angefordert? Dann versucht jemand, Ihr Konto oder diese Adresse zu benutzen.`,
    },
  ],
]);

const ENGLISH = 'en';

/** In the language of a BCP 47 tag, by its first part; in English where there is none. */
export function codeMessage(service: string, language: string, code: string, minutes: number): Message {
  const words = WORDS.get(language.toLowerCase().split('-')[0] ?? '') ?? WORDS.get(ENGLISH);
  if (words === undefined) throw new Error('English is always there');
  return { subject: words.subject(service), text: words.text(service, code, minutes) };
}
