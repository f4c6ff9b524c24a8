// Owns: whether somebody may choose this password. Leaves to prepare-password.ts: its characters; to predictable.ts: what
// everybody would guess. No composition rules, no expiry: NIST SP 800-63B-4 §3.1.1.2 forbids both, because people answer
// them with Password1! and Password2!.
import type { Account } from '../core/account.ts';
import { isPredictable, lettersOf, readCommonWords } from './predictable.ts';
import { PASSWORD_MAX_BYTES, preparePassword } from './prepare-password.ts';

export interface PasswordPolicyOptions {
  /** In code points. NIST SP 800-63B-4 §3.1.1.2: 15 where a password is all that is asked for, 8 beside a second factor. */
  readonly minLength: number;
  /** What the service is called and where it is: words that a guess at a password here begins with. */
  readonly serviceWords: readonly string[];
}

/** Why not, for the person. */
export type PasswordProblem =
  | { readonly kind: 'too-short'; readonly least: number }
  | { readonly kind: 'too-long'; readonly mostBytes: number }
  /** Not text: half of a surrogate pair. */
  | { readonly kind: 'unreadable' }
  /** A common word, a keyboard walk, a repetition, with or without the usual decoration. */
  | { readonly kind: 'common' }
  /** Little else than their own name or the service's. */
  | { readonly kind: 'about-you' };

export type PasswordVerdict =
  /** `prepared`: what is hashed. */
  | { readonly kind: 'good'; readonly prepared: string }
  | { readonly kind: 'refused'; readonly problem: PasswordProblem };

export interface PasswordPolicy {
  readonly minLength: number;
  /** `personWords`: login name, names and mail addresses of the person whose password it would be. */
  readonly judge: (typed: string, personWords: readonly string[]) => PasswordVerdict;
}

/** As many characters must be left when names are taken out. */
const OWN_CHARACTERS = 8;
/** Shorter names stand in many words by chance. */
const NAME_MIN = 3;

export function createPasswordPolicy({ minLength, serviceWords }: PasswordPolicyOptions): PasswordPolicy {
  const common = readCommonWords();
  return {
    minLength,
    judge: (typed, personWords) => {
      if (Buffer.byteLength(typed) > PASSWORD_MAX_BYTES) {
        return refused({ kind: 'too-long', mostBytes: PASSWORD_MAX_BYTES });
      }
      const prepared = preparePassword(typed);
      if (prepared === null) {
        return refused(typed === '' ? { kind: 'too-short', least: minLength } : { kind: 'unreadable' });
      }
      if ([...prepared].length < minLength) return refused({ kind: 'too-short', least: minLength });
      const letters = lettersOf(prepared);
      const own = withoutNames(letters, [...serviceWords, ...personWords].flatMap(nameParts));
      if (own.length < letters.length && own.length < OWN_CHARACTERS) return refused({ kind: 'about-you' });
      return isPredictable(prepared, common) ? refused({ kind: 'common' }) : { kind: 'good', prepared };
    },
  };
}

/** What somebody who knows the person would try first. */
export function wordsOfPerson({ loginName, attributes }: Pick<Account, 'loginName' | 'attributes'>): readonly string[] {
  const names = ['mail', 'displayName', 'givenName', 'sn', 'cn'].flatMap((name) => attributes.get(name) ?? []);
  return [loginName, ...names];
}

function refused(problem: PasswordProblem): PasswordVerdict {
  return { kind: 'refused', problem };
}

/** `anna.muster@example.org`: the whole, and anna, muster, example. */
function nameParts(name: string): readonly string[] {
  const parts = [name, ...name.split(/[^\p{L}\p{N}]+/u)].map((part) => lettersOf(part));
  return parts.filter((part) => [...part].length >= NAME_MIN);
}

/** Longest names first, so that a part does not hide the whole. */
function withoutNames(letters: string, names: readonly string[]): string {
  const longestFirst = [...new Set(names)].sort((a, b) => b.length - a.length);
  return longestFirst.reduce((rest, name) => rest.replaceAll(name, ''), letters);
}
