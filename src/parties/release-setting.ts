// Owns: how a party's settings say which attributes it is told, how sure of a person it wants to be, and in which
// language its people read.
import { z } from 'zod';
import { ASSURANCE_LEVELS } from '../core/assurance.ts';
import type { ReleasePolicy } from '../core/attribute-release.ts';
import { LANGUAGES } from '../core/language.ts';
import type { AssuranceFloor } from '../core/relying-party.ts';

const name = z.string().min(1).max(256);
const level = z.enum(ASSURANCE_LEVELS);

export const attributesSetting = z.array(
  z.union([
    name,
    z.strictObject({
      name,
      /** The directory's name, when it differs. */
      from: name.optional(),
      /** Only these values. */
      values: z.array(z.string()).min(1).optional(),
    }),
  ]),
);

export const languageSetting = z.enum(LANGUAGES);

export const assuranceSetting = z.strictObject({
  floor: level.default('aal1'),
  byGroup: z.record(z.string(), level).default({}),
  /** Until then people without a second factor are let in below the floor, and reminded. */
  graceUntil: z.iso.datetime('a time in UTC, for example 2027-01-31T00:00:00Z').optional(),
});

export function releaseOf(setting: z.output<typeof attributesSetting>): ReleasePolicy {
  return setting.map((entry) => {
    if (typeof entry === 'string') return { name: entry, from: entry, values: null };
    const { name: told, from = told, values } = entry;
    return { name: told, from, values: values === undefined ? null : new Set(values) };
  });
}

export function floorOf({ floor, byGroup, graceUntil }: z.output<typeof assuranceSetting>): AssuranceFloor {
  const end = graceUntil === undefined ? null : Math.floor(Date.parse(graceUntil) / 1000);
  return { level: floor, byGroup: new Map(Object.entries(byGroup)), graceUntil: end };
}
