// Owns: what would be told, as it stands on the page that asks: in plain words, each thing once, with its values.
import type { Disclosure } from '../core/consent.ts';
import { type ConsentWords, labelOf } from './consent-words.ts';

/** One thing that is told now. */
export interface ToldItem {
  readonly label: string;
  readonly values: readonly string[];
  /** So many values more, which are not shown; null: all are there. */
  readonly more: string | null;
}

export interface ShownItems {
  readonly told: readonly ToldItem[];
  /** What would be told as soon as it is known. */
  readonly later: readonly string[];
}

const VALUES_SHOWN = 20;
const VALUE_CHARACTERS = 200;
/** Their values say whether, not what. */
const FLAGS = new Set(['email_verified', 'phone_number_verified']);

export function shownItems(items: Disclosure['items'], words: ConsentWords): ShownItems {
  const told = new Map<string, Set<string>>();
  const unknown = new Set<string>();
  for (const { name, values } of items) {
    const label = labelOf(name, words);
    if (values !== null && values.length === 0) {
      unknown.add(label);
      continue;
    }
    const texts = told.get(label) ?? new Set();
    for (const value of values ?? []) texts.add(FLAGS.has(name) ? yesOrNo(value, words) : shortened(value));
    told.set(label, texts);
  }
  return {
    told: [...told].map(([label, texts]) => {
      const rest = texts.size - VALUES_SHOWN;
      const values = [...texts].slice(0, VALUES_SHOWN);
      return { label, values, more: rest > 0 ? words.more(rest) : null };
    }),
    later: [...unknown].filter((label) => !told.has(label)),
  };
}

function yesOrNo(value: string, words: ConsentWords): string {
  return value === 'true' ? words.yes : words.no;
}

function shortened(value: string): string {
  const characters = [...value];
  return characters.length <= VALUE_CHARACTERS ? value : `${characters.slice(0, VALUE_CHARACTERS).join('')}…`;
}
