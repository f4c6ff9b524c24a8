// Owns: telling the owner of an account by mail what was changed about it, at the addresses that were known before.
// Leaves to words/: what it says; to a MessageSender: the way there. Nobody waits for it, and nothing depends on it.
import type { Account } from '../core/account.ts';
import type { CredentialKind, CredentialSet } from '../core/credential.ts';
import type { Language } from '../core/language.ts';
import { type MessageSender, readMailAddress } from '../core/message.ts';
import { announcement } from './code-message.ts';
import { type Announcement, wordsIn } from './words.ts';

export interface Announcer {
  /** `before`: what was enrolled until now; `kind`: what it is about, null for a password. */
  readonly tell: (
    account: Account,
    before: CredentialSet | null,
    what: Announcement,
    kind: CredentialKind | null,
    language: Language,
  ) => void;
}

/** Enough for everybody's own; a directory with a hundred addresses for somebody is no reason to write a hundred mails. */
const ADDRESSES_MAX = 3;

export function createAnnouncer(options: {
  /** Null: nobody is told. */
  readonly mail: MessageSender | null;
  readonly serviceName: string;
  /** The attribute that holds a person's addresses. */
  readonly attribute: string;
  /** For the log: `code` tells nothing about the person (core/message.ts). */
  readonly onSendFailed: (code: string) => void;
}): Announcer {
  const { mail, serviceName, attribute, onSendFailed } = options;
  return {
    tell: (account, before, what, kind, language) => {
      if (mail === null) return;
      const enrolled = (before?.credentials ?? []).flatMap(({ data }) =>
        data.kind === 'email' ? data.destination : [],
      );
      const known = [...(account.attributes.get(attribute) ?? []), ...enrolled].flatMap(
        (one) => readMailAddress(one) ?? [],
      );
      const name = kind === null ? '' : wordsIn(language).kinds[kind].name;
      const message = announcement(serviceName, language, what, name);
      for (const address of [...new Set(known)].slice(0, ADDRESSES_MAX)) {
        void mail.send(address, message).then((sent) => sent.kind === 'failed' && onSendFailed(sent.code));
      }
    },
  };
}
