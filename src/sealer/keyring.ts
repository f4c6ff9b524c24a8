// Owns: what a keyring is, its text, the state of each key at a time, and which key seals. Pure.
// Leaves to key-file.ts: files, and reading them again. Nodes never create keys. docs/sealed-values.md, Keyring.
import { createSecretKey, type KeyObject } from 'node:crypto';
import type { EpochSeconds } from '../lib/clock.ts';
import { Problems } from '../lib/problems.ts';
import { keyIdOf, sealingPrk } from './derive.ts';
import { formatTime, type JsonRecord, parseJsonObject } from './json-record.ts';

/** One master key with its times: created ≤ activates < retires < expires. */
export interface SealingKey {
  /** 16 hex digits, computed from the key. */
  readonly kid: string;
  /** 32 bytes, held so that printing or serialising the ring shows nothing of them. */
  readonly master: KeyObject;
  readonly created: EpochSeconds;
  readonly activates: EpochSeconds;
  readonly retires: EpochSeconds;
  readonly expires: EpochSeconds;
}

/** A key whose values are refused, and everything made from them. */
export interface RevokedKey {
  readonly kid: string;
  readonly at: EpochSeconds;
  /** When `prune` may drop the entry; until then, and after it, the key stays revoked. */
  readonly until: EpochSeconds;
  readonly reason: string;
}

export interface Keyring {
  /** The identity provider's entityID. */
  readonly realm: string;
  /** Only grows. */
  readonly serial: number;
  readonly updated: EpochSeconds;
  /** Seconds that a new key needs to reach every node. */
  readonly propagation: number;
  readonly keys: readonly SealingKey[];
  readonly revoked: readonly RevokedKey[];
}

/** pending: opens only. active: seals and opens. decrypt-only: opens only. gone, revoked: neither. */
export type KeyState = 'pending' | 'active' | 'decrypt-only' | 'gone' | 'revoked';

/** Makes a key; its id is computed here and nowhere else. */
export function sealingKey(secret: Uint8Array, times: Omit<SealingKey, 'kid' | 'master'>): SealingKey {
  const master = createSecretKey(secret);
  return Object.freeze({ kid: keyIdOf(sealingPrk(master)).toString('hex'), master, ...times });
}

/** Freezes a ring and its lists: it is swapped as a whole, never changed (I5). */
export function freezeKeyring(ring: Keyring): Keyring {
  const keys = Object.freeze([...ring.keys]);
  const revoked = Object.freeze(ring.revoked.map((entry) => Object.freeze({ ...entry })));
  return Object.freeze({ ...ring, keys, revoked });
}

/** The state of a key, computed from its times and the revoked list. */
export function keyState(ring: Keyring, key: SealingKey, now: EpochSeconds): KeyState {
  if (isRevoked(ring, key.kid)) return 'revoked';
  if (now >= key.expires) return 'gone';
  if (now >= key.retires) return 'decrypt-only';
  return now >= key.activates ? 'active' : 'pending';
}

/** Whether values under this key may be opened. */
export function isReadable(ring: Keyring, key: SealingKey, now: EpochSeconds): boolean {
  return now < key.expires && !isRevoked(ring, key.kid);
}

/** Whether a kid, of the ring or of a lineage, has been revoked. */
export function isRevoked(ring: Keyring, kid: string): boolean {
  return ring.revoked.some((entry) => entry.kid === kid);
}

/** Which key seals, and why: `due` when the ring is as it should be, the others when rotation is late or just began. */
export interface Primary {
  readonly key: SealingKey;
  readonly because: 'due' | 'overdue' | 'only';
}

/**
 * The one key that seals now (I3); null only when no key is readable.
 * `due`: the active key with the latest `activates` that has had time to reach every node (I1).
 * `overdue`: none is active, so the last one that was goes on past its `retires`.
 * `only`: no key has had that time; the one that will have had it soonest seals, since refusing everybody helps nobody.
 */
export function primary(ring: Keyring, now: EpochSeconds): Primary | null {
  const readable = ring.keys.filter((key) => isReadable(ring, key, now));
  const everywhere = readable.filter((key) => now >= readyAt(ring, key));
  const due = best(
    everywhere.filter((key) => now < key.retires),
    (key) => key.activates,
  );
  if (due !== null) return { key: due, because: 'due' };
  const overdue = best(everywhere, (key) => key.activates);
  if (overdue !== null) return { key: overdue, because: 'overdue' };
  const only = best(readable, (key) => -readyAt(ring, key));
  return only === null ? null : { key: only, because: 'only' };
}

/** When a node may seal with a key: not before every node can open with it (I1). */
export function readyAt(
  ring: Pick<Keyring, 'propagation'>,
  key: Pick<SealingKey, 'created' | 'activates'>,
): EpochSeconds {
  return Math.max(key.activates, key.created + ring.propagation);
}

/** The key with the highest score; a tie goes to the larger kid, so that all nodes choose alike. */
export function best<Key extends { readonly kid: string }>(
  keys: readonly Key[],
  score: (key: Key) => number,
): Key | null {
  let chosen: Key | null = null;
  for (const key of keys) {
    const difference = chosen === null ? 1 : score(key) - score(chosen);
    if (difference > 0 || (difference === 0 && chosen !== null && key.kid > chosen.kid)) chosen = key;
  }
  return chosen;
}

