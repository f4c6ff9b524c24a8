// Owns: how a node proves which ring it holds, without showing any of it: facts, and an HMAC that only the ring's holders
// can make, over a nonce of whoever asks. Leaves to http/: the address; to the command line: asking.
// Format: docs/sealed-values.md, What a node reports.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../lib/base64url.ts';
import type { EpochSeconds } from '../lib/clock.ts';
import { Problems } from '../lib/problems.ts';
import { hkdfExpand, hkdfExtract } from './derive.ts';
import { formatTime, type JsonRecord, parseJsonObject } from './json-record.ts';
import { isRevoked, type Keyring, keyState, primary, type SealingKey } from './keyring.ts';
import type { RingFacts } from './ring-diff.ts';

const FORMAT = 'signet-keyring-report/1';
const SALT = 'signet.keyring.v1';
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
export function reportRing(ring: Keyring, { node, now, nonce }: ReportInput): string {
  const seals = primary(ring, now);
  const report = JSON.stringify({
    format: FORMAT,
    nonce,
    node,
    time: formatTime(now),
    realm: ring.realm,
    serial: ring.serial,
    updated: formatTime(ring.updated),
    propagation: ring.propagation,
    primary: seals?.key.kid ?? '',
    because: seals?.because ?? 'none',
    keys: ring.keys.map((key) => describeKey(ring, key, now)),
    revoked: ring.revoked.map(({ kid, at, until }) => ({ kid, at: formatTime(at), until: formatTime(until) })),
  });
  return JSON.stringify({ report, mac: proofOf(ring, report).toString('base64url') });
}

/** What may be shown of a key, named field by field: nothing that is added to a key later can slip into an output. */
export function describeKey(ring: Keyring, key: SealingKey, now: EpochSeconds) {
  return {
    kid: key.kid,
    state: keyState(ring, key, now),
    created: formatTime(key.created),
    activates: formatTime(key.activates),
    retires: formatTime(key.retires),
    expires: formatTime(key.expires),
  };
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
export function readReport(bytes: Uint8Array, ring: Keyring, nonce: string): RingReport | null {
  const problems = new Problems();
  const answer = parseJsonObject(bytes, problems);
  const text = answer?.text('report', () => true, 'a text') ?? '';
  const mac = answer?.text('mac', (value) => decodeBase64url(value)?.length === 32, '32 bytes in base64url') ?? '';
  const report = parseJsonObject(Buffer.from(text), problems);
  if (report === null) return null;
  const format = report.text('format', (value) => value === FORMAT, FORMAT);
  const answered = report.text('nonce', (value) => value === nonce, 'the nonce that was sent');
  const facts = readFacts(report);
  const node = report.text('node', (value) => /^[\w.-]{1,64}$/.test(value), 'a name');
  const time = report.time('time');
  const primaryKid = report.text('primary', (value) => value === '' || KID.test(value), 'a kid');
  // A field that is not there at all reads as empty; any other such field differs from the ring's own.
  if (problems.any() || format === '' || answered === '' || mac === '') return null;
  const proved = timingSafeEqual(Buffer.from(mac, 'base64url'), proofOf(ring, text));
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
      retires: key.time('retires'),
      expires: key.time('expires'),
    })),
    revoked: report
      .records('revoked')
      .map((entry) => ({ kid: kid(entry), at: entry.time('at'), until: entry.time('until') })),
  };
}

/**
 * HMAC under a key of all the ring's keys that are not revoked, in the order of their kids. Not only of those that are
 * readable now: which ones are is a matter of clocks, and two nodes with one file must prove alike.
 */
function proofOf(ring: Keyring, report: string): Buffer {
  const masters = ring.keys
    .filter((key) => !isRevoked(ring, key.kid))
    .toSorted((a, b) => (a.kid < b.kid ? -1 : 1))
    .map((key) => key.master.export());
  const key = hkdfExpand(hkdfExtract(SALT, Buffer.concat(masters)), `report\0${ring.realm}`, 32);
  return createHmac('sha256', key).update(report).digest();
}
