// Owns: xs:dateTime as SAML uses it (SAML core §1.3.3): UTC, with a Z.
import type { EpochSeconds } from '../lib/clock.ts';

const DATE_TIME = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?Z$/;

/** Reads an instant, fractions of a second dropped; null when it is not one in UTC. */
export function parseInstant(text: string): EpochSeconds | null {
  const match = DATE_TIME.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second] = match.map(Number);
  const at = Date.UTC(year ?? 0, (month ?? 0) - 1, day, hour, minute, second) / 1000;
  // Date.UTC carries a 31 February over into March.
  return Number.isSafeInteger(at) && formatInstant(at) === `${text.slice(0, 19)}Z` ? at : null;
}

/** Writes an instant. */
export function formatInstant(at: EpochSeconds): string {
  const before = written.get(at);
  if (before !== undefined) return before;
  const text = `${new Date(at * 1000).toISOString().slice(0, 19)}Z`;
  if (written.size >= WRITTEN_MAX) written.clear();
  written.set(at, text);
  return text;
}

// The answers of one second name the same few instants.
const written = new Map<EpochSeconds, string>();
const WRITTEN_MAX = 1000;

const DURATION =
  /^P(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,5})D)?(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,9})(?:\.\d+)?S)?)?$/;

/** Reads an xs:duration as seconds, a month as 30 days; null when it is not one, or negative. */
export function parseDuration(text: string): number | null {
  const match = DURATION.exec(text);
  if (match === null || text.endsWith('P') || text.endsWith('T')) return null;
  const [years = 0, months = 0, days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((part) => (part === undefined ? 0 : Number(part)));
  return (((years * 365 + months * 30 + days) * 24 + hours) * 60 + minutes) * 60 + seconds;
}