const FORMAT = 'signet-keyring/1';
const ALGORITHM = 'XAES-256-GCM';
const KID = /^[0-9a-f]{16}$/;
const RING_FIELDS = ['format', 'realm', 'serial', 'updated', 'propagation', 'keys', 'revoked'];
const KEY_FIELDS = ['kid', 'alg', 'key', 'created', 'activates', 'retires', 'expires'];
const REVOKED_FIELDS = ['kid', 'at', 'until', 'reason'];

/** What a ring must also satisfy where it is read. */
export interface KeyringDemands {
  /** `keyring.minSerial` of the configuration: a restored old file must not win, not even on a fresh node. */
  readonly minSerial: number;
  /** The configured entityID. */
  readonly realm?: string;
  /** Demands a key that is readable at this time. */
  readonly now?: EpochSeconds;
}

/**
 * Reads a keyring's text: all or nothing.
 * @throws ProblemsError with everything that is wrong, and nothing of what the file holds.
 */
export function parseKeyring(bytes: Uint8Array, demands: KeyringDemands): Keyring {
  const problems = new Problems();
  const file = parseJsonObject(bytes, problems);
  const ring = file === null ? null : readRing(file);
  if (ring !== null && file !== null) {
    checkRing(ring, file, demands);
    // Only of a ring that is sound otherwise: a key that could not be read is a problem already.
    if (!problems.any() && !hasUsableKey(ring, demands.now)) {
      problems.add('keys', 'no key that may be used', 'at least one key, neither expired nor revoked');
    }
  }
  problems.throwIfAny();
  if (ring === null) throw new RangeError('a keyring that was refused without a reason');
  return freezeKeyring(ring);
}

/** The text of a ring's file: the only place where key bytes leave their objects. */
export function formatKeyring(ring: Keyring): string {
  const keys = ring.keys.map((key) => ({
    kid: key.kid,
    alg: ALGORITHM,
    key: key.master.export().toString('base64url'),
    created: formatTime(key.created),
    activates: formatTime(key.activates),
    retires: formatTime(key.retires),
    expires: formatTime(key.expires),
  }));
  const revoked = ring.revoked.map((entry) => ({ ...entry, at: formatTime(entry.at), until: formatTime(entry.until) }));
  const { realm, serial, propagation } = ring;
  const file = { format: FORMAT, realm, serial, updated: formatTime(ring.updated), propagation, keys, revoked };
  return `${JSON.stringify(file, null, 2)}\n`;
}

function readRing(file: JsonRecord): Keyring {
  file.only(RING_FIELDS);
  file.text('format', (text) => text === FORMAT, FORMAT);
  return {
    realm: file.text('realm', (text) => text !== '' && !text.includes('\0') && text.isWellFormed(), 'an entityID'),
    serial: file.count('serial'),
    updated: file.time('updated'),
    propagation: file.count('propagation'),
    keys: file.records('keys').flatMap(readKey),
    revoked: file.records('revoked').map(readRevoked),
  };
}

function readKey(record: JsonRecord): readonly SealingKey[] {
  record.only(KEY_FIELDS);
  record.text('alg', (text) => text === ALGORITHM, ALGORITHM);
  const secret = record.secret('key');
  const created = record.time('created');
  const times = {
    created,
    activates: record.time('activates'),
    retires: record.time('retires'),
    expires: record.time('expires'),
  };
  const ordered = created <= times.activates && times.activates < times.retires && times.retires < times.expires;
  if (!ordered) record.problem('expires', 'times out of order', 'created <= activates < retires < expires');
  if (secret === null) return [];
  const key = sealingKey(secret, times);
  record.text('kid', (text) => text === key.kid, "the key's own id, computed from it");
  return [key];
}

function readRevoked(record: JsonRecord): RevokedKey {
  record.only(REVOKED_FIELDS);
  const kid = record.text('kid', (text) => KID.test(text), '16 hex digits');
  const reason = record.text('reason', (text) => text.length <= 200, 'at most 200 characters');
  return { kid, at: record.time('at'), until: record.time('until'), reason };
}

function checkRing(ring: Keyring, file: JsonRecord, demands: KeyringDemands): void {
  const kids = ring.keys.map((key) => key.kid);
  if (new Set(kids).size < kids.length) file.problem('keys', 'the same key twice', 'every key once');
  // A session names the key of a transient NameID by two bytes.
  else if (new Set(kids.map((kid) => kid.slice(0, 4))).size < kids.length) {
    file.problem('keys', 'two key ids that begin with the same two bytes', 'another new key');
  }
  if (ring.serial < demands.minSerial) file.problem('serial', `${ring.serial}`, `at least ${demands.minSerial}`);
  if (demands.realm !== undefined && ring.realm !== demands.realm) {
    file.problem('realm', `'${ring.realm}'`, `'${demands.realm}', the configured entityID`);
  }
}

function hasUsableKey(ring: Keyring, now: EpochSeconds | undefined): boolean {
  return ring.keys.some((key) => (now === undefined ? !isRevoked(ring, key.kid) : isReadable(ring, key, now)));
}
