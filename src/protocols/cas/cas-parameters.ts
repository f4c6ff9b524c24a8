// Owns: reading the parameters of a CAS request: each once, none too long. They are case-sensitive (§2).
import { SERVICE_URL_MAX } from '../../parties/service-url.ts';
import { type CasProblem, casProblem } from './cas-errors.ts';

/** The longest value of each parameter that is read; others are passed over. */
const LONGEST = {
  service: SERVICE_URL_MAX,
  targetService: SERVICE_URL_MAX,
  TARGET: SERVICE_URL_MAX,
  ticket: 256,
  pgt: 256,
  pgtUrl: 512,
  renew: 16,
  gateway: 16,
  method: 16,
  locale: 128,
  format: 16,
} as const;
export type CasParameter = keyof typeof LONGEST;

export interface CasParameters {
  /** Null: not there, or empty. */
  readonly get: (name: CasParameter) => string | null;
  /** For `renew` and `gateway`, which count when they are set; `false` is what some clients say for not setting them. */
  readonly isSet: (name: 'renew' | 'gateway') => boolean;
}

export function readCasParameters(pairs: Iterable<readonly [string, string]>): CasParameters | CasProblem {
  const values = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (!isParameter(name)) continue;
    if (values.has(name)) return casProblem('parameter-repeated', name);
    if (value.length > LONGEST[name]) return casProblem('parameter-too-long', `${name}: ${value.length} characters`);
    values.set(name, value);
  }
  const get = (name: CasParameter): string | null => values.get(name) || null;
  return { get, isSet: (name) => get(name) !== null && get(name)?.toLowerCase() !== 'false' };
}

function isParameter(name: string): name is CasParameter {
  return Object.hasOwn(LONGEST, name);
}
