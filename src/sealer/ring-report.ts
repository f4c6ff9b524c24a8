// Owns: how a node proves which ring it holds, without showing any of it: facts, and an HMAC that only the ring's holders
// can make, over a nonce of whoever asks. Leaves to http/: the address; to the command line: asking.
// Format: docs/sealed-values.md, What a node reports.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { Problems } from '../lib/problems.ts';
import { hkdfExpand, hkdfExtract } from './derive.ts';
import { formatTime, type JsonRecord, parseJsonObject } from './json-record.ts';
import type { RingFacts } from './ring-diff.ts';
import type { AnyRing, RingKind } from './ring-kind.ts';

const NONCE = /^[\w-]{22,86}$/;
const KID = /^[0-9a-f]{16}$/;

/** Whether a text may be asked with: 16 to 64 bytes of base64url. */
export function isReportNonce(text: string): boolean {
  return NONCE.test(text) && decodeBase64url(text) !== null;
}

/** Who reports, when, and to whom. */
export interface ReportInput {
  readonly node: string;
  readonly now: EpochSeconds;
  /** Of whoever asks; {@link isReportNonce}. */
  readonly nonce: string;
}

/** What a node answers about its ring: JSON with the text of a report and the HMAC of exactly that text. */
export function reportRing<Ring extends AnyRing>(
  kind: RingKind<Ring>,
  ring: Ring,
  { node, now, nonce }: ReportInput,
): string {
  const seals = kind.seals(ring, now);
  const revoked = ring.revoked?.map(({ kid, at, until }) => ({ kid, at: formatTime(at), until: formatTime(until) }));
  const report = JSON.stringify({
    format: kind.report.format,
    nonce,
    node,
    time: formatTime(now),
    realm: ring.realm,
    serial: ring.serial,
    updated: formatTime(ring.updated),
    propagation: ring.propagation,
    primary: seals?.kid ?? '',
    because: seals?.because ?? 'none',
    keys: kind.describe(ring, now),
    revoked,
  });
  return JSON.stringify({ report, mac: proofOf(kind, ring, report).toString('base64url') });
}

/** What a node said of itself. */
export interface RingReport {
  readonly node: string;
  /** The node's clock. */
  readonly time: EpochSeconds;
  /** Empty when no key seals. */
  readonly primaryKid: string;
  readonly facts: RingFacts;
  /** Whether it was made under the very keys that it was compared with. Otherwise it is hearsay. */
  readonly proved: boolean;
}

/** Reads an answer, and checks it against a ring; null when it is none, or answers another nonce. */
export function readReport<Ring extends AnyRing>(
  kind: RingKind<Ring>,
  bytes: Uint8Array,
  ring: Ring,
  nonce: string,
): RingReport | null {
  const problems = new Problems();
  const answer = parseJsonObject(bytes, problems);
  const text = answer?.text('report', () => true, 'a text') ?? '';
  const mac = answer?.text('mac', (value) => decodeBase64url(value)?.length === 32, '32 bytes in base64url') ?? '';
  const report = parseJsonObject(Buffer.from(text), problems);
  if (report === null) return null;
  const format = report.text('format', (value) => value === kind.report.format, kind.report.format);
  const answered = report.text('nonce', (value) => value === nonce, 'the nonce that was sent');
  const facts = readFacts(report);
  const node = report.text('node', (value) => /^[\w.-]{1,64}$/.test(value), 'a name');
  const time = report.time('time');
  const primaryKid = report.text('primary', (value) => value === '' || KID.test(value), 'a kid');
  // A field that is not there at all reads as empty; any other such field differs from the ring's own.
  if (problems.any() || format === '' || answered === '' || mac === '') return null;
  const proved = timingSafeEqual(Buffer.from(mac, 'base64url'), proofOf(kind, ring, text));
  return { node, time, primaryKid, facts, proved };
}

/** A report may hold more than this release knows: what counts is covered by the HMAC. */
function readFacts(report: JsonRecord): RingFacts {
  const kid = (record: JsonRecord): string => record.text('kid', (text) => KID.test(text), '16 hex digits');
  return {
    realm: report.text('realm', () => true, 'an entityID'),
    serial: report.count('serial'),
    updated: report.time('updated'),
    propagation: report.count('propagation'),
    keys: report.records('keys').map((key) => ({
      kid: kid(key),
      created: key.time('created'),
      activates: key.time('activates'),
      ...laterTime(key, 'retires'),
      ...laterTime(key, 'expires'),
    })),
    revoked: report
      .records('revoked')
      .map((entry) => ({ kid: kid(entry), at: entry.time('at'), until: entry.time('until') })),
  };
}

/** A time that only some kinds of ring have. */
function laterTime(key: JsonRecord, name: 'retires' | 'expires'): Partial<Record<typeof name, EpochSeconds>> {
  const time = key.time(name);
  return time === 0 ? {} : { [name]: time };
}

/** HMAC under a key of all the keys that prove for this ring, in the order of their kids. */
function proofOf<Ring extends AnyRing>(kind: RingKind<Ring>, ring: Ring, report: string): Buffer {
  const masters = kind
    .proving(ring)
    .toSorted((a, b) => (a.kid < b.kid ? -1 : 1))
    .map((key) => key.master.export());
  const key = hkdfExpand(hkdfExtract(kind.report.salt, Buffer.concat(masters)), `report\0${ring.realm}`, 32);
  return createHmac('sha256', key).update(report).digest();
}
